package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.Unmounting;
import colabfs.control.ControlException;
import colabfs.control.RunningMount;
import colabfs.control.Unmounted;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs umount [MOUNTPOINT | PROFILE]}. */
@Command(
    name = "umount",
    aliases = "unmount",
    description = {
      "Waits until everything written has reached the runtime, and unmounts.",
      "",
      "When that cannot be, or Ctrl-C ends the wait, nothing is unmounted and the mount goes on.",
      "Without an argument: the only mount, or the one that the working directory is in.",
      ""
    })
final class UmountCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Parameters(
      arity = "0..1",
      paramLabel = "MOUNTPOINT | PROFILE",
      description = "The mounted directory, or the profile it was mounted from.")
  private @Nullable String which;

  @Option(
      names = {"-f", "--force"},
      description =
          "Unmount also when it is in use, or when what is unsent cannot be sent: that is kept for the"
              + " next mount, and with 'mount --sync' lost. Says how much it is.")
  private boolean force;

  @Override
  public Integer call() throws IOException, AppException, ControlException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    RunningMount mount = choice.mount(which);
    Unmounting unmounting = new Unmounting(choice.mounts());
    Unmounted left =
        Waiting.on(
            main.surroundings(),
            (progress, givenUp) -> unmounting.unmount(mount, force, progress, givenUp));
    if (left.lostBytes() > 0) {
      main.surroundings()
          .warn(
              "%s had not reached the runtime and are lost".formatted(Sizes.of(left.lostBytes())));
    }
    if (left.journal() != null) {
      tellKept(mount, left.kept(), left.journal());
    }
    return 0;
  }

  private void tellKept(RunningMount mount, @Nullable PendingFigures kept, Path journal) {
    if (kept == null) {
      main.surroundings()
          .warn(
              "its process said nothing any more; what it had not sent is kept in %s, and the next mount of '%s' sends it"
                  .formatted(journal, mount.profile()));
    } else if (kept.changes() > 0) {
      main.surroundings()
          .warn(
              "%s, %s, had not reached the runtime; they are kept in %s, and the next mount of '%s' sends them"
                  .formatted(
                      PendingText.changes(kept.changes()),
                      Sizes.of(kept.bytes()),
                      journal,
                      mount.profile()));
    }
  }
}
