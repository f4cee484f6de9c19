package colabfs.restore;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waits for what a runtime answers, which comes within its port's deadline. */
final class Answers {
  private Answers() {}

  static <T> T await(CompletableFuture<T> answer) throws FsException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw reason(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "interrupted while waiting for the runtime", e);
    }
  }

  /** The file-system error inside what a future threw. */
  static FsException reason(Throwable thrown) {
    Throwable cause = thrown;
    while (cause != null && !(cause instanceof FsException)) {
      cause = cause.getCause();
    }
    return cause instanceof FsException known
        ? known
        : new FsException(Errno.EIO, "unexpected: " + thrown, thrown);
  }
}
