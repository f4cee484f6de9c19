package colabfs.fuse;

import colabfs.fuse.MountException.Reason;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** The local directory that is mounted on: may it be used, and how it is given back. */
final class MountPoint {
  private static final Path DEVICE = Path.of("/dev/fuse");
  private static final Path FUSE_CONF = Path.of("/etc/fuse.conf");

  private final Path path;

  private MountPoint(Path path) {
    this.path = path;
  }

  Path path() {
    return path;
  }

  /**
   * Checks everything that can be checked before libfuse is asked, and clears away a mount of ours
   * whose process is dead.
   */
  static MountPoint prepare(Path mountpoint, FuseSettings settings, LocalUser user)
      throws MountException {
    Path path = resolve(mountpoint);
    MountTable.Entry mounted = MountTable.at(path);
    if (mounted != null && mounted.isOurs() && isStale(path)) {
      Unmount.of(path, user, true);
      mounted = MountTable.at(path);
    }
    if (mounted != null && !FuseOptions.allowsNonEmpty(settings)) {
      throw new MountException(
          Reason.MOUNTPOINT_BUSY,
          "%s is a mount already (%s, %s). Unmount it first: %s, or choose another directory."
              .formatted(
                  path,
                  mounted.source(),
                  mounted.type(),
                  mounted.isOurs() ? "colabfs umount " + path : "umount " + path));
    }
    checkDirectory(path, FuseOptions.allowsNonEmpty(settings));
    checkSystem(settings, user);
    return new MountPoint(path);
  }

  /** Links of the parent resolved, the last name not looked at: it may be a dead mount. */
  private static Path resolve(Path mountpoint) throws MountException {
    Path absolute = mountpoint.toAbsolutePath().normalize();
    if (Files.isSymbolicLink(absolute)) {
      try {
        return absolute.toRealPath();
      } catch (IOException e) {
        throw missing(absolute, e);
      }
    }
    Path parent = absolute.getParent();
    Path name = absolute.getFileName();
    if (parent == null || name == null) {
      throw new MountException(
          Reason.MOUNTPOINT_NOT_EMPTY, "/ cannot be mounted on. Choose an empty directory.");
    }
    try {
      return parent.toRealPath().resolve(name);
    } catch (IOException e) {
      throw missing(absolute, e);
    }
  }

  private static MountException missing(Path path, IOException cause) {
    return new MountException(
        Reason.MOUNTPOINT_MISSING,
        "The mount point %s does not exist. Make it: mkdir -p %s".formatted(path, path),
        cause);
  }

  /** A mount whose process is gone answers "Transport endpoint is not connected" to everything. */
  private static boolean isStale(Path path) {
    return !Files.exists(path);
  }

  private static void checkDirectory(Path path, boolean nonEmpty) throws MountException {
    if (!Files.exists(path)) {
      throw missing(path, new IOException("not there"));
    }
    if (!Files.isDirectory(path)) {
      throw new MountException(
          Reason.MOUNTPOINT_NOT_DIRECTORY,
          "The mount point %s is not a directory. Choose an empty directory.".formatted(path));
    }
    if (nonEmpty) {
      return;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
      if (entries.iterator().hasNext()) {
        throw new MountException(
            Reason.MOUNTPOINT_NOT_EMPTY,
            ("The mount point %s is not empty, and its files would be hidden. Choose an empty"
                    + " directory, or mount with -o nonempty.")
                .formatted(path));
      }
    } catch (IOException e) {
      throw new MountException(
          Reason.FAILED,
          "The mount point %s cannot be read: %s. Choose a directory of your own."
              .formatted(path, reason(e)),
          e);
    }
  }

  private static void checkSystem(FuseSettings settings, LocalUser user) throws MountException {
    if (!Libraries.isLinux()) {
      return; // macFUSE has neither the device nor fusermount
    }
    checkDevice();
    if (user.isRoot()) {
      return;
    }
    if (!isOnPath("fusermount")) {
      throw new MountException(
          Reason.NO_FUSE_DEVICE,
          "The program fusermount is missing, without which only root can mount. Install it:"
              + " apt install fuse3");
    }
    if (FuseOptions.allowsOther(settings) && !otherUsersAllowed()) {
      throw new MountException(
          Reason.BAD_OPTION,
          "allow_other is not permitted on this machine. Ask its administrator to put the line"
              + " user_allow_other into /etc/fuse.conf, or mount without it.");
    }
  }

  private static void checkDevice() throws MountException {
    if (!Files.exists(DEVICE)) {
      throw new MountException(
          Reason.NO_FUSE_DEVICE,
          "/dev/fuse does not exist. Load the kernel module (modprobe fuse); in a container, start"
              + " it with --device /dev/fuse --cap-add SYS_ADMIN.");
    }
    try {
      FileChannel.open(DEVICE, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
    } catch (IOException e) {
      throw new MountException(
          Reason.NO_FUSE_DEVICE,
          "/dev/fuse cannot be opened: %s. Let your user in (chmod 666 /dev/fuse as root); in a"
                  .formatted(reason(e))
              + " container, start it with --device /dev/fuse --cap-add SYS_ADMIN.",
          e);
    }
  }

  private static String reason(IOException e) {
    String reason = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
    return reason == null ? "permission denied" : reason;
  }

  static boolean isOnPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/bin:/bin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .filter(directory -> !directory.isEmpty())
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  private static boolean otherUsersAllowed() {
    try (Stream<String> lines = Files.lines(FUSE_CONF)) {
      return lines.anyMatch(line -> line.strip().equals("user_allow_other"));
    } catch (IOException e) {
      return false;
    }
  }
}
