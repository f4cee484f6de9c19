package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls on a connection that may be away: waits for it within the call's time, and makes a
 * call again that is safe to make twice. No thread is blocked meanwhile.
 *
 * <p>Threading: any thread.
 */
final class Patience {
  private final Lifeline lifeline;
  private final ScheduledExecutorService timer;
  private final Duration callTimeout;
  private final LongSupplier nanoTime;

  Patience(
      Lifeline lifeline,
      ScheduledExecutorService timer,
      Duration callTimeout,
      LongSupplier nanoTime) {
    this.lifeline = lifeline;
    this.timer = timer;
    this.callTimeout = callTimeout;
    this.nanoTime = nanoTime;
  }

  /**
   * Makes a call.
   *
   * @param repeatable whether it does no harm when the server has already done it
   * @param unwanted takes a value that comes after its caller was told that it is too late
   */
  <T> CompletableFuture<T> call(
      boolean repeatable,
      Function<LiveLink, CompletableFuture<T>> operation,
      Consumer<? super T> unwanted) {
    return new Call<>(repeatable, operation, unwanted).begin();
  }

  private final class Call<T> {
    private final boolean repeatable;
    private final Function<LiveLink, CompletableFuture<T>> operation;
    private final Consumer<? super T> unwanted;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final long startNanos = nanoTime.getAsLong();
    private volatile @Nullable ScheduledFuture<?> deadline;
    private volatile @Nullable CompletableFuture<LiveLink> awaited;
    private volatile boolean waiting;

    Call(
        boolean repeatable,
        Function<LiveLink, CompletableFuture<T>> operation,
        Consumer<? super T> unwanted) {
      this.repeatable = repeatable;
      this.operation = operation;
      this.unwanted = unwanted;
    }

    CompletableFuture<T> begin() {
      LiveLink link = lifeline.now();
      if (link != null) {
        on(link); // the usual case: the request's own deadline will do
      } else {
        later();
      }
      return result;
    }

    private void on(LiveLink link) {
      waiting = false;
      CompletableFuture<?> unused =
          operation
              .apply(link)
              .whenComplete(
                  (value, failure) -> {
                    if (failure == null) {
                      finish(value);
                    } else {
                      failed(link, Connection.bare(failure));
                    }
                  });
    }

    private void later() {
      long left = startNanos + callTimeout.toNanos() - nanoTime.getAsLong();
      if (left <= 0) {
        tooLate();
        return;
      }
      if (lifeline.isOffline()) {
        String error = lifeline.status().lastError();
        fail(
            new FsException(
                Errno.ENOTCONN,
                "mounted offline, and not connected yet" + (error == null ? "" : ": " + error)));
        return;
      }
      waiting = true;
      if (deadline == null) {
        deadline = timer.schedule(this::tooLate, left, TimeUnit.NANOSECONDS);
      }
      CompletableFuture<LiveLink> next = lifeline.next(repeatable);
      awaited = next;
      CompletableFuture<?> unused =
          next.whenComplete(
              (link, failure) -> {
                if (result.isDone()) {
                  return;
                }
                if (failure == null) {
                  on(link);
                } else {
                  fail(Connection.bare(failure));
                }
              });
    }

    private void failed(LiveLink link, Throwable failure) {
      if (repeatable
          && !result.isDone()
          && failure instanceof FsException fs
          && fs.errno() == Errno.ENOTCONN) {
        lifeline.lost(link, String.valueOf(fs.getMessage()));
        later();
      } else {
        fail(failure);
      }
    }

    private void tooLate() {
      String error = lifeline.status().lastError();
      String seconds = callTimeout.toSeconds() + " s";
      fail(
          waiting
              ? new FsException(
                  Errno.ENOTCONN,
                  "not connected to the runtime within "
                      + seconds
                      + (error == null ? "" : "; the last attempt: " + error))
              : new FsException(Errno.ETIMEDOUT, "no answer from the runtime within " + seconds));
    }

    private void finish(T value) {
      stopClock();
      if (!result.complete(value)) {
        unwanted.accept(value);
      }
    }

    private void fail(Throwable failure) {
      stopClock();
      result.completeExceptionally(failure);
      CompletableFuture<LiveLink> unwantedNow = awaited;
      if (unwantedNow != null) {
        unwantedNow.cancel(false);
      }
    }

    private void stopClock() {
      ScheduledFuture<?> running = deadline;
      if (running != null) {
        running.cancel(false);
      }
    }
  }
}
