package colabfs.cli;

import colabfs.demo.EmbeddedRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Uses what short commands use, so that the launcher can have Java note the classes and keep them
 * parsed for the next start. Touches nothing of the user's.
 */
final class ClassTraining {

  private static final String JSON =
      "{\"host\": \"127.0.0.1\", \"port\": \"22\", \"username\": \"u\", \"remote_root\": \"/\"}";

  private static final List<List<String>> COMMAND_LINES =
      List.of(
          List.of("init", "training", JSON, "--no-check"),
          List.of("init", "--help"),
          List.of("profiles", "list"),
          List.of("profiles", "list", "--json"),
          List.of("profiles", "show", "-p", "training"),
          List.of("profiles", "show", "missing"),
          List.of("pending"),
          List.of("unknown"),
          List.of("--version"));

  public static void main(String[] args) throws IOException {
    Path directory = Files.createTempDirectory("colabfs-training");
    try {
      runAlone(directory);
      runConnected(directory);
    } finally {
      delete(directory);
    }
  }

  /** The commands that need no server; what they print is dropped. */
  static void runAlone(Path directory) {
    Surroundings surroundings = surroundings(directory);
    for (List<String> line : COMMAND_LINES) {
      Main.run(surroundings, line.toArray(String[]::new));
    }
  }

  /** The commands that connect, to a server in this process; gives the worst exit code. */
  static int runConnected(Path directory) throws IOException {
    Surroundings surroundings = surroundings(directory);
    try (EmbeddedRuntime runtime =
        EmbeddedRuntime.start(Files.createDirectory(directory.resolve("runtime")))) {
      int init =
          Main.run(
              surroundings,
              "init",
              "connected",
              "--host=127.0.0.1",
              "--port=" + runtime.port(),
              "--user=" + runtime.user(),
              "--key=" + runtime.privateKey(),
              "--root=" + runtime.root(),
              "--accept-new-host-key");
      int exec = Main.run(surroundings, "exec", "-p", "connected", "--", "true");
      int status = Main.run(surroundings, "status", "--json");
      return Math.max(init, Math.max(exec, status));
    }
  }

  private static Surroundings surroundings(Path directory) {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    String place = directory.toString();
    return new Surroundings(
        InputStream.nullInputStream(),
        nowhere,
        nowhere,
        Terminal.ofProcess(),
        Map.of(
            "XDG_CONFIG_HOME", place,
            "XDG_STATE_HOME", place,
            "XDG_RUNTIME_DIR", place));
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private ClassTraining() {}
}
