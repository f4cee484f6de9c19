package colabfs.control;

/** A request to a mount that failed. The message is complete and ends with the next step. */
public final class ControlException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What went wrong, for who has to decide on it. */
  public enum Reason {
    /** Programs hold the mount. */
    BUSY,
    /** What was written could not be sent. */
    UNSENT,
    /** The mount's process does not answer. */
    NOT_ANSWERING,
    /** The mount's process has ended. */
    GONE,
    /** Whoever asked did not want to wait any longer. */
    GIVEN_UP,
    /** Anything else. */
    FAILED
  }

  private final Reason reason;

  public ControlException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public ControlException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
