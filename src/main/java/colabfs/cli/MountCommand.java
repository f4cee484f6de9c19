package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.DaemonLauncher;
import colabfs.app.MountOptions;
import colabfs.app.MountProgram;
import colabfs.profile.ProfileException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs mount [PROFILE] MOUNTPOINT}. */
@Command(
    name = "mount",
    customSynopsis = "colabfs mount [OPTIONS] [PROFILE] MOUNTPOINT",
    description = {
      "Mounts a runtime's directory on a local one, and returns when it can be used.",
      "",
      "A process stays behind that serves the mount until 'colabfs umount'.",
      ""
    })
final class MountCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Mixin private final MountArguments arguments = new MountArguments();

  @Option(
      names = {"-f", "--foreground"},
      description = "Serve the mount in this process, until Ctrl-C.")
  private boolean foreground;

  @Override
  public Integer call() throws AppException, ProfileException {
    MountOptions options = arguments.options(main, spec.commandLine());
    Surroundings surroundings = main.surroundings();
    TerminalPerson person = new TerminalPerson(surroundings);
    main.store().load(options.profile()); // what is wrong with it is said before anything starts
    if (foreground) {
      new MountProgram(options, surroundings.environment())
          .inForeground(person, root -> mounted(options, root));
    } else {
      mounted(options, new DaemonLauncher(surroundings.environment()).launch(options, person));
    }
    return 0;
  }

  private void mounted(MountOptions options, String root) {
    main.surroundings()
        .out()
        .println("mounted %s:%s on %s".formatted(options.profile(), root, options.mountpoint()));
  }
}
