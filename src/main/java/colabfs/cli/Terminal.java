package colabfs.cli;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/** The person at the keyboard, if there is one: standard input and output are a terminal. */
interface Terminal {

  boolean isThere();

  /** The line that was typed after the prompt; null at the end of input or without a terminal. */
  @Nullable String ask(String prompt);

  /** As {@link #ask}, not shown while it is typed. */
  char @Nullable [] askSecretly(String prompt);

  /** The process's own. */
  static Terminal ofProcess() {
    return new ProcessTerminal(console());
  }

  /**
   * Null unless both are a terminal. That holds for Java 22 and newer too, since the launcher sets
   * {@code jdk.console} to the plain console of before.
   */
  @SuppressWarnings("SystemConsoleNull")
  private static @Nullable Console console() {
    return System.console();
  }

  /** A console, or none. */
  record ProcessTerminal(@Nullable Console console) implements Terminal {
    @Override
    public boolean isThere() {
      return console != null;
    }

    @Override
    public @Nullable String ask(String prompt) {
      return console == null ? null : console.readLine("%s", prompt);
    }

    @Override
    public char @Nullable [] askSecretly(String prompt) {
      return console == null ? null : console.readPassword("%s", prompt);
    }
  }
}
