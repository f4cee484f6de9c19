package colabfs.forward;

/** A forward that could not be made or stopped. The message ends with the next step. */
public final class ForwardException extends Exception {
  private static final long serialVersionUID = 1L;

  ForwardException(String message) {
    super(message);
  }

  ForwardException(String message, Throwable cause) {
    super(message, cause);
  }
}
