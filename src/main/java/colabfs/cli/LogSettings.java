package colabfs.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/**
 * What a command logs to standard error, until something else is set up (a mount's daemon has its
 * file). Java makes one of these when the first line is logged, and not before: short commands do
 * not pay for it.
 */
public final class LogSettings {

  /** Failures reach the user as exceptions, so the SSH library has nothing to add. */
  private static final String USUAL =
      """
      handlers=java.util.logging.ConsoleHandler
      .level=WARNING
      org.apache.sshd.level=OFF
      java.util.logging.SimpleFormatter.format=colabfs: %5$s%n
      """;

  private static final String DEBUGGING =
      """
      handlers=java.util.logging.ConsoleHandler
      .level=INFO
      java.util.logging.SimpleFormatter.format=%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n
      """;

  private static volatile boolean debugging;

  public LogSettings() throws IOException {
    String settings = debugging ? DEBUGGING : USUAL;
    LogManager.getLogManager()
        .readConfiguration(new ByteArrayInputStream(settings.getBytes(StandardCharsets.UTF_8)));
  }

  /** Whether to log much, decided before anything is logged. */
  static void debug(boolean much) {
    debugging = much;
  }
}
