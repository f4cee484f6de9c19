package colabfs.cli;

import colabfs.profile.ProfileDraft;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The ways to give a password that leave it in no argument list: typed, piped, or a program's. */
final class PasswordOptions {

  @Option(names = "--password", description = "Ask for the password now, and keep it.")
  private boolean ask;

  @Option(
      names = "--password-stdin",
      description = "Read the password from standard input: its first line.")
  private boolean stdin;

  @Option(
      names = "--password-command",
      paramLabel = "COMMAND",
      description =
          "Run this program at each login: the first line that it prints is the password.")
  private @Nullable String command;

  /** What is to be checked before anything is read. */
  void check(CommandLine line, @Nullable String json) {
    if (Stream.of(ask, stdin, command != null).filter(given -> given).count() > 1) {
      throw new ParameterException(
          line, "--password, --password-stdin and --password-command exclude each other");
    }
    if (stdin && "-".equals(json)) {
      throw new ParameterException(
          line, "standard input cannot hold both the JSON and the password");
    }
  }

  /** What was given, as a draft with nothing else; may wait for the person. */
  ProfileDraft draft(Surroundings surroundings) throws IOException, CliFailure {
    ProfileDraft none = ProfileDraft.EMPTY;
    if (command != null) {
      return none.withPasswordCommand(command);
    }
    if (stdin) {
      return none.withPassword(firstLine(surroundings));
    }
    return ask ? none.withPassword(typed(surroundings)) : none;
  }

  private static String typed(Surroundings surroundings) throws CliFailure {
    char[] answer = surroundings.terminal().askSecretly("Password: ");
    if (answer == null || answer.length == 0) {
      throw new CliFailure(
          surroundings.terminal().isThere()
              ? "no password was typed; try again"
              : "there is no terminal to ask for the password at; pipe it in: ... | colabfs init"
                  + " --password-stdin");
    }
    String password = new String(answer);
    Arrays.fill(answer, '\0');
    return password;
  }

  private static String firstLine(Surroundings surroundings) throws IOException, CliFailure {
    String text = new String(surroundings.in().readAllBytes(), StandardCharsets.UTF_8);
    String line = text.lines().findFirst().orElse("");
    if (line.isEmpty()) {
      throw new CliFailure(
          "standard input held no password; pipe it in: ... | colabfs init --password-stdin");
    }
    return line;
  }
}
