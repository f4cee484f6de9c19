package colabfs.fuse;

/**
 * Mounting or unmounting did not work. The message is for a person: what happened and the next
 * step.
 */
public final class MountException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    MOUNTPOINT_MISSING,
    MOUNTPOINT_NOT_DIRECTORY,
    MOUNTPOINT_NOT_EMPTY,
    /** Something is mounted there already. */
    MOUNTPOINT_BUSY,
    NO_LIBFUSE,
    /** /dev/fuse is missing or may not be opened, or {@code fusermount} is missing. */
    NO_FUSE_DEVICE,
    /** An option was not understood, or not allowed. */
    BAD_OPTION,
    /** Anything else; the message carries what libfuse said. */
    FAILED,
    /** Unmounting: programs still use the mount. */
    BUSY
  }

  private final Reason reason;

  MountException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  MountException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
