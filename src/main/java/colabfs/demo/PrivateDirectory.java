package colabfs.demo;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a demonstration leaves on the disk: one temporary directory for this user alone, with
 * the profiles, logs, cache and socket of the commands that it runs, so that the user's own are
 * never touched.
 */
final class PrivateDirectory implements AutoCloseable {
  private static final Path MOUNTS = Path.of("/proc/self/mounts");

  private final Path dir;

  private PrivateDirectory(Path dir) {
    this.dir = dir;
  }

  /** Makes one, with a {@code bin} in which {@code colabfs} is the launcher. */
  static PrivateDirectory create(Path launcher) throws IOException {
    Path dir = Files.createTempDirectory("colabfs-demo-").toRealPath();
    Files.createSymbolicLink(
        Files.createDirectory(dir.resolve("bin")).resolve("colabfs"), launcher.toRealPath());
    PrivateDirectory made = new PrivateDirectory(dir);
    for (String name : made.variables().keySet()) {
      if (name.startsWith("XDG_")) {
        Files.createDirectory(dir.resolve(directoryOf(name)));
      }
    }
    return made;
  }

  Path make(String name) throws IOException {
    return Files.createDirectories(dir.resolve(name));
  }

  Path resolve(String name) {
    return dir.resolve(name);
  }

  /** The variables that keep a command inside; an empty value takes one away. */
  Map<String, String> variables() {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String name :
        List.of(
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
            "XDG_RUNTIME_DIR")) {
      variables.put(name, dir.resolve(directoryOf(name)).toString());
    }
    variables.put(
        "PATH", dir.resolve("bin") + ":" + System.getenv().getOrDefault("PATH", "/usr/bin:/bin"));
    variables.put("COLABFS_PROFILE", "");
    variables.put("SSH_AUTH_SOCK", "");
    return variables;
  }

  private static String directoryOf(String variable) {
    return variable.replaceAll("^XDG_|_HOME$|_DIR$", "").toLowerCase(Locale.ROOT);
  }

  /** Whether something is mounted there, as far as this system tells. */
  static boolean isMounted(Path mountpoint) throws IOException {
    if (!Files.isReadable(MOUNTS)) {
      return false;
    }
    String field = mountpoint.toString().replace("\\", "\\134").replace(" ", "\\040");
    return Files.readAllLines(MOUNTS).stream().anyMatch(line -> line.contains(" " + field + " "));
  }

  /** Removes it all; links are not followed. Nothing may be mounted inside. */
  @Override
  public void close() throws IOException {
    Files.walkFileTree(
        dir,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
