package colabfs.core;

/**
 * The one failure that travels through the rooms: an {@link Errno} and what was being done to which
 * path.
 *
 * <p>It is made once, at the edge where the failure is seen, and turned into a number once, in the
 * {@code fuse} room.
 */
public final class FsException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Errno errno;

  public FsException(Errno errno, String message) {
    super(message);
    this.errno = errno;
  }

  public FsException(Errno errno, String message, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  public Errno errno() {
    return errno;
  }

  /**
   * True when the connection, not the request, is at fault: {@link Errno#ENOTCONN} (the link went,
   * or is down) or {@link Errno#ETIMEDOUT} (no answer in time). Whether the server carried the
   * request out is then unknown.
   */
  public boolean isConnectionFailure() {
    return errno == Errno.ENOTCONN || errno == Errno.ETIMEDOUT;
  }
}
