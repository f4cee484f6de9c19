package colabfs.exec;

import colabfs.remote.RemoteJobs;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives a job its input: what was not acknowledged is kept, and given again on the next connection.
 *
 * <p>Threading: a thread of its own reads; the others from any.
 */
final class InputFeed {
  private static final Logger LOG = System.getLogger(InputFeed.class.getName());

  /** What is given and not acknowledged: as much as a job's queue holds. */
  private static final long WINDOW_BYTES = 1 << 20;

  /** A job that cannot take input at the moment is given it again, for a minute. */
  private static final long RETRY_MILLIS = 100;

  private static final int MOST_RETRIES = 600;

  private final Taker taker;
  private final Consumer<String> notices;

  /**
   * Guards what follows; pieces are given under it, which does not wait, so that they keep order.
   */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<Piece> given = new ArrayDeque<>();

  @GuardedBy("lock")
  private long offset;

  @GuardedBy("lock")
  private long keptBytes;

  @GuardedBy("lock")
  private boolean connected;

  @GuardedBy("lock")
  private boolean stopped;

  @GuardedBy("lock")
  private boolean retrying;

  @GuardedBy("lock")
  private int retries;

  /** Those who wait until all was taken. */
  @GuardedBy("lock")
  private final List<CompletableFuture<Void>> waiting = new ArrayList<>();

  /** Where input goes: answers how much has been taken in all. */
  interface Taker {
    CompletableFuture<Long> give(long offset, boolean end, ByteBuffer bytes);
  }

  /** A piece of the input; the last one is empty. */
  private static final class Piece {
    final long offset;
    final byte[] bytes;
    final boolean end;

    Piece(long offset, byte[] bytes, boolean end) {
      this.offset = offset;
      this.bytes = bytes;
      this.end = end;
    }
  }

  /**
   * For a job.
   *
   * @param notices is told in words when input cannot be given
   */
  InputFeed(Taker taker, Consumer<String> notices) {
    this.taker = taker;
    this.notices = notices;
  }

  /** Gives all that is read there, as bytes from that offset on. */
  void begin(long firstOffset, InputStream in) {
    lock.lock();
    try {
      offset = firstOffset;
    } finally {
      lock.unlock();
    }
    Thread thread = new Thread(() -> readFrom(in), "exec-stdin");
    thread.setDaemon(true);
    thread.start();
  }

  private void readFrom(InputStream in) {
    byte[] buffer = new byte[RemoteJobs.INPUT_BYTES];
    try {
      int n = in.read(buffer);
      while (n >= 0 && put(Arrays.copyOf(buffer, n), false)) {
        n = in.read(buffer);
      }
      put(new byte[0], true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "input ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for room; false when no more is wanted. */
  private boolean put(byte[] bytes, boolean end) throws InterruptedException {
    lock.lock();
    try {
      while (!stopped && keptBytes >= WINDOW_BYTES) {
        changed.await();
      }
      if (stopped) {
        return false;
      }
      Piece piece = new Piece(offset, bytes, end);
      given.add(piece);
      keptBytes += bytes.length;
      offset += bytes.length;
      if (connected) {
        give(piece);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The job can be reached again: gives it what it may not have. */
  void connected() {
    lock.lock();
    try {
      connected = true;
      for (Piece piece : List.copyOf(given)) {
        give(piece);
      }
    } finally {
      lock.unlock();
    }
  }

  void lost() {
    lock.lock();
    try {
      connected = false;
    } finally {
      lock.unlock();
    }
  }

  /** Ends when all that was read was taken, or no more is wanted. */
  CompletableFuture<Void> taken() {
    CompletableFuture<Void> end = new CompletableFuture<>();
    lock.lock();
    try {
      waiting.add(end);
      tellIfTaken();
    } finally {
      lock.unlock();
    }
    return end.copy();
  }

  @GuardedBy("lock")
  private void tellIfTaken() {
    if (given.isEmpty()) {
      waiting.forEach(end -> end.completeAsync(() -> null));
      waiting.clear();
    }
  }

  /** No more is wanted. */
  void stop() {
    lock.lock();
    try {
      stopped = true;
      given.clear();
      tellIfTaken();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void give(Piece piece) {
    var unused =
        taker
            .give(piece.offset, piece.end, ByteBuffer.wrap(piece.bytes))
            .whenComplete((taken, failure) -> answered(piece, failure));
  }

  private void answered(Piece piece, @Nullable Throwable failure) {
    if (JobFailures.isLost(failure)) {
      return; // it is given again
    }
    if (JobFailures.isTooEarly(failure) && mayRetry()) {
      return;
    }
    boolean isRefused = false;
    lock.lock();
    try {
      if (given.remove(piece)) {
        keptBytes -= piece.bytes.length;
        isRefused = failure != null && !stopped;
        retries = failure == null ? 0 : retries;
        tellIfTaken();
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (isRefused) {
      LOG.log(Level.DEBUG, "a job takes no input", failure);
      stop();
      if (JobFailures.isTooEarly(failure)) {
        notices.accept("not all of its input could be given to the command; run it again");
      }
    }
  }

  /**
   * Gives everything again soon: a piece was refused for now, so that those behind it came early.
   */
  private boolean mayRetry() {
    lock.lock();
    try {
      if (stopped || retries >= MOST_RETRIES) {
        return stopped;
      }
      if (!retrying) {
        retrying = true;
        retries++;
        CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
            .execute(this::giveAgain);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void giveAgain() {
    lock.lock();
    try {
      retrying = false;
      if (connected) {
        connected();
      }
    } finally {
      lock.unlock();
    }
  }
}
