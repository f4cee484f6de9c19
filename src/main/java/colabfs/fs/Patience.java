package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;

/**
 * The bound on every wait of a mount: for an answer, and for a lock that another call holds while
 * it waits for one. Errors: ETIMEDOUT when the bound is reached, EINTR when the thread is
 * interrupted.
 */
final class Patience {
  /** An answer has the port's own deadline; this is for its way back. */
  private static final Duration SLACK = Duration.ofSeconds(2);

  private final long boundNanos;

  Patience(Duration callTimeout) {
    boundNanos = callTimeout.plus(SLACK).toNanos();
  }

  /** When a call that begins now has waited as long as it may; as {@link System#nanoTime}. */
  long deadline() {
    return System.nanoTime() + boundNanos;
  }

  /** Whether too little is left until then for another answer. */
  static boolean isSpent(long deadlineNanos) {
    return deadlineNanos - System.nanoTime() <= SLACK.toNanos();
  }

  /** Waits for the network. */
  <T> T await(CompletableFuture<T> answer) throws FsException {
    return await(answer, deadline());
  }

  /** Waits for the network, for a call that waits for more than this. */
  <T> T await(CompletableFuture<T> answer, long deadlineNanos) throws FsException {
    try {
      return answer.get(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw reason(e);
    } catch (TimeoutException e) {
      throw new FsException(Errno.ETIMEDOUT, "the runtime did not answer in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "interrupted while waiting for the runtime", e);
    }
  }

  /** Takes a lock whose holder may be waiting for the network. */
  void lock(Lock lock) throws FsException {
    try {
      if (!lock.tryLock(boundNanos, TimeUnit.NANOSECONDS)) {
        throw new FsException(
            Errno.ETIMEDOUT, "another call on the same file waits for the runtime");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "interrupted while waiting for another call", e);
    }
  }

  /** The file-system error inside what a future threw. */
  static FsException reason(Throwable thrown) {
    Throwable cause = thrown;
    while (cause != null && !(cause instanceof FsException)) {
      cause = cause.getCause();
    }
    return cause instanceof FsException known
        ? new FsException(known.errno(), String.valueOf(known.getMessage()), known)
        : new FsException(Errno.EIO, "unexpected: " + thrown, thrown);
  }
}
