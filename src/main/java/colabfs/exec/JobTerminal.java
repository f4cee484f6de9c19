package colabfs.exec;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteJobs.Terminal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A job's terminal as somebody here sees it: its size, what is typed, and how what it shows comes
 * to be right again after something else was shown, or something was missed.
 *
 * <p>Threading: sizes and input from any thread, the rest from the one that follows the job.
 */
final class JobTerminal {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** A program draws everything anew when its window changes, if it has time to see that. */
  private static final Duration CHANGED = Duration.ofMillis(100);

  private static final byte[] NOTHING = {};

  /** Plain text, all of the screen, and an empty one. */
  private static final String CLEAR = "\033[0m\033(B\033[r\033[H\033[2J";

  private final RemoteJobs jobs;
  private final String id;
  private final long typist = RANDOM.nextLong() & Long.MAX_VALUE;
  private final AtomicBoolean repainting = new AtomicBoolean();

  /** Of the terminal here; null when there is none, and the job's is left as it is. */
  private volatile @Nullable Terminal size;

  /** The job was not told of it. */
  private volatile boolean sizeUntold;

  /** What is shown is not what the job thinks. */
  private volatile boolean disturbed;

  /** What came before somebody came to it; null when all of it was seen. */
  private @Nullable TerminalTail tail;

  private byte[] modes = NOTHING;

  private JobTerminal(RemoteJobs jobs, String id, @Nullable Terminal size, boolean joins) {
    this.jobs = jobs;
    this.id = id;
    this.size = size;
    this.disturbed = joins;
    this.tail = joins ? new TerminalTail() : null;
  }

  /** Of a job that is started with it. */
  static JobTerminal begun(RemoteJobs jobs, String id, Terminal size) {
    return new JobTerminal(jobs, id, size, false);
  }

  /** Of a job that others were at before. */
  static JobTerminal joined(RemoteJobs jobs, String id, @Nullable Terminal size) {
    return new JobTerminal(jobs, id, size, true);
  }

  /** What is typed here. Its end is no key: the job goes on. */
  CompletableFuture<Long> type(long offset, boolean end, ByteBuffer bytes) {
    return end ? CompletableFuture.completedFuture(offset) : jobs.type(id, typist, offset, bytes);
  }

  void resize(int rows, int columns) {
    Terminal before = size;
    if (before != null) {
      size = new Terminal(before.name(), rows, columns);
      sizeUntold = true;
      tellSize(0);
    }
  }

  /** Something was shown that is not the job's. */
  void disturbed() {
    disturbed = true;
  }

  /** The job can be reached, and has printed that much. */
  void reached(long stdoutBytes) {
    if (tail != null) {
      tail.until(stdoutBytes);
    }
    if (disturbed) {
      repaint();
    } else if (sizeUntold) {
      tellSize(0);
    }
  }

  /** How it is set. What is to be shown first. */
  byte[] modes(byte[] sequences) {
    modes = sequences;
    return tail == null ? NOTHING : tail.modes(sequences);
  }

  /** What is to be shown of what it printed. */
  byte[] printed(long offset, byte[] bytes) {
    TerminalTail before = tail;
    if (before == null) {
      return bytes;
    }
    byte[] shown = before.printed(offset, bytes);
    tail = before.isOver() ? null : before;
    return shown;
  }

  /** Something that it printed is lost: an empty screen, to be drawn anew. */
  byte[] missed() {
    disturbed = true;
    repaint();
    return (CLEAR + TerminalTail.shown(modes)).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Makes the program draw everything, by another size for a moment. */
  private void repaint() {
    Terminal now = size;
    if (now == null || !repainting.compareAndSet(false, true)) {
      return;
    }
    int rows = now.rows() > 1 ? now.rows() - 1 : 2;
    var unused =
        jobs.resize(id, rows, now.columns())
            .whenComplete(
                (done, failure) -> {
                  repainting.set(false);
                  if (failure == null) {
                    sizeUntold = true;
                    tellSize(CHANGED.toMillis());
                  }
                });
  }

  private void tellSize(long afterMillis) {
    CompletableFuture.delayedExecutor(afterMillis, TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              Terminal now = size;
              if (now != null) {
                var unused =
                    jobs.resize(id, now.rows(), now.columns())
                        .thenRun(
                            () -> {
                              disturbed = false;
                              if (now.equals(size)) {
                                sizeUntold = false;
                              } else {
                                tellSize(0); // it changed meanwhile
                              }
                            });
              }
            });
  }
}
