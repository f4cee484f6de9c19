package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One call of a {@link FakeRemoteFs}: its effect, once, and its answer. */
final class FakeCall<T> {

  /** What a call does and answers. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws FsException;
  }

  /** What a call does that answers nothing. */
  @FunctionalInterface
  interface Effect {
    void run() throws FsException;
  }

  final CompletableFuture<T> future = new CompletableFuture<>();
  private final Action<T> action;
  private @Nullable Runnable outcome;

  FakeCall(Action<T> action) {
    this.action = action;
  }

  void run() {
    if (outcome != null) {
      return;
    }
    try {
      T value = action.run();
      outcome = () -> future.complete(value);
    } catch (FsException e) {
      outcome = () -> future.completeExceptionally(e);
    }
  }

  void answer() {
    if (outcome != null) {
      outcome.run();
    }
  }

  void fail(Errno errno) {
    future.completeExceptionally(FakeTree.failure(errno, "the link went"));
  }
}
