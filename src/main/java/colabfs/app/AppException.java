package colabfs.app;

/** Something the user asked for did not work. The message is complete: what, and the next step. */
public final class AppException extends Exception {
  private static final long serialVersionUID = 1L;

  public AppException(String message) {
    super(message);
  }

  public AppException(String message, Throwable cause) {
    super(message, cause);
  }

  /** For a cause whose own message is complete. */
  static AppException of(Exception cause) {
    String message = cause.getMessage();
    return new AppException(message == null ? cause.toString() : message, cause);
  }
}
