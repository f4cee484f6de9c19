package colabfs.it;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Somebody at the command line, with a home of their own: runs {@code colabfs} as child processes,
 * from the classes that are being tested, and touches nothing of the real user's.
 *
 * <p>Threading: any thread; each command is a process of its own.
 */
public final class ColabfsUser {
  private static final int PATIENCE_SECONDS = 120;

  private final Path home;
  private final Path launcher;

  /**
   * How a command ended.
   *
   * @param status its exit status
   * @param output what it printed as its result
   * @param errors what it printed as messages
   */
  public record Ended(int status, String output, String errors) {}

  private ColabfsUser(Path home, Path launcher) {
    this.home = home;
    this.launcher = launcher;
  }

  /** Makes a home in an empty or missing directory. */
  public static ColabfsUser in(Path directory) throws IOException {
    Path home = Files.createDirectories(directory).toRealPath();
    for (String name : List.of("config", "state", "cache", "data", "run")) {
      Files.createDirectories(home.resolve(name));
    }
    Path bin = Files.createDirectories(home.resolve("bin"));
    Path launcher = bin.resolve("colabfs");
    Files.writeString(
        launcher,
        """
        #!/bin/sh
        exec '%s' -Xmx256m -XX:+UseSerialGC -Dcolabfs.launcher='%s' -cp '%s' colabfs.cli.Main "$@"
        """
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                launcher,
                System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    return new ColabfsUser(home, launcher);
  }

  /** The program that runs as {@code colabfs}; it is also on the PATH of {@link #sh}. */
  public Path launcher() {
    return launcher;
  }

  public Path home() {
    return home;
  }

  /** Runs {@code colabfs} with nothing on its input. */
  public Ended colabfs(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    return run(prepare(command, home));
  }

  /** Runs a shell's command line in a directory, with nothing on its input. */
  public Ended sh(Path directory, String line) throws IOException, InterruptedException {
    return run(prepare(List.of("/bin/sh", "-c", line), directory));
  }

  /** A command in this user's environment, to be started. */
  public ProcessBuilder prepare(List<String> command, Path directory) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    var variables = builder.environment();
    variables.keySet().removeIf(name -> name.startsWith("COLABFS_") || name.startsWith("SSH_"));
    variables.put("HOME", home.toString());
    variables.put("XDG_CONFIG_HOME", home.resolve("config").toString());
    variables.put("XDG_STATE_HOME", home.resolve("state").toString());
    variables.put("XDG_CACHE_HOME", home.resolve("cache").toString());
    variables.put("XDG_CACHE_HOME", home.resolve("cache").toString());
    variables.put("XDG_DATA_HOME", home.resolve("data").toString());
    variables.put("XDG_RUNTIME_DIR", home.resolve("run").toString());
    variables.put("PATH", launcher.getParent() + ":" + System.getenv("PATH"));
    return builder;
  }

  private Ended run(ProcessBuilder builder) throws IOException, InterruptedException {
    Path output = Files.createTempFile(home, "output", "");
    Path errors = Files.createTempFile(home, "errors", "");
    Process process =
        builder
            .redirectInput(new File("/dev/null"))
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    Ended result = new Ended(ended ? process.exitValue() : -1, taken(output), taken(errors));
    if (!ended) {
      throw new IOException(
          "no end after %d s: %s; %s".formatted(PATIENCE_SECONDS, builder.command(), result));
    }
    return result;
  }

  private static String taken(Path file) throws IOException {
    String text = Files.readString(file, StandardCharsets.UTF_8);
    Files.delete(file);
    return text;
  }
}
