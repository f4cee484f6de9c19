package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Opens a file again after its connection went, to go on writing: by its name, never made anew or
 * cut, and only when it can still be the same file.
 */
final class Reopening {
  private Reopening() {}

  /**
   * Ends with the open file, or with ESTALE when it is gone or is not as it was left, or with what
   * else keeps it from being opened.
   *
   * @param objection why a file with these attributes is not the one, or null
   */
  static CompletableFuture<RemoteFile> open(
      RemoteFs remote, RemotePath path, Function<FileAttrs, @Nullable String> objection) {
    return remote
        .lstat(path)
        .thenCompose(
            attrs ->
                attrs.isRegular()
                    ? remote.open(path, EnumSet.of(OpenFlag.WRITE), 0)
                    : CompletableFuture.failedFuture(stale(path, "it is no regular file any more")))
        .thenCompose(file -> checked(file, path, objection));
  }

  private static CompletableFuture<RemoteFile> checked(
      RemoteFile file, RemotePath path, Function<FileAttrs, @Nullable String> objection) {
    return file.fstat()
        .thenCompose(
            attrs -> {
              String why = objection.apply(attrs);
              return why == null
                  ? CompletableFuture.completedFuture(file)
                  : CompletableFuture.<RemoteFile>failedFuture(stale(path, why));
            })
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                var unused = file.close();
              }
            });
  }

  /** What a call failed with. */
  static FsException reason(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof FsException known
        ? known
        : new FsException(Errno.EIO, "failed: " + cause, cause);
  }

  /** The failure of a call in this room's words: a file that is not there any more is stale. */
  static FsException failure(RemotePath path, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (!(cause instanceof FsException known)) {
      return new FsException(Errno.EIO, "Writing to " + path + " failed: " + cause, cause);
    }
    return switch (known.errno()) {
      case ENOENT, ENOTDIR, EISDIR, ELOOP -> stale(path, known.getMessage());
      default -> known;
    };
  }

  /** The same failure for one more caller, with that one's stack. */
  static FsException again(FsException failure) {
    return new FsException(failure.errno(), String.valueOf(failure.getMessage()), failure);
  }

  static FsException stale(RemotePath path, @Nullable String why) {
    return new FsException(
        Errno.ESTALE,
        "The connection was lost while "
            + path
            + " was being written, and now "
            + why
            + ". Open the file again and save once more.");
  }
}
