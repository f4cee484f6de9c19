package colabfs.app;

import colabfs.control.LaunchPipe;
import colabfs.control.LaunchPipe.Outcome;
import colabfs.control.LaunchPipe.Person;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Starts the process that serves a mount and follows it until the mount answers. That process is
 * the leader of a session of its own, so that it survives the terminal; its working directory is
 * {@code /}, so that it holds nothing; what it makes is for the user alone.
 */
public final class DaemonLauncher {
  /** Set by the launcher script to its own path. */
  private static final String LAUNCHER_PROPERTY = "colabfs.launcher";

  /** The hidden command with the options of {@code mount} that serves a mount. */
  public static final String DAEMON_COMMAND = "daemon";

  private final Map<String, String> environment;

  public DaemonLauncher(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * Waits for the network, and for the person where a question is asked; returns when the mount
   * answers.
   *
   * @return the mounted root, absolute on the runtime, and what there is to tell of it
   * @throws AppException when there will be no mount
   */
  public Outcome launch(MountOptions options, Person person) throws AppException {
    try {
      Path log = MountLog.file(environment, options.profile(), options.mountpoint());
      Process process = start(options, log);
      LaunchPipe pipe = new LaunchPipe(process.getInputStream(), process.getOutputStream());
      Outcome outcome = follow(pipe, person, log);
      String failure = outcome.failure();
      if (failure != null) {
        throw new AppException(failure);
      }
      return outcome;
    } catch (IOException e) {
      throw new AppException(
          "the mount's process could not be started: %s; check that the disk is not full"
              .formatted(e.getMessage()),
          e);
    }
  }

  private static Outcome follow(LaunchPipe pipe, Person person, Path log) throws AppException {
    try {
      return pipe.follow(person);
    } catch (IOException e) {
      throw new AppException(
          "the mount's process ended unexpectedly; see %s and %s, or try --foreground"
              .formatted(log, errorFile(log)),
          e);
    }
  }

  private Process start(MountOptions options, Path log) throws IOException {
    Path errors = errorFile(log);
    Files.deleteIfExists(errors);
    List<String> command = new ArrayList<>();
    // setsid(1) does not fork here: a child of ours leads no group. Without it SIGHUP is ignored.
    command.addAll(
        List.of(
            "/bin/sh",
            "-c",
            "umask 077; if command -v setsid > /dev/null; then exec setsid \"$@\"; else exec \"$@\"; fi",
            "colabfs"));
    command.addAll(program());
    command.add(DAEMON_COMMAND);
    command.addAll(options.asArguments());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectError(ProcessBuilder.Redirect.to(PrivateFile.make(errors).toFile()));
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Path errorFile(Path log) {
    return log.resolveSibling(log.getFileName() + ".stderr");
  }

  private static List<String> program() {
    String launcher = System.getProperty(LAUNCHER_PROPERTY, "");
    if (!launcher.isEmpty()) {
      return List.of(launcher);
    }
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        absolute(System.getProperty("java.class.path")),
        "colabfs.cli.Main");
  }

  /** The process has another working directory. */
  private static String absolute(String classPath) {
    return Stream.of(classPath.split(File.pathSeparator, -1))
        .map(element -> Path.of(element).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
