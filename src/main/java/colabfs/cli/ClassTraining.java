package colabfs.cli;

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
          List.of("unknown"),
          List.of("--version"));

  public static void main(String[] args) throws IOException {
    Path directory = Files.createTempDirectory("colabfs-training");
    try {
      run(directory);
    } finally {
      delete(directory);
    }
  }

  /** Runs the commands with that configuration directory; what they print is dropped. */
  static void run(Path directory) {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    Surroundings surroundings =
        new Surroundings(
            InputStream.nullInputStream(),
            nowhere,
            nowhere,
            Terminal.ofProcess(),
            Map.of("XDG_CONFIG_HOME", directory.toString()));
    for (List<String> line : COMMAND_LINES) {
      Main.run(surroundings, line.toArray(String[]::new));
    }
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
