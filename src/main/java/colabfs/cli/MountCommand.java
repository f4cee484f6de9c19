package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.DaemonLauncher;
import colabfs.app.MountOptions;
import colabfs.app.MountProgram;
import colabfs.config.Setting;
import colabfs.control.LaunchPipe;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs mount [PROFILE] MOUNTPOINT}. */
@Command(
    name = "mount",
    customSynopsis = "colabfs mount [OPTIONS] [PROFILE | colab:SESSION] MOUNTPOINT",
    description = {
      "Mounts a runtime's directory on a local one, and returns when it can be used.",
      "",
      "A process stays behind that serves the mount until 'colabfs umount'.",
      ""
    })
final class MountCommand implements Callable<Integer> {
  private static final Logger LOG = System.getLogger(MountCommand.class.getName());

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

  @Option(
      names = "--accept-new-host-key",
      description = "Trust a server whose key is not pinned yet, without asking.")
  private boolean acceptNewHostKey;

  @Override
  public Integer call() throws AppException, ProfileException, IOException {
    MountOptions options = options();
    Surroundings surroundings = main.surroundings();
    TerminalPerson person = new TerminalPerson(surroundings, acceptNewHostKey);
    Profile profile = main.store().load(options.profile()); // what is wrong with it is said first
    tellOfSession(profile);
    if (profile.endpoint() instanceof Profile.Colab) {
      FirstKey.makeIfNeeded(profile, surroundings); // it needs no init before
    }
    if (foreground) {
      new MountProgram(
              options, surroundings.environment(), new TypedExec(surroundings.environment()))
          .inForeground(person, root -> mounted(options, root));
    } else {
      LaunchPipe.Outcome outcome =
          new DaemonLauncher(surroundings.environment()).launch(options, person);
      mounted(options, outcome.root());
      tellOfNewRuntime(outcome.newRuntime());
    }
    return 0;
  }

  /** What is wrong with the session's file is said by whoever connects. */
  private void tellOfSession(Profile profile) {
    try {
      SessionNews.tell(profile, main.surroundings());
    } catch (ProfileException e) {
      LOG.log(Level.DEBUG, "the session is not told of: {0}", e.getMessage());
    }
  }

  MountOptions options() throws ProfileException {
    return arguments.options(main, spec.commandLine(), main.settings().list(Setting.MOUNT_OPTIONS));
  }

  /**
   * What an earlier mount has not sent is of another runtime: nothing can be done before a word.
   */
  private void tellOfNewRuntime(@Nullable String found) {
    if (found != null) {
      main.surroundings()
          .warn(
              "%s; nothing is sent to it before you say 'colabfs restore', or 'colabfs restore --fresh' to take it as it is"
                  .formatted(found));
    }
  }

  private void mounted(MountOptions options, String root) {
    main.surroundings()
        .out()
        .println("mounted %s:%s on %s".formatted(options.profile(), root, options.mountpoint()));
  }
}
