package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.LinkState;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Whether the runtime can be asked now. While it cannot, what was known last is shown; when it can
 * again, all of that is to be looked at anew. Threading: any thread, no lock.
 */
final class LinkWatch {
  private final LinkState state;
  private final AtomicBoolean wasDown = new AtomicBoolean();

  /** Ends when the link goes. */
  private volatile CompletableFuture<Void> loss = new CompletableFuture<>();

  LinkWatch(LinkState state) {
    this.state = state;
    state.onChange(
        up -> {
          if (up) {
            loss = new CompletableFuture<>();
          } else {
            wasDown.set(true);
            loss.complete(null);
          }
        });
  }

  boolean isDown() {
    boolean down = !state.isUp();
    if (down) {
      wasDown.set(true); // may be seen before it is told
    }
    return down;
  }

  /**
   * The same answer, or ENOTCONN as soon as the link goes: for those who can do with what was known
   * last.
   */
  <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
    return CompletableFuture.anyOf(answer, loss)
        .thenCompose(
            either ->
                answer.isDone()
                    ? answer
                    : CompletableFuture.failedFuture(
                        new FsException(Errno.ENOTCONN, "the connection to the runtime is lost")));
  }

  /** Whether the link stands again; true once after each time that it went. */
  boolean cameBack() {
    return wasDown.get() && state.isUp() && wasDown.compareAndSet(true, false);
  }
}
