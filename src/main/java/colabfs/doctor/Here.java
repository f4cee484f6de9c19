package colabfs.doctor;

import colabfs.fuse.FuseMount;
import colabfs.fuse.MountException;
import com.sun.security.auth.module.UnixSystem;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the checks see of this machine: its own, or a test's.
 *
 * @param root where its files are looked for: {@code /}
 * @param javaVersion such as {@code 17.0.15}
 * @param system such as {@code Linux}
 * @param kernel such as {@code 6.1.0-13-amd64}
 * @param openFiles how many this process may have open; -1 when unknown
 * @param libfuse what is wrong with libfuse
 */
record Here(
    Map<String, String> environment,
    Path root,
    long uid,
    String javaVersion,
    String system,
    String kernel,
    long openFiles,
    Supplier<Optional<String>> libfuse) {

  static Here ofThisMachine(Map<String, String> environment) {
    long openFiles =
        ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.UnixOperatingSystemMXBean unix
            ? unix.getMaxFileDescriptorCount()
            : -1;
    return new Here(
        environment,
        Path.of("/"),
        new UnixSystem().getUid(),
        System.getProperty("java.version"),
        System.getProperty("os.name"),
        System.getProperty("os.version"),
        openFiles,
        Here::libfuseProblem);
  }

  private static Optional<String> libfuseProblem() {
    try {
      FuseMount.checkLibrary();
      return Optional.empty();
    } catch (MountException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  boolean isRoot() {
    return uid == 0;
  }

  boolean isLinux() {
    return system.equals("Linux");
  }

  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }
}
