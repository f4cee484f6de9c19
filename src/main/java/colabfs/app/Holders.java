package colabfs.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the processes that hold a mount: by working directory, root, program, open or mapped files
 * (proc(5)). Only links and maps are read, so nothing is asked of the mount itself. Of other users'
 * processes nothing is seen, unless one is root.
 */
final class Holders {
  /**
   * One process.
   *
   * @param name as {@code ps} shows it
   * @param how what it holds, such as {@code its working directory}
   */
  record Holder(long pid, String name, String how) {
    @Override
    public String toString() {
      return "%s (pid %d, %s)".formatted(name, pid, how);
    }
  }

  private Holders() {}

  /** All but the process that asks, in the order of their numbers. */
  static List<Holder> of(Path mountpoint) {
    List<Holder> holders = new ArrayList<>();
    try (DirectoryStream<Path> processes =
        Files.newDirectoryStream(Path.of("/proc"), Holders::isProcess)) {
      for (Path process : processes) {
        String how = how(process, mountpoint);
        if (how != null) {
          holders.add(new Holder(pid(process), name(process), how));
        }
      }
    } catch (IOException e) {
      return holders; // not Linux
    }
    holders.sort(java.util.Comparator.comparingLong(Holder::pid));
    return holders;
  }

  private static boolean isProcess(Path path) {
    String name = path.getFileName().toString();
    return name.chars().allMatch(c -> c >= '0' && c <= '9')
        && pid(path) != ProcessHandle.current().pid();
  }

  private static long pid(Path process) {
    return Long.parseLong(process.getFileName().toString());
  }

  private static @org.jspecify.annotations.Nullable String how(Path process, Path mountpoint) {
    if (isInside(process.resolve("cwd"), mountpoint)) {
      return "its working directory";
    }
    if (isInside(process.resolve("root"), mountpoint)) {
      return "its root directory";
    }
    if (isInside(process.resolve("exe"), mountpoint)) {
      return "its program";
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path file : files) {
        if (isInside(file, mountpoint)) {
          return "an open file: " + Files.readSymbolicLink(file);
        }
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      return null; // it has ended, or is somebody else's
    }
    return isMapped(process, mountpoint) ? "a mapped file" : null;
  }

  private static boolean isInside(Path link, Path mountpoint) {
    try {
      return Files.readSymbolicLink(link).startsWith(mountpoint);
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isMapped(Path process, Path mountpoint) {
    try (Stream<String> maps = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
      String inside =
          " "
              + new String(
                  mountpoint.toString().getBytes(StandardCharsets.UTF_8),
                  StandardCharsets.ISO_8859_1)
              + "/";
      return maps.anyMatch(line -> line.contains(inside));
    } catch (IOException | java.io.UncheckedIOException e) {
      return false;
    }
  }

  private static String name(Path process) {
    try {
      return Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1).strip();
    } catch (IOException e) {
      return "a process";
    }
  }
}
