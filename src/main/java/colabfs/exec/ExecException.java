package colabfs.exec;

/**
 * A command that could not be run, or not followed to its end. The message ends with what to do.
 */
public final class ExecException extends Exception {
  private static final long serialVersionUID = 1L;

  public ExecException(String message) {
    super(message);
  }

  public ExecException(String message, Throwable cause) {
    super(message, cause);
  }
}
