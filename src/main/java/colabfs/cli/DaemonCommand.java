package colabfs.cli;

import colabfs.app.DaemonLauncher;
import colabfs.app.MountProgram;
import colabfs.profile.ProfileException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What {@code colabfs mount} leaves behind; not for people. */
@Command(name = DaemonLauncher.DAEMON_COMMAND, hidden = true, description = "Serves a mount.")
final class DaemonCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin private final MountArguments arguments = new MountArguments();

  @Override
  public Integer call() throws ProfileException, IOException {
    Surroundings surroundings = main.surroundings();
    MountProgram program =
        new MountProgram(
            arguments.options(main, spec.commandLine(), List.of()),
            surroundings.environment(),
            new TypedExec(surroundings.environment()));
    return program.asDaemon(surroundings.in(), new FileOutputStream(FileDescriptor.out));
  }
}
