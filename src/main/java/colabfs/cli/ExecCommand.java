package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.CommandRunner;
import colabfs.app.KnownMounts;
import colabfs.control.RunningMount;
import colabfs.exec.ExecIo;
import colabfs.profile.ProfileException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs exec [-p P] [--] CMD...}. */
@Command(
    name = "exec",
    exitCodeOnInvalidInput = ExecCommand.FAILED,
    exitCodeOnExecutionException = ExecCommand.FAILED,
    customSynopsis = "colabfs exec [OPTIONS] [--] COMMAND [ARGUMENT...]",
    description = {
      "Runs a command on the runtime, after everything written through the mount is there.",
      "",
      "When something cannot be sent, the command is not run, and what is unsent is named.",
      "",
      "Inside a mount it runs in the directory that you are in, else in the profile's root. One"
          + " argument with spaces or shell characters is a line for the login's shell. Exits as the"
          + " command does, or with 255 when colabfs itself failed.",
      ""
    })
final class ExecCommand implements Callable<Integer> {
  static final int FAILED = 255;

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(
      names = "--no-flush",
      description = "Run it although what was written may not be there yet.")
  private boolean noFlush;

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command to run.")
  private List<String> words = List.of();

  @Override
  public Integer call() throws IOException, AppException, ProfileException {
    ExecIo io =
        new ExecIo(
            new FileInputStream(FileDescriptor.in),
            new FileOutputStream(FileDescriptor.out),
            new FileOutputStream(FileDescriptor.err));
    CommandRunner runner = new CommandRunner(words, io);
    KnownMounts mounts = KnownMounts.of(main.surroundings().environment());
    Path here = Path.of("").toAbsolutePath();
    requireThere(here);
    String named = main.profileOption();
    Optional<RunningMount> around =
        mounts.containing(here).filter(mount -> named == null || mount.profile().equals(named));
    Optional<KnownMounts.Place> place =
        around.isPresent()
            ? mounts.locate(here)
            : mounted(mounts, named).map(KnownMounts.Place::all);
    if (place.isPresent()) {
      return inMount(runner, mounts, place.get());
    }
    return runner.alone(
        main.profileName(),
        new TerminalPerson(main.surroundings()),
        main.surroundings().environment());
  }

  /** Who stands in a directory that is gone would have the command run somewhere else. */
  private static void requireThere(Path here) throws AppException {
    if (Files.notExists(here)) {
      throw new AppException(
          "cannot enter %s: it was removed. Go to a directory that is there, and try again"
              .formatted(here));
    }
  }

  /** With a progress line while it waits, for a person alone: the command's own output follows. */
  private int inMount(CommandRunner runner, KnownMounts mounts, KnownMounts.Place place)
      throws AppException {
    ProgressLine line =
        new ProgressLine(main.surroundings(), ProgressLine.Words.SENDING, System::nanoTime);
    boolean shown = main.surroundings().terminal().isThere();
    try {
      return runner.inMount(
          mounts,
          place,
          !noFlush,
          left -> {
            if (shown) {
              line.accept(left);
            }
          });
    } finally {
      line.clear();
    }
  }

  /** A mount of the profile that is meant; without a name, of the default one or the only one. */
  private Optional<RunningMount> mounted(KnownMounts mounts, @Nullable String named)
      throws ProfileException {
    List<RunningMount> alive =
        mounts.all().stream().filter(mount -> mount.process().isAlive()).toList();
    String profile = main.profileName();
    Optional<RunningMount> meant =
        alive.stream().filter(mount -> mount.profile().equals(profile)).findFirst();
    boolean onlyOne = named == null && alive.size() == 1 && !main.store().exists(profile);
    return onlyOne ? Optional.of(alive.get(0)) : meant;
  }
}
