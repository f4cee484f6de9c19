package colabfs.exec;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What it means when a question about a job fails. */
final class JobFailures {
  private JobFailures() {}

  /** The runtime cannot be asked now: the job goes on, and is asked for again. */
  static boolean isLost(@Nullable Throwable failure) {
    return errno(failure) == Errno.ENOTCONN;
  }

  static boolean isUnknown(@Nullable Throwable failure) {
    return errno(failure) == Errno.ESRCH;
  }

  /** It may be asked again: now it was too much, or what comes before it did not arrive. */
  static boolean isTooEarly(@Nullable Throwable failure) {
    return errno(failure) == Errno.EAGAIN || errno(failure) == Errno.EINVAL;
  }

  private static @Nullable Errno errno(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof FsException known ? known.errno() : null;
  }

  /** A command was not started in that directory. */
  static ExecException start(String directory, Throwable failure) {
    Errno errno = errno(failure);
    if (errno == Errno.ENOENT || errno == Errno.ENOTDIR || errno == Errno.EACCES) {
      return new ExecException(
          "cannot enter %s on the runtime: it is missing, no directory, or closed to the login; cd elsewhere and try again"
              .formatted(directory),
          failure);
    }
    return new ExecException(
        "the command was not started: %s; try again, or run it with --no-supervise"
            .formatted(ExecService.reason(failure)),
        failure);
  }

  /** A job cannot be followed to its end. */
  static ExecException follow(String id, Throwable failure) {
    return isUnknown(failure)
        ? new ExecException(
            "the runtime does not know job %s any more: it was started again, is another one, or has forgotten it. See: colabfs jobs"
                .formatted(id),
            failure)
        : new ExecException(
            "the command could not be followed: %s; it may still run. See: colabfs jobs"
                .formatted(ExecService.reason(failure)),
            failure);
  }
}
