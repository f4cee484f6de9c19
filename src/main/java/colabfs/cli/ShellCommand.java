package colabfs.cli;

import colabfs.app.AppException;
import colabfs.exec.ExecOptions;
import colabfs.profile.ProfileException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs shell [DIR]}. */
@Command(
    name = "shell",
    exitCodeOnInvalidInput = ExecCommand.FAILED,
    exitCodeOnExecutionException = ExecCommand.FAILED,
    description = {
      "Opens a login shell on the runtime, after everything written through the mount is there.",
      "",
      "Inside a mount it begins in the directory that you are in, else in the profile's root."
          + " Through a mount, it goes on when the connection is lost, or this terminal closed:"
          + " 'colabfs jobs' shows it, 'colabfs attach' comes back to it.",
      "",
      "At the beginning of a line, ~. leaves it running, and ~? helps. Exits as the shell does, or"
          + " with 255 when colabfs itself failed.",
      ""
    })
final class ShellCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(
      names = "--no-flush",
      description = "Open it although what was written may not be there yet.")
  private boolean noFlush;

  @Option(
      names = "--no-supervise",
      description = "Let it end with the connection, instead of going on when that is lost.")
  private boolean noSupervise;

  @Parameters(
      arity = "0..1",
      paramLabel = "DIR",
      description = "Where it begins: a directory in the mount, or an absolute one on the runtime.")
  private @Nullable String directory;

  @Override
  public Integer call() throws IOException, AppException, ProfileException, CliFailure {
    LocalTerminal terminal = LocalTerminal.here(main.surroundings());
    if (terminal == null) {
      throw new CliFailure(
          "a shell needs a terminal, and standard input is none; run a command with 'colabfs exec'",
          ExecCommand.FAILED);
    }
    ExecOptions options = new ExecOptions(Map.of(), null, !noSupervise, false);
    ExecCommand shell =
        ExecCommand.shell(
            main,
            directory,
            noFlush,
            mount -> terminal.first(LeftTerminals.asked(mount, main.surroundings().err())));
    return terminal.with(runner -> shell.call(runner, options.at(terminal.terminal())));
  }
}
