package colabfs.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Real terminals, by a tmux of their own: a shell in each, where {@code colabfs} is on the path.
 */
final class Tmux implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 40;

  private final Cli cli;
  private final Path start;
  private final Path sockets;

  private boolean hasServer;

  /** With shells that begin in that directory. */
  Tmux(Cli cli, Path start) throws IOException {
    this.cli = cli;
    this.start = start;
    this.sockets = Files.createTempDirectory(Path.of("/tmp"), "tmux");
  }

  /** Opens one of that size. */
  Tmux open(String name, int columns, int rows) throws IOException, InterruptedException {
    hasServer = true;
    tmux(
        "new-session",
        "-d",
        "-s",
        name,
        "-x",
        "" + columns,
        "-y",
        "" + rows,
        "-c",
        start.toString(),
        "env PS1='here> ' bash --norc --noprofile");
    await(name, screen -> screen.contains("here>"));
    return this;
  }

  /** Types keys, by tmux's names for them. */
  void type(String name, String... keys) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("send-keys", "-t", name));
    arguments.addAll(List.of(keys));
    tmux(arguments.toArray(String[]::new));
  }

  void resize(String name, int columns, int rows) throws IOException, InterruptedException {
    tmux("resize-window", "-t", name, "-x", "" + columns, "-y", "" + rows);
  }

  /** Closes one, as a person does who closes a window. */
  void close(String name) throws IOException, InterruptedException {
    tmux("kill-session", "-t", name);
  }

  /** What it shows, without empty lines at the end. */
  String screen(String name) {
    try {
      return tmux("capture-pane", "-p", "-t", name).stripTrailing();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Waits until it shows that. */
  String await(String name, Predicate<String> shown) {
    try {
      return Awaitility.await()
          .atMost(PATIENCE_SECONDS, TimeUnit.SECONDS)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> screen(name), shown);
    } catch (RuntimeException e) {
      throw new AssertionError("the terminal shows:\n" + screen(name), e);
    }
  }

  private String tmux(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", "-c", "exec tmux -L t -f /dev/null \"$@\"", "tmux"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = cli.shellCommand(start, "true").command(command);
    builder.environment().put("TMUX_TMPDIR", sockets.toString());
    builder.environment().put("TERM", "xterm-256color");
    builder.environment().remove("TMUX");
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(String.join(" ", arguments) + ": " + said);
    }
    return said;
  }

  @Override
  public void close() throws IOException {
    try {
      if (hasServer) {
        tmux("kill-server");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> left = Files.walk(sockets)) {
      for (Path path : left.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
