package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.CommandRunner;
import colabfs.app.KnownMounts;
import colabfs.app.RuntimePaths;
import colabfs.config.Setting;
import colabfs.control.Command;
import colabfs.control.ControlClient;
import colabfs.control.RunningMount;
import colabfs.core.RemotePath;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecOptions;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs exec [-p P] [--] CMD...}. */
@picocli.CommandLine.Command(
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
          + " argument with spaces or shell characters is a line for the login's shell; arguments"
          + " that are paths in the mount are the runtime's paths there. Exits as the command does,"
          + " or with 255 when colabfs itself failed.",
      "",
      "Through a mount, the command goes on when the connection is lost, and so does its output"
          + " when that is back. Ctrl-C interrupts it; Ctrl-C twice leaves it running"
          + " ('colabfs jobs', 'attach', 'logs', 'kill').",
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

  /** Told before it is run in a mount. */
  private Consumer<ControlClient> opening = mount -> {};

  @Mixin private final RunOptions run = new RunOptions();

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The command to run.")
  private List<String> words = List.of();

  @Override
  public Integer call() throws IOException, AppException, ProfileException, CliFailure {
    ExecOptions options = options();
    if (run.terminal && options.detached()) {
      return call(plainRunner(), options.at(LocalTerminal.likeHere(main.surroundings())));
    }
    LocalTerminal terminal = run.terminal ? LocalTerminal.here(main.surroundings()) : null;
    if (terminal == null) {
      if (run.terminal) {
        main.surroundings().warn("no terminal for the command, as standard input is none here");
      }
      return call(plainRunner(), options);
    }
    return terminal.with(runner -> call(runner, options.at(terminal.terminal())));
  }

  /** A login shell, as {@code colabfs shell} runs it. */
  static ExecCommand shell(
      Main main, @Nullable String directory, boolean noFlush, Consumer<ControlClient> opening) {
    ExecCommand shell = new ExecCommand();
    shell.main = main;
    shell.run.cwd = directory;
    shell.noFlush = noFlush;
    shell.opening = opening;
    return shell;
  }

  private static CommandRunner plainRunner() {
    return new CommandRunner(processStreams());
  }

  /** Runs it, through a mount if there is one. */
  int call(CommandRunner runner, ExecOptions options)
      throws IOException, AppException, ProfileException, CliFailure {
    Path here = Path.of("").toAbsolutePath();
    requireThere(here);
    InMount planned = inMount(here, options);
    if (planned != null) {
      return run(runner, planned);
    }
    if (run.cwd != null && !run.cwd.startsWith("/")) {
      throw new CliFailure(
          "--cwd needs a mount, or an absolute directory on the runtime; 'colabfs mount' mounts",
          FAILED);
    }
    return runner.alone(
        main.profileName(),
        new TerminalPerson(main.surroundings(), false),
        main.surroundings().environment(),
        new Command(words, RemotePath.ROOT, run.cwd, false, options));
  }

  /** This process's own, as they are: no buffer, no encoding. */
  static ExecIo processStreams() {
    return new ExecIo(
        new FileInputStream(FileDescriptor.in),
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err));
  }

  /** Who stands in a directory that is gone would have the command run somewhere else. */
  private static void requireThere(Path here) throws AppException {
    if (Files.notExists(here)) {
      throw new AppException(
          "cannot enter %s: it was removed. Go to a directory that is there, and try again"
              .formatted(here));
    }
  }

  /** A command for a mount. */
  record InMount(KnownMounts mounts, RunningMount mount, Command command) {}

  /** What it means when it is typed in that directory; null when it is not for a mount. */
  @Nullable InMount inMount(Path here) throws IOException, ProfileException, CliFailure {
    return inMount(here, options());
  }

  private ExecOptions options() throws CliFailure, ProfileException {
    return run.read(main.surroundings().environment(), main.settings().list(Setting.EXEC_ENV));
  }

  private @Nullable InMount inMount(Path here, ExecOptions options)
      throws IOException, ProfileException, CliFailure {
    KnownMounts mounts = KnownMounts.of(main.surroundings().environment());
    String named = main.profileOption();
    Optional<RunningMount> around =
        mounts.containing(here).filter(mount -> named == null || mount.profile().equals(named));
    KnownMounts.Place place =
        (around.isPresent()
                ? mounts.locate(here)
                : mounted(mounts, named).map(KnownMounts.Place::all))
            .orElse(null);
    return place == null
        ? null
        : new InMount(mounts, place.mount(), command(mounts, place, options));
  }

  /** With a progress line while it waits, for a person alone: the command's own output follows. */
  private int run(CommandRunner runner, InMount planned) throws AppException {
    ControlClient mount = planned.mounts().client(planned.mount());
    opening.accept(mount);
    ProgressLine line =
        new ProgressLine(main.surroundings(), ProgressLine.Words.SENDING, System::nanoTime);
    boolean shown = main.surroundings().terminal().isThere();
    try {
      return runner.inMount(
          mount,
          planned.command(),
          left -> {
            if (shown) {
              line.accept(left);
            }
          });
    } finally {
      line.clear();
    }
  }

  private Command command(KnownMounts mounts, KnownMounts.Place place, ExecOptions options)
      throws CliFailure {
    RuntimePaths paths = new RuntimePaths(mounts, place);
    List<String> meant = run.noMap ? words : paths.map(words);
    String cwd = run.cwd;
    if (cwd == null) {
      return new Command(meant, place.path(), null, !noFlush, options);
    }
    String local = cwd.startsWith("/") ? cwd : place.local().resolve(cwd).toString();
    Optional<String> there = paths.onRuntime(local);
    if (there.isEmpty() && !cwd.startsWith("/")) {
      throw new CliFailure(
          "--cwd %s leads out of the mount; name an absolute directory of the runtime instead"
              .formatted(cwd),
          FAILED);
    }
    return new Command(meant, place.path(), there.orElse(cwd), !noFlush, options);
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
