package colabfs.doctor;

import colabfs.config.Setting;
import colabfs.config.Settings;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What this machine itself must have to mount. */
final class SystemChecks {
  private static final int LEAST_JAVA = 17;

  /** Before it, an entry of the kernel's cannot be made to expire alone (FUSE 7.38). */
  private static final int EXPIRING_MAJOR = 6;

  private static final int EXPIRING_MINOR = 2;

  /** A mount's sockets, caches and jars take some hundred; the journal opens files in bursts. */
  private static final long FEW_FILES = 1024;

  private static final Pattern VERSION = Pattern.compile("(\\d{1,5})(?:\\.(\\d{1,5}))?.*");

  private final Here here;
  private final Settings settings;

  SystemChecks(Here here, Settings settings) {
    this.here = here;
    this.settings = settings;
  }

  List<Check> all() {
    return List.of(
        Check.of("java", this::java),
        Check.of("libfuse", this::libfuse),
        Check.of("fusermount", this::fusermount),
        Check.of("fuse-device", this::device),
        Check.of("allow-other", this::allowOther),
        Check.of("kernel", this::kernel),
        Check.of("open-files", this::openFiles));
  }

  private Finding java() {
    Matcher version = VERSION.matcher(here.javaVersion());
    int major = version.matches() ? Integer.parseInt(version.group(1)) : 0;
    return major < LEAST_JAVA
        ? Finding.fail(
            "java", "Java %s is too old".formatted(here.javaVersion()), "install Java 17 or newer")
        : Finding.ok("java", "Java " + here.javaVersion());
  }

  private Finding libfuse() {
    return here.libfuse()
        .get()
        .map(problem -> Finding.fail("libfuse", problem, null))
        .orElseGet(() -> Finding.ok("libfuse", "libfuse 2 is there"));
  }

  private Finding fusermount() throws IOException {
    if (!here.isLinux()) {
      return Finding.ok("fusermount", "not needed on " + here.system());
    }
    Optional<Path> program = onPath("fusermount").or(() -> onPath("fusermount3"));
    if (here.isRoot()) {
      return Finding.ok("fusermount", "not needed, as you are root");
    }
    if (program.isEmpty()) {
      return Finding.fail(
          "fusermount",
          "the program fusermount is missing, without which only root can mount",
          "apt install fuse3");
    }
    boolean privileged =
        (((Number) Files.getAttribute(program.get().toRealPath(), "unix:mode")).intValue() & 04000)
            != 0;
    return privileged
        ? Finding.ok("fusermount", program.get().toString())
        : Finding.warn(
            "fusermount",
            "%s does not run as root, so it may not mount".formatted(program.get()),
            "chmod u+s %s as root, or install it again: apt install --reinstall fuse3"
                .formatted(program.get()));
  }

  private Optional<Path> onPath(String program) {
    String path =
        here.environment().getOrDefault("PATH", "") + File.pathSeparator + "/usr/bin:/bin";
    return Stream.of(path.split(File.pathSeparator, -1))
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> here.path(directory).resolve(program))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private Finding device() {
    if (!here.isLinux()) {
      return Finding.ok("fuse-device", "not needed on " + here.system());
    }
    Path device = here.path("/dev/fuse");
    if (!Files.exists(device)) {
      return Finding.fail(
          "fuse-device",
          "/dev/fuse does not exist",
          "load the kernel module (modprobe fuse); in a container, start it with --device /dev/fuse"
              + " --cap-add SYS_ADMIN");
    }
    try {
      FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE).close();
      return Finding.ok("fuse-device", "/dev/fuse can be opened");
    } catch (IOException e) {
      return Finding.fail(
          "fuse-device",
          "/dev/fuse cannot be opened: %s".formatted(Reasons.of(e)),
          "let your user in (chmod 666 /dev/fuse as root); in a container, start it with --device"
              + " /dev/fuse --cap-add SYS_ADMIN");
    }
  }

  private Finding allowOther() throws IOException {
    if (!settings.list(Setting.MOUNT_OPTIONS).contains("allow_other")) {
      return Finding.ok("allow-other", "not wanted, by mount.options");
    }
    if (here.isRoot() || !here.isLinux()) {
      return Finding.ok("allow-other", "wanted by mount.options, and permitted");
    }
    Path file = here.path("/etc/fuse.conf");
    boolean permitted =
        Files.isReadable(file)
            && Files.readAllLines(file).stream()
                .anyMatch(l -> l.strip().equals("user_allow_other"));
    return permitted
        ? Finding.ok("allow-other", "wanted by mount.options, and permitted by /etc/fuse.conf")
        : Finding.fail(
            "allow-other",
            "mount.options wants allow_other, and /etc/fuse.conf does not say user_allow_other",
            "have its administrator add that line, or: colabfs config unset mount.options");
  }

  private Finding kernel() {
    String text = here.system() + " " + here.kernel();
    Matcher version = VERSION.matcher(here.kernel());
    if (!here.isLinux() || !version.matches()) {
      return Finding.warn(
          "kernel", text + " is not what colabfs is tested on", "expect rough edges; report them");
    }
    int major = Integer.parseInt(version.group(1));
    int minor = version.group(2) == null ? 0 : Integer.parseInt(version.group(2));
    boolean expires =
        major > EXPIRING_MAJOR || (major == EXPIRING_MAJOR && minor >= EXPIRING_MINOR);
    return expires
        ? Finding.ok("kernel", text)
        : Finding.warn(
            "kernel",
            text
                + ": names of directories are remembered for a tenth of a second instead of an hour,"
                + " so deep paths cost a little more time",
            "nothing has to be done; Linux 6.2 or newer is quicker");
  }

  private Finding openFiles() {
    long most = here.openFiles();
    if (most < 0) {
      return Finding.ok("open-files", "the limit is not told");
    }
    return most < FEW_FILES
        ? Finding.warn(
            "open-files",
            "a process may have %d files open, which is little".formatted(most),
            "ulimit -n 4096 before you mount")
        : Finding.ok("open-files", "a process may have %d open".formatted(most));
  }

  /** Whether anybody but the owner may do anything. */
  static boolean isOpenToOthers(Path path) throws IOException {
    return Files.getPosixFilePermissions(path).stream()
        .anyMatch(
            each ->
                each != PosixFilePermission.OWNER_READ
                    && each != PosixFilePermission.OWNER_WRITE
                    && each != PosixFilePermission.OWNER_EXECUTE);
  }
}
