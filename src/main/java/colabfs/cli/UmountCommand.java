package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.KnownMounts;
import colabfs.app.Unmounting;
import colabfs.control.RunningMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
      "Without an argument: the only mount, or the one that the working directory is in.",
      ""
    })
final class UmountCommand implements Callable<Integer> {
  private static final int WHICH = 2;

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
          "Unmount also when it is in use, or when what is unsent cannot be sent, and say what was"
              + " lost.")
  private boolean force;

  @Override
  public Integer call() throws IOException, AppException, CliFailure {
    KnownMounts mounts = KnownMounts.of(main.surroundings().environment());
    RunningMount mount = choose(mounts);
    boolean shown = main.surroundings().terminal().isThere();
    long[] last = {0};
    long lost =
        new Unmounting(mounts)
            .unmount(
                mount,
                force,
                unsent -> {
                  if (shown && unsent > 0) {
                    last[0] = unsent;
                    main.surroundings().err().printf("\r\033[K%s to be sent", Sizes.of(unsent));
                    main.surroundings().err().flush();
                  }
                });
    if (last[0] > 0) {
      main.surroundings().err().print("\r\033[K");
    }
    if (lost > 0) {
      main.surroundings()
          .warn("%s had not reached the runtime and are lost".formatted(Sizes.of(lost)));
    }
    return 0;
  }

  private RunningMount choose(KnownMounts mounts) throws CliFailure {
    String named = which != null ? which : main.profileOption();
    if (mounts.all().isEmpty()) {
      throw new CliFailure(
          named == null
              ? "nothing is mounted; 'colabfs mount' mounts"
              : "'%s' is not mounted; nothing is".formatted(named));
    }
    if (named == null) {
      return chooseUnnamed(mounts);
    }
    Optional<RunningMount> there = which == null ? Optional.empty() : mounts.at(Path.of(which));
    if (there.isPresent()) {
      return there.get();
    }
    List<RunningMount> ofProfile = mounts.ofProfile(named);
    if (ofProfile.size() == 1) {
      return ofProfile.get(0);
    }
    throw new CliFailure(
        ofProfile.isEmpty()
            ? "'%s' is not mounted; mounted are:%s".formatted(named, list(mounts.all()))
            : "'%s' is mounted more than once; name the mount point:%s"
                .formatted(named, list(ofProfile)),
        WHICH);
  }

  private static RunningMount chooseUnnamed(KnownMounts mounts) throws CliFailure {
    if (mounts.all().size() == 1) {
      return mounts.all().get(0);
    }
    Optional<RunningMount> around = mounts.containing(Path.of("").toAbsolutePath());
    if (around.isPresent()) {
      return around.get();
    }
    throw new CliFailure("there is more than one mount; name one:" + list(mounts.all()), WHICH);
  }

  private static String list(List<RunningMount> mounts) {
    return mounts.stream()
        .map(mount -> " %s (%s)".formatted(mount.mountpoint(), mount.profile()))
        .collect(Collectors.joining(","));
  }
}
