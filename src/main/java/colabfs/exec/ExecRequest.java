package colabfs.exec;

import java.util.List;

/**
 * A command to be run.
 *
 * @param words one word with spaces or shell characters is a line for the login's shell; anything
 *     else is a program and its arguments, passed exactly; none is a login shell at a terminal
 * @param directory where it runs, absolute on the runtime
 */
public record ExecRequest(List<String> words, String directory, ExecOptions options) {
  public ExecRequest {
    words = List.copyOf(words);
    if (words.isEmpty() && options.terminal() == null) {
      throw new IllegalArgumentException("no command");
    }
    if (!directory.startsWith("/")) {
      throw new IllegalArgumentException("not an absolute directory: " + directory);
    }
  }

  /** A command without options. */
  public ExecRequest(List<String> words, String directory) {
    this(words, directory, ExecOptions.USUAL);
  }
}
