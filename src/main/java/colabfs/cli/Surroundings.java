package colabfs.cli;

import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a command has around it: the process's, or a test's.
 *
 * @param in standard input
 * @param out for results, in UTF-8
 * @param err for messages, in UTF-8
 */
record Surroundings(
    InputStream in,
    PrintWriter out,
    PrintWriter err,
    Terminal terminal,
    Map<String, String> environment) {

  static Surroundings ofProcess() {
    return new Surroundings(
        System.in,
        new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8), true),
        new PrintWriter(new OutputStreamWriter(System.err, StandardCharsets.UTF_8), true),
        Terminal.ofProcess(),
        System.getenv());
  }

  /** The same with another environment. */
  Surroundings in(Map<String, String> changed) {
    return new Surroundings(in, out, err, terminal, changed);
  }

  /** A message about something that is not as it should be, and does not stop the command. */
  void warn(String message) {
    err.println("colabfs: warning: " + message);
  }

  /** True when the user wants stack traces. */
  boolean isDebugging() {
    return environment.getOrDefault("COLABFS_DEBUG", "").equals("1");
  }
}
