package colabfs.restore;

import colabfs.core.FsException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads that send many names at once, as each of them waits for several round trips. Threading:
 * one thread adds and waits.
 */
final class Crew implements AutoCloseable {
  /** At 80 ms and five round trips a small file these send 80 files a second. */
  private static final int THREADS = 32;

  /** How often a person wants to hear how much is left, and is asked whether it goes on. */
  private static final long TICK_MILLIS = 250;

  private final Restore.Progress progress;
  private final AtomicInteger names;
  private final AtomicLong bytes;
  private final List<Future<?>> working = new ArrayList<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS,
          work -> {
            Thread thread = new Thread(work, "colabfs-restore");
            thread.setDaemon(true);
            return thread;
          });

  /** What one of the threads does; the first failure ends all. */
  interface Work {
    void run() throws FsException;
  }

  Crew(Restore.Progress progress, int names, long bytes) {
    this.progress = progress;
    this.names = new AtomicInteger(names);
    this.bytes = new AtomicLong(bytes);
  }

  void add(Work work) {
    working.add(
        threads.submit(
            () -> {
              work.run();
              return null;
            }));
  }

  /** So many bytes have been sent. */
  void sent(long count) {
    bytes.addAndGet(-count);
  }

  /** One name is there, or cannot be. */
  void done() {
    names.decrementAndGet();
  }

  /** Waits for all that was added. */
  void await() throws FsException {
    for (Future<?> work : working) {
      while (!isDone(work)) {
        progress.left(names.get(), Math.max(0, bytes.get()));
        if (progress.isGivenUp()) {
          throw Restore.givenUp();
        }
      }
    }
    working.clear();
  }

  private static boolean isDone(Future<?> work) throws FsException {
    try {
      var unused = work.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw Answers.reason(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Restore.givenUp();
    }
  }

  /** Begins nothing more, and gives up what is under way. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
