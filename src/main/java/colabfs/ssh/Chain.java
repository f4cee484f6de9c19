package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Joins futures so that a failure stays the exception that it was: no CompletionException around
 * it, whoever looks.
 */
final class Chain {
  private Chain() {}

  /** What {@code next} gives for the value, or what {@code failed} gives for the failure. */
  static <A, B> CompletableFuture<B> then(
      CompletableFuture<A> first,
      Function<? super A, CompletableFuture<B>> next,
      Function<Throwable, CompletableFuture<B>> failed) {
    CompletableFuture<B> result = new CompletableFuture<>();
    CompletableFuture<A> unused =
        first.whenComplete(
            (value, failure) -> {
              try {
                forward(failure == null ? next.apply(value) : failed.apply(bare(failure)), result);
              } catch (RuntimeException e) {
                // Without this the future would never end.
                result.completeExceptionally(
                    new FsException(Errno.EIO, "an error of our own: " + e, e));
              }
            });
    return result;
  }

  /** As above; a failure stays what it is. */
  static <A, B> CompletableFuture<B> then(
      CompletableFuture<A> first, Function<? super A, CompletableFuture<B>> next) {
    return then(first, next, CompletableFuture::failedFuture);
  }

  /** The value turned into another; a failure stays what it is. */
  static <A, B> CompletableFuture<B> map(
      CompletableFuture<A> first, Function<? super A, ? extends B> function) {
    return then(first, value -> CompletableFuture.completedFuture(function.apply(value)));
  }

  /** Calls when it ends: with the value, or null and the failure. */
  static <A> void whenDone(
      CompletableFuture<A> first, BiConsumer<@Nullable A, @Nullable Throwable> action) {
    CompletableFuture<A> unused =
        first.whenComplete(
            (value, failure) -> action.accept(value, failure == null ? null : bare(failure)));
  }

  @SuppressWarnings("NullAway") // a future of Void has no value but null
  static CompletableFuture<Void> done() {
    return CompletableFuture.completedFuture(null);
  }

  static Throwable bare(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  private static <B> void forward(CompletableFuture<B> from, CompletableFuture<B> to) {
    CompletableFuture<B> unused =
        from.whenComplete(
            (value, failure) -> {
              if (failure == null) {
                to.complete(value);
              } else {
                to.completeExceptionally(bare(failure));
              }
            });
  }
}
