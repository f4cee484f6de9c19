package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.crypto.NativeCrypto;
import colabfs.demo.EmbeddedRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Uses what commands and mounts use, so that the launcher can have Java note the classes and keep
 * them parsed for the next start. Touches nothing of the user's: what it mounts, for a moment, is
 * in a temporary directory.
 */
final class ClassTraining {

  private static final String PROFILE = "connected";
  private static final int SMALL_FILES = 40;
  private static final int LARGE_BYTES = 2 << 20;
  private static final int POLL_MILLIS = 20;

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

  /**
   * Trains, once.
   *
   * @param args a file to make if the ciphers in C work here
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length > 0 && NativeCrypto.works()) {
      Files.createFile(Path.of(args[0]));
    }
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
  static int runConnected(Path directory) throws IOException, InterruptedException {
    Surroundings surroundings = surroundings(directory);
    try (EmbeddedRuntime runtime =
        EmbeddedRuntime.start(Files.createDirectory(directory.resolve("runtime")))) {
      int init =
          Main.run(
              surroundings,
              "init",
              PROFILE,
              "--host=127.0.0.1",
              "--port=" + runtime.port(),
              "--user=" + runtime.user(),
              "--key=" + runtime.privateKey(),
              "--root=" + runtime.root(),
              "--accept-new-host-key");
      int exec = Main.run(surroundings, "exec", "-p", PROFILE, "--", "true");
      int mount = runMounted(surroundings, Files.createDirectory(directory.resolve("mnt")));
      int status = Main.run(surroundings, "status", "--json");
      return IntStream.of(init, exec, mount, status).max().orElseThrow();
    }
  }

  /** A mount that this process serves, and what people do with one; gives the worst exit code. */
  private static int runMounted(Surroundings surroundings, Path mountpoint)
      throws IOException, InterruptedException {
    ExecutorService server = Executors.newSingleThreadExecutor();
    try {
      String place = mountpoint.toString();
      Future<Integer> served =
          server.submit(() -> Main.run(surroundings, "mount", "--foreground", PROFILE, place));
      while (!KnownMounts.of(surroundings.environment()).at(mountpoint).isPresent()) {
        if (served.isDone()) {
          return 1; // no mounts here
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
      try {
        use(mountpoint);
        Main.run(surroundings, "status");
      } finally {
        Main.run(surroundings, "umount", place);
      }
      return served.get();
    } catch (ExecutionException e) {
      throw new IOException(e);
    } finally {
      server.shutdown();
    }
  }

  private static void use(Path mounted) throws IOException {
    Path directory = Files.createDirectory(mounted.resolve("d"));
    for (int i = 0; i < SMALL_FILES; i++) {
      Files.writeString(directory.resolve("f" + i), "text " + i);
    }
    Path file = directory.resolve("f0");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    Files.writeString(file, "more", StandardOpenOption.APPEND);
    Files.move(file, directory.resolve("f1"), StandardCopyOption.REPLACE_EXISTING);
    Files.createSymbolicLink(directory.resolve("l"), Path.of("f1"));
    Files.write(mounted.resolve("large"), new byte[LARGE_BYTES]);
    try (Stream<Path> files = Files.walk(mounted)) {
      for (Path found : files.filter(Files::isRegularFile).toList()) {
        Files.readAllBytes(found);
      }
    }
    delete(directory);
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
            "XDG_CACHE_HOME", place,
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
