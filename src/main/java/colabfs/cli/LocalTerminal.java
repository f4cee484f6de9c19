package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.CommandRunner;
import colabfs.app.ProcessSignals;
import colabfs.app.Seat;
import colabfs.exec.ExecIo;
import colabfs.profile.ProfileException;
import colabfs.remote.RemoteJobs.Terminal;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The terminal that this process's input comes from, by way of stty(1). Once it is taken, keys are
 * passed on as they are; when it is closed, or the process ends, it is as it was before.
 *
 * <p>Threading: any thread.
 */
final class LocalTerminal implements Seat, AutoCloseable {
  private static final Logger LOG = System.getLogger(LocalTerminal.class.getName());

  private static final Pattern SIZE = Pattern.compile("(\\d{1,5}) (\\d{1,5})");
  private static final int ROWS = 24;
  private static final int COLUMNS = 80;
  private static final int MOST = 65_535;
  private static final int PATIENCE_SECONDS = 5;

  private final String settings;
  private final String name;
  private final OutputStream err = new FileOutputStream(FileDescriptor.err);
  private final Screen screen;
  private final EscapeInput input;
  private final Thread restorer = new Thread(this::restore, "terminal-restore");

  /** What was told last. */
  private volatile Terminal told;

  private volatile @Nullable Line line;
  private volatile Runnable first = () -> {};
  private volatile boolean isChanged;

  private LocalTerminal(String settings, Terminal first, boolean showsOutput) {
    this.settings = settings;
    this.name = first.name();
    this.told = first;
    this.screen = new Screen(new FileOutputStream(FileDescriptor.out), showsOutput);
    this.input =
        new EscapeInput(
            new FileInputStream(FileDescriptor.in), this::leave, words -> say(words + "\r\n"));
  }

  /** The process's own; null when its input is no terminal. */
  static @Nullable LocalTerminal here(Surroundings surroundings) throws CliFailure {
    List<String> lines = stty("-g", "size");
    if (lines.size() < 2) {
      return null;
    }
    return new LocalTerminal(
        lines.get(0), sized(name(surroundings), lines.get(1)), surroundings.terminal().isThere());
  }

  /** One for a command that nobody is at yet: as large as that here, if there is one. */
  static Terminal likeHere(Surroundings surroundings) throws CliFailure {
    LocalTerminal here = here(surroundings);
    return here == null ? new Terminal(name(surroundings), ROWS, COLUMNS) : here.terminal();
  }

  private static String name(Surroundings surroundings) {
    String name = surroundings.environment().getOrDefault("TERM", "");
    return name.isEmpty() ? "xterm-256color" : name;
  }

  private static Terminal sized(String name, String size) {
    Matcher matcher = SIZE.matcher(size);
    int rows = matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
    int columns = matcher.matches() ? Integer.parseInt(matcher.group(2)) : 0;
    return new Terminal(
        name,
        rows < 1 || rows > MOST ? ROWS : rows,
        columns < 1 || columns > MOST ? COLUMNS : columns);
  }

  /** Something that is done with a command at it. */
  interface Work {
    int run(CommandRunner runner) throws IOException, AppException, ProfileException, CliFailure;
  }

  /** Does it, and leaves the terminal as it was. */
  int with(Work work) throws IOException, AppException, ProfileException, CliFailure {
    try (this) {
      return work.run(new CommandRunner(io(), this));
    } catch (AppException e) {
      if (line != null) {
        say("\n"); // it came in the middle of one
      }
      throw e;
    }
  }

  /** To be done when it is taken, before keys are passed on. */
  void first(Runnable work) {
    first = work;
  }

  private ExecIo io() {
    return new ExecIo(input, screen, err);
  }

  @Override
  public Terminal terminal() {
    return told;
  }

  @Override
  public void taken(Line taken) {
    line = taken;
    isChanged = true;
    Runtime.getRuntime().addShutdownHook(restorer);
    first.run();
    makeRaw();
    ProcessSignals.on("WINCH", this::measure);
    ProcessSignals.on("CONT", this::makeRaw);
    input.begin();
    Thread thread = new Thread(this::measure, "terminal-size"); // it may have changed meanwhile
    thread.setDaemon(true);
    thread.start();
  }

  private void makeRaw() {
    run("raw", "-echo");
  }

  private void measure() {
    List<String> lines = run("size");
    Line taken = line;
    if (taken != null && !lines.isEmpty()) {
      Terminal now = sized(name, lines.get(0));
      if (!now.equals(told)) {
        told = now;
        taken.resize(now.rows(), now.columns());
      }
    }
  }

  /** The person goes; nothing of the command is shown any more. */
  private void leave() {
    screen.leave();
    Line taken = line;
    if (taken != null) {
      taken.detach();
    }
  }

  private void say(String words) {
    try {
      err.write(words.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody reads", e);
    }
  }

  @Override
  public void close() {
    restore();
  }

  private synchronized void restore() {
    if (isChanged) {
      isChanged = false;
      screen.leave();
      run(settings);
    }
  }

  private static List<String> run(String... arguments) {
    try {
      return stty(arguments);
    } catch (CliFailure e) {
      LOG.log(Level.DEBUG, "stty", e);
      return List.of();
    }
  }

  /** What it prints, for each argument alone where those are questions; nothing when it fails. */
  private static List<String> stty(String... arguments) throws CliFailure {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "for a; do stty $a || exit; done", "stty"));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly(); // in the background it is stopped, and would wait for ever
        return List.of();
      }
      try (var out = process.inputReader(StandardCharsets.US_ASCII)) {
        return process.exitValue() == 0 ? out.lines().toList() : List.of();
      }
    } catch (IOException e) {
      throw new CliFailure(
          "a terminal needs the program 'stty', which was not found; install coreutils", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
