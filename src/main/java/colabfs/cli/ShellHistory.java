package colabfs.cli;

import java.nio.file.Path;
import java.util.Map;

/** How to take the command that was just typed out of a shell's history. */
final class ShellHistory {

  /** The user's next step, for the shell that the environment names. */
  static String removal(Map<String, String> environment) {
    String shell = environment.getOrDefault("SHELL", "");
    Path name = shell.isEmpty() ? null : Path.of(shell).getFileName();
    return switch (name == null ? "" : name.toString()) {
      case "bash" -> "take it out at once with: history -d -2; history -w";
      case "zsh" -> "take its line out of ~/.zsh_history once this shell has ended";
      case "fish" -> "take it out with: history delete --contains 'colabfs init'";
      default -> "take its line out of your shell's history";
    };
  }

  private ShellHistory() {}
}
