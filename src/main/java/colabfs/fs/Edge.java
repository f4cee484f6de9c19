package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FsException;

/**
 * The one place where what went wrong with the connection becomes what programs understand. They
 * would take ENOTCONN for the end of the mount itself, and know nothing to do about a time-out or a
 * stale handle: all three are an input/output error to them.
 */
final class Edge {
  private Edge() {}

  /** Something that fails as the rooms below do. */
  interface Call<T> {
    T run() throws FsException;
  }

  /** A {@link Call} without an answer. */
  interface Action {
    void run() throws FsException;
  }

  static <T> T call(Call<T> call) throws FsException {
    try {
      return call.run();
    } catch (FsException e) {
      throw shown(e);
    }
  }

  static void run(Action action) throws FsException {
    try {
      action.run();
    } catch (FsException e) {
      throw shown(e);
    }
  }

  private static FsException shown(FsException e) {
    return switch (e.errno()) {
      case ENOTCONN, ETIMEDOUT, ESTALE ->
          new FsException(Errno.EIO, String.valueOf(e.getMessage()), e);
      default -> e;
    };
  }
}
