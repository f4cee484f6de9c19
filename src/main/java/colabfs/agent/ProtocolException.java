package colabfs.agent;

import java.io.IOException;

/** The helper said what it must not say, or that it cannot go on: it is given up. */
final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  ProtocolException(String message) {
    super(message);
  }
}
