package colabfs.control;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * Where sockets and the list of mounts are: {@code $XDG_RUNTIME_DIR/colabfs}, else {@code
 * $XDG_STATE_HOME/colabfs/run}, else {@code ~/.local/state/colabfs/run}. A place whose name is too
 * long for a socket is replaced by {@code /tmp/colabfs-UID}.
 */
public final class RuntimeDirectory {
  /** A socket's path has at most 107 bytes (unix(7)); our names take 18 of them. */
  private static final int MAX_DIRECTORY_BYTES = 88;

  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");
  private static final FileAttribute<Set<PosixFilePermission>> AS_PRIVATE =
      PosixFilePermissions.asFileAttribute(PRIVATE);

  private RuntimeDirectory() {}

  /** The directory for that environment; it is made when it is missing. */
  public static Path of(Map<String, String> environment) throws IOException {
    return makePrivate(place(environment));
  }

  /** The directory for that environment; not made. */
  public static Path place(Map<String, String> environment) {
    Path wanted = wanted(environment);
    return wanted.toString().getBytes(StandardCharsets.UTF_8).length > MAX_DIRECTORY_BYTES
        ? Path.of("/tmp/colabfs-" + new UnixSystem().getUid())
        : wanted;
  }

  private static Path wanted(Map<String, String> environment) {
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    if (runtime.startsWith("/") && Files.isDirectory(Path.of(runtime))) {
      return Path.of(runtime, "colabfs");
    }
    return stateDirectory(environment).resolve("run");
  }

  /** {@code $XDG_STATE_HOME/colabfs}, or {@code ~/.local/state/colabfs}; not made. */
  public static Path stateDirectory(Map<String, String> environment) {
    String state = environment.getOrDefault("XDG_STATE_HOME", "");
    // The specification says that relative paths are to be ignored.
    return state.startsWith("/")
        ? Path.of(state, "colabfs")
        : Path.of(System.getProperty("user.home"), ".local", "state", "colabfs");
  }

  /** {@code $XDG_CACHE_HOME/colabfs}, or {@code ~/.cache/colabfs}; not made. */
  public static Path cacheDirectory(Map<String, String> environment) {
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    return cache.startsWith("/")
        ? Path.of(cache, "colabfs")
        : Path.of(System.getProperty("user.home"), ".cache", "colabfs");
  }

  /**
   * Makes a directory for the user alone, or checks that it is one: in /tmp somebody else may have
   * been first.
   */
  public static Path makePrivate(Path directory) throws IOException {
    Path parent = directory.getParent();
    if (parent != null) {
      Files.createDirectories(parent, AS_PRIVATE);
    }
    try {
      Files.createDirectory(directory, AS_PRIVATE);
    } catch (FileAlreadyExistsException e) {
      checkPrivate(directory);
    }
    return directory;
  }

  private static void checkPrivate(Path directory) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    long uid =
        ((Number) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)).longValue();
    if (!attributes.isDirectory() || uid != new UnixSystem().getUid()) {
      throw new IOException(
          directory
              + " is not a directory of yours; remove it, or set XDG_STATE_HOME to another place");
    }
    if (!attributes.permissions().equals(PRIVATE)) {
      Files.setPosixFilePermissions(directory, PRIVATE);
    }
  }
}
