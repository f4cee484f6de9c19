package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.CommandRunner;
import colabfs.control.ControlClient;
import colabfs.profile.ProfileException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs attach ID}. */
@Command(
    name = "attach",
    exitCodeOnInvalidInput = ExecCommand.FAILED,
    exitCodeOnExecutionException = ExecCommand.FAILED,
    description = {
      "Comes back to a command that was left running on the runtime.",
      "",
      "Shows the last that it printed and what it prints from now on, and gives it what is typed."
          + " Ctrl-C interrupts it; Ctrl-C twice leaves it running again. One that has a terminal is"
          + " drawn anew, as large as the terminal here, and ~. at the beginning of a line leaves it;"
          + " others may be at it, too. Exits as it does, or with 255 when colabfs itself failed.",
      ""
    })
final class AttachCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Parameters(paramLabel = "ID", description = "Its number, or as much of it as is unique.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String id;

  @Override
  public Integer call() throws IOException, AppException, ProfileException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    ControlClient mount = choice.mounts().client(choice.mount(null));
    LocalTerminal terminal = LocalTerminal.here(main.surroundings());
    if (terminal == null) {
      return new CommandRunner(ExecCommand.processStreams()).attach(mount, id);
    }
    return terminal.with(runner -> runner.attach(mount, id));
  }
}
