package colabfs.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What is mounted where, as the kernel tells it without asking the file systems. */
final class MountTable {
  private static final Path MOUNT_INFO = Path.of("/proc/self/mountinfo");

  /** proc(5), mountinfo: fields before the separator, counted from 0. */
  private static final int MOUNT_POINT = 4;

  private static final int COMMAND_SECONDS = 10;

  private MountTable() {}

  /** Whether a FUSE file system is mounted there; false where the system does not tell. */
  static boolean hasFuse(Path mountpoint) {
    try {
      for (String line : Files.readAllLines(MOUNT_INFO, StandardCharsets.UTF_8)) {
        String[] fields = line.split(" ", -1);
        int separator = List.of(fields).indexOf("-");
        if (separator > MOUNT_POINT
            && separator + 1 < fields.length
            && fields[separator + 1].startsWith("fuse")
            && unescape(fields[MOUNT_POINT]).equals(mountpoint.toString())) {
          return true;
        }
      }
      return false;
    } catch (NoSuchFileException e) {
      return false; // not Linux
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("the list of mounts cannot be read", e);
    }
  }

  /** The kernel writes space, tab, newline and backslash as three octal digits. */
  static String unescape(String field) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + 3 < field.length()) {
        text.append((char) Integer.parseInt(field.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /**
   * Takes a FUSE mount out of the tree at once, whoever holds it: for one whose process has ended
   * or does not answer.
   *
   * @throws AppException with what the last program said
   */
  static void detach(Path mountpoint) throws AppException {
    String said = "no program for it was found";
    for (List<String> command :
        List.of(
            List.of("fusermount3", "-u", "-z", mountpoint.toString()),
            List.of("fusermount", "-u", "-z", mountpoint.toString()),
            List.of("umount", "-l", mountpoint.toString()))) {
      try {
        Process process =
            new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw AppException.of(e);
      } catch (IOException e) {
        said = String.valueOf(e.getMessage());
      }
    }
    throw new AppException(
        "%s could not be unmounted: %s; try: sudo umount -l %s"
            .formatted(mountpoint, said, mountpoint));
  }
}
