package colabfs.it;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The real command line in child processes, for a user with directories of their own. Closing it
 * unmounts lazily whatever was left mounted, and ends what serves it.
 */
public final class Cli implements AutoCloseable {
  private static final int DEADLINE_SECONDS = 60;
  private static final Pattern PID = Pattern.compile("\"pid\":(\\d+)");
  private static final Pattern MOUNTPOINT = Pattern.compile("\"mountpoint\":\"([^\"]+)\"");

  private final Path home;

  /** What {@code exec} is run by. */
  private Client client = Client.QUICK;

  /** The clients of a running mount. */
  public enum Client {
    /** scripts/colabfs-exec.py, which leaves the rest to Java. */
    QUICK,
    JAVA
  }

  /** How a command ended. */
  public record Ended(int status, String out, String err) {}

  public Cli(Path home) throws IOException {
    this.home = home;
    for (String name : List.of("home", "config", "state", "run")) {
      Files.createDirectories(home.resolve(name));
    }
  }

  /** Has {@code exec} run by that client from now on. */
  public void use(Client wanted) {
    client = wanted;
  }

  /** How many commands Java was started for to run them. */
  public long javaStarts() throws IOException {
    Path starts = home.resolve("java-starts");
    return Files.exists(starts) ? Files.size(starts) : 0;
  }

  /** The user's home directory. */
  public Path userHome() {
    return home.resolve("home");
  }

  public Path logs() {
    return home.resolve("state/colabfs/logs");
  }

  /** Runs {@code colabfs} in the home directory, with nothing on its input. */
  public Ended colabfs(String... arguments) throws IOException, InterruptedException {
    return run(command(arguments), "");
  }

  /** Runs {@code colabfs}, which must succeed. */
  public Ended works(String... arguments) throws IOException, InterruptedException {
    Ended ended = colabfs(arguments);
    if (ended.status() != 0) {
      throw new AssertionError(String.join(" ", arguments) + ": " + ended + "\n" + log());
    }
    return ended;
  }

  /** Runs a line of shell in a directory; {@code colabfs} is on its path. */
  public Ended shell(Path directory, String line) throws IOException, InterruptedException {
    return run(shellCommand(directory, line), "");
  }

  public ProcessBuilder shellCommand(Path directory, String line) throws IOException {
    ProcessBuilder builder = withEnvironment(new ProcessBuilder("/bin/bash", "-c", line));
    builder.environment().merge("PATH", launcherDirectory() + ":", (path, ours) -> ours + path);
    return builder.directory(directory.toFile());
  }

  public ProcessBuilder command(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(launcherDirectory().resolve("colabfs").toString());
    command.addAll(List.of(arguments));
    return withEnvironment(new ProcessBuilder(command)).directory(userHome().toFile());
  }

  private static List<String> java() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-Dfile.encoding=UTF-8",
        "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "colabfs.cli.Main");
  }

  private Path launcherDirectory() throws IOException {
    Path launcher = home.resolve("bin/colabfs");
    if (!Files.exists(launcher)) {
      Files.createDirectories(home.resolve("bin"));
      Files.writeString(
          launcher,
          """
          #!/bin/sh
          python=/usr/bin/python3
          [ -x $python ] || python=python3
          case $1:${COLABFS_CLIENT:-} in
            exec:) exec $python -I -S '%s' "$0" "$@" ;;
            exec:*) echo >>'%s' ;;
          esac
          unset COLABFS_CLIENT
          exec '%s' "$@"
          """
              .formatted(
                  Path.of("scripts/colabfs-exec.py").toAbsolutePath(),
                  home.resolve("java-starts"),
                  String.join("' '", java())));
      launcher.toFile().setExecutable(true);
    }
    return home.resolve("bin");
  }

  private ProcessBuilder withEnvironment(ProcessBuilder builder) {
    var environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("COLABFS_") || name.startsWith("GIT_"));
    environment.put("HOME", userHome().toString());
    environment.put("XDG_CONFIG_HOME", home.resolve("config").toString());
    environment.put("XDG_STATE_HOME", home.resolve("state").toString());
    environment.put("XDG_CACHE_HOME", home.resolve("cache").toString());
    environment.put("XDG_RUNTIME_DIR", home.resolve("run").toString());
    environment.put("GIT_CONFIG_NOSYSTEM", "1");
    environment.put("LC_ALL", "C.UTF-8");
    if (client == Client.JAVA) {
      environment.put("COLABFS_CLIENT", "java");
    }
    environment.remove("SSH_AUTH_SOCK");
    return builder;
  }

  /** Runs a command with that on its input; kills it after a minute. */
  public Ended run(ProcessBuilder builder, String input) throws IOException, InterruptedException {
    Process process = builder.start();
    CompletableFuture<String> out = read(process.getInputStream());
    CompletableFuture<String> err = read(process.getErrorStream());
    try (var stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It does not read its input, which is its own affair.
    }
    return await(process, out, err);
  }

  public static Ended await(
      Process process, CompletableFuture<String> out, CompletableFuture<String> err)
      throws InterruptedException {
    if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new AssertionError(process.info() + " did not end: " + out.getNow("") + err.getNow(""));
    }
    return new Ended(process.exitValue(), join(out), join(err));
  }

  private static String join(CompletableFuture<String> text) throws InterruptedException {
    try {
      return text.get(10, TimeUnit.SECONDS);
    } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
      throw new AssertionError("output does not end", e);
    }
  }

  public static CompletableFuture<String> read(InputStream in) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                text.complete(new String(in.readAllBytes(), StandardCharsets.UTF_8));
              } catch (IOException e) {
                text.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return text;
  }

  /** What the mounts' processes have logged. */
  public String log() throws IOException {
    StringBuilder text = new StringBuilder();
    if (Files.isDirectory(logs())) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(logs(), "*.{log,stderr}")) {
        for (Path file : files) {
          text.append(Files.readString(file));
        }
      }
    }
    return text.toString();
  }

  /** The processes that serve this user's mounts. */
  public List<ProcessHandle> daemons() throws IOException {
    return registered(PID).stream()
        .map(Long::parseLong)
        .map(ProcessHandle::of)
        .flatMap(Optional::stream)
        .toList();
  }

  private List<String> registered(Pattern pattern) throws IOException {
    List<String> found = new ArrayList<>();
    Path list = home.resolve("run/colabfs");
    if (Files.isDirectory(list)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(list, "*.json")) {
        for (Path file : files) {
          Matcher matcher = pattern.matcher(Files.readString(file));
          if (matcher.find()) {
            found.add(matcher.group(1));
          }
        }
      }
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    List<ProcessHandle> left = daemons();
    try {
      for (String mountpoint : registered(MOUNTPOINT)) {
        run(new ProcessBuilder("umount", "-l", mountpoint), "");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      left.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
