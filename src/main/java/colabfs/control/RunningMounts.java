package colabfs.control;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/**
 * The user's running mounts: a file of JSON for each, beside its socket, named after the mount
 * point. The files of mounts whose process has ended are still listed: whoever knows that nothing
 * is mounted there any more forgets them.
 *
 * <p>Threading: any thread and any process; a file appears whole.
 */
public final class RunningMounts {
  private static final Logger LOG = System.getLogger(RunningMounts.class.getName());
  private static final String SUFFIX = ".json";

  private final Path directory;

  /** The list in a directory that {@link RuntimeDirectory} made. */
  public RunningMounts(Path directory) {
    this.directory = directory;
  }

  /** A short name of a mount point, for files. */
  public static String shortName(Path mountpoint) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(mountpoint.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  public Path socketOf(Path mountpoint) {
    return directory.resolve(socketName(mountpoint));
  }

  static String socketName(Path mountpoint) {
    return shortName(mountpoint) + ".sock";
  }

  /** Adds a mount, in place of an earlier one at the same mount point. */
  public void add(RunningMount mount) throws IOException {
    Path file = fileOf(mount.mountpoint());
    Path unfinished =
        Files.createTempFile(
            directory,
            "mount",
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(unfinished, Messages.write(mount), StandardOpenOption.WRITE);
    Files.move(
        unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Removes a mount and its socket from the list, unless another process has taken its place. */
  public void forget(RunningMount mount) throws IOException {
    Path file = fileOf(mount.mountpoint());
    try {
      if (!Messages.readMount(Files.readString(file)).process().equals(mount.process())) {
        return;
      }
    } catch (NoSuchFileException e) {
      return;
    }
    Files.deleteIfExists(socketOf(mount.mountpoint()));
    Files.deleteIfExists(file);
  }

  /** Every mount in the list, also those whose process has ended, in the order they were made. */
  public List<RunningMount> list() throws IOException {
    List<RunningMount> mounts = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        try {
          mounts.add(Messages.readMount(Files.readString(file)));
        } catch (NoSuchFileException e) {
          LOG.log(Level.DEBUG, "unmounted meanwhile", e);
        } catch (IOException e) {
          LOG.log(Level.WARNING, "{0} was not read: {1}", file, e.getMessage());
        }
      }
    }
    mounts.sort(Comparator.comparing(RunningMount::started));
    return mounts;
  }

  private Path fileOf(Path mountpoint) {
    return directory.resolve(shortName(mountpoint) + SUFFIX);
  }
}
