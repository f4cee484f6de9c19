package colabfs.demo;

import static colabfs.demo.TypedCommands.quoted;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The demonstration: an embedded runtime, mounted and used by the real commands, typed one after
 * the other, with what they print. It keeps everything in a temporary directory.
 *
 * <p>Threading: one thread shows; any thread may close, which waits for the command being typed and
 * is done once. Errors: a command that fails, or prints something else than it should, ends the
 * showing.
 */
public final class Demo implements AutoCloseable {
  private static final String EDIT = "Edited through the mount.";
  private static final List<Path> EDITORS =
      List.of(Path.of("/usr/bin/vim"), Path.of("/usr/bin/vi"));
  private static final int LOG_LINES = 30;

  private final PrintWriter out;
  private final PrivateDirectory directory;
  private final EmbeddedRuntime runtime;
  private final TypedCommands terminal;
  private final Path mountpoint;

  /** Held while one command runs, and for the whole of the clearing up. */
  private final ReentrantLock turn = new ReentrantLock(true);

  private volatile boolean closing;
  private volatile boolean mounted;
  private boolean closed;

  private Demo(
      PrintWriter out,
      PrivateDirectory directory,
      EmbeddedRuntime runtime,
      TypedCommands terminal,
      Path mountpoint) {
    this.out = out;
    this.directory = directory;
    this.runtime = runtime;
    this.terminal = terminal;
    this.mountpoint = mountpoint;
  }

  /**
   * Starts the runtime; nothing is mounted yet.
   *
   * @param launcher the program that runs as {@code colabfs}
   * @param wanted an existing empty directory to mount on, or null for a temporary one
   */
  public static Demo prepare(Path launcher, @Nullable Path wanted, PrintWriter out)
      throws IOException {
    PrivateDirectory directory = PrivateDirectory.create(launcher);
    try {
      Path home = directory.make("home");
      Path mountpoint = wanted == null ? directory.make("mnt") : wanted.toRealPath();
      EmbeddedRuntime runtime = EmbeddedRuntime.start(directory.make("runtime"));
      Files.writeString(home.resolve("runtime.json"), profileJson(runtime));
      TypedCommands terminal = new TypedCommands(out, directory.variables(), home);
      return new Demo(out, directory, runtime, terminal, mountpoint);
    } catch (IOException e) {
      directory.close();
      throw e;
    }
  }

  /** Where the runtime is mounted while this lives. */
  public Path mountpoint() {
    return mountpoint;
  }

  /** A file of shell commands after which {@code colabfs} in another terminal sees this mount. */
  public Path environment() throws IOException {
    Path file = directory.resolve("env");
    StringBuilder lines = new StringBuilder();
    directory
        .variables()
        .forEach(
            (name, value) ->
                lines.append(
                    value.isEmpty()
                        ? "unset " + name + "\n"
                        : "export " + name + "=" + quoted(Path.of(value)) + "\n"));
    Files.writeString(file, lines);
    return file;
  }

  /** Types all commands up to a mounted runtime; false when one of them failed. */
  public boolean show() throws IOException, InterruptedException {
    terminal.say(
        "# A runtime to play with: an SSH server in this process, on port " + runtime.port());
    boolean done =
        type("cat runtime.json", "\"host\"")
            && type("colabfs init demo @runtime.json", "")
            && mount()
            && look()
            && edit()
            && type("colabfs exec -- tail -n 1 sample_data/README.md", EDIT)
            && type("colabfs exec -- sh -c 'echo made on the runtime >made-there.txt'", "")
            && type("cat made-there.txt", "made on the runtime")
            && type("colabfs status", mountpoint.toString());
    if (!done && !closing) {
      showLogs();
    }
    return done;
  }

  /**
   * Unmounts, ends the runtime and removes what was made. False when the mount could not be taken
   * down; the message says what is left.
   */
  public boolean end() throws IOException, InterruptedException {
    closing = true;
    turn.lock();
    try {
      if (closed) {
        return true;
      }
      closed = true;
      boolean unmounted = (!mounted && !PrivateDirectory.isMounted(mountpoint)) || unmount();
      runtime.close();
      if (unmounted) {
        directory.close();
      } else {
        terminal.say(
            mountpoint + " is still mounted. Unmount it: fusermount -u -z " + quoted(mountpoint));
      }
      return unmounted;
    } finally {
      turn.unlock();
      out.flush();
    }
  }

  /** As {@link #end}, for a shutdown: what fails is printed. */
  @Override
  public void close() {
    try {
      end();
    } catch (IOException e) {
      terminal.say("Not everything was removed: " + e.getMessage() + ". Remove it by hand.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean mount() throws IOException, InterruptedException {
    mounted = type("colabfs mount demo " + quoted(mountpoint), "");
    return mounted;
  }

  private boolean look() throws IOException, InterruptedException {
    terminal.cd(mountpoint);
    return type("ls -l", "sample_data") && type("cat sample_data/README.md", "sample datasets");
  }

  private boolean edit() throws IOException, InterruptedException {
    boolean vim = EDITORS.stream().anyMatch(Files::isExecutable);
    return (!vim || type("vim -es -c '%s/few small/handful of/' -c wq sample_data/README.md", ""))
        && (!vim || type("head -n 1 sample_data/README.md", "handful of"))
        && type("echo '" + EDIT + "' >>sample_data/README.md", "");
  }

  private boolean unmount() throws IOException, InterruptedException {
    terminal.cd(directory.resolve("home"));
    String where = quoted(mountpoint);
    for (String command : List.of("colabfs umount ", "colabfs umount --force ")) {
      if (terminal.type(command + where, "") && !PrivateDirectory.isMounted(mountpoint)) {
        return true;
      }
    }
    return false;
  }

  private boolean type(String line, String expected) throws IOException, InterruptedException {
    turn.lock();
    try {
      return !closing && terminal.type(line, expected);
    } finally {
      turn.unlock();
    }
  }

  private static String profileJson(EmbeddedRuntime runtime) {
    return """
        {"host": "127.0.0.1", "port": %d, "username": "%s",
         "key": "%s",
         "host_key": "%s",
         "remote_root": "%s"}
        """
        .formatted(
            runtime.port(),
            runtime.user(),
            runtime.privateKey(),
            runtime.hostKeyLine(),
            runtime.root());
  }

  /** What the mount's process wrote down: the directory that holds it is about to be removed. */
  private void showLogs() throws IOException {
    Path logs = directory.resolve("state");
    if (!Files.isDirectory(logs)) {
      return;
    }
    try (Stream<Path> files = Files.walk(logs)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        List<String> lines = Files.readAllLines(file);
        terminal.say("# The end of " + logs.relativize(file) + ":");
        lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()).forEach(terminal::say);
      }
    }
  }
}
