package colabfs.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.config.Settings;
import colabfs.doctor.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SystemChecksTest {
  private static final long SOMEBODY = 1000;

  @TempDir Path root;

  @SuppressWarnings("NullAway.Init") // set before each test
  private FakeHere machine;

  @BeforeEach
  void start() throws IOException {
    machine = new FakeHere(root);
    machine.uid = SOMEBODY;
  }

  private Finding look(String id) {
    try {
      return new SystemChecks(machine.here(), Settings.of(machine.environment))
          .all().stream()
              .filter(check -> check.id().equals(id))
              .findFirst()
              .orElseThrow()
              .look()
              .look()
              .get(0);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void is(String id, Level level, String... words) {
    Finding finding = look(id);
    assertThat(finding.id()).isEqualTo(id);
    assertThat(finding.level()).as(finding.message()).isEqualTo(level);
    assertThat(List.of(words))
        .allSatisfy(word -> assertThat(finding.message() + "; " + finding.next()).contains(word));
  }

  @Test
  void java_older_fails() {
    is("java", Level.OK, "Java 17.0.15");
    machine.java = "11.0.2";
    is("java", Level.FAIL, "Java 11.0.2 is too old", "install Java 17 or newer");
    machine.java = "25-ea";
    is("java", Level.OK);
    machine.java = "1.8.0_202";
    is("java", Level.FAIL);
  }

  @Test
  void libfuse_missing_fails() {
    is("libfuse", Level.OK);
    machine.libfuse = Optional.of("libfuse.so.2 is not installed: apt install libfuse2");
    is("libfuse", Level.FAIL, "apt install libfuse2");
  }

  @Test
  void fusermount_missingOrWithoutItsBit_isNamed() throws IOException {
    is("fusermount", Level.OK, "fusermount");
    Files.setAttribute(root.resolve("usr/bin/fusermount"), "unix:mode", 0100755);
    is("fusermount", Level.WARN, "does not run as root", "chmod u+s");
    Files.delete(root.resolve("usr/bin/fusermount"));
    is("fusermount", Level.FAIL, "fusermount is missing", "apt install fuse3");
    machine.program("usr/bin/fusermount3");
    is("fusermount", Level.OK, "fusermount3");
    Files.delete(root.resolve("usr/bin/fusermount3"));
    machine.uid = 0;
    is("fusermount", Level.OK, "not needed, as you are root");
    machine.system = "Mac OS X";
    is("fusermount", Level.OK, "not needed on Mac OS X");
  }

  @Test
  void device_missingOrUnusable_fails() throws IOException {
    is("fuse-device", Level.OK);
    Files.delete(root.resolve("dev/fuse"));
    is("fuse-device", Level.FAIL, "/dev/fuse does not exist", "modprobe fuse");
    Files.createDirectory(root.resolve("dev/fuse"));
    is("fuse-device", Level.FAIL, "/dev/fuse cannot be opened", "chmod 666 /dev/fuse");
  }

  @Test
  void allowOther_wantedAndNotPermitted_fails() throws IOException {
    is("allow-other", Level.OK, "not wanted");
    machine.environment.put("COLABFS_MOUNT_OPTIONS", "noatime,allow_other");
    is("allow-other", Level.FAIL, "user_allow_other", "colabfs config unset mount.options");
    Files.writeString(root.resolve("etc/fuse.conf"), "# user_allow_other\n");
    is("allow-other", Level.FAIL);
    Files.writeString(root.resolve("etc/fuse.conf"), "mount_max = 9\nuser_allow_other\n");
    is("allow-other", Level.OK, "permitted by /etc/fuse.conf");
  }

  @Test
  void kernel_beforeExpiringEntries_isAWarning() {
    is("kernel", Level.OK, "Linux 6.8.0");
    machine.kernel = "6.2";
    is("kernel", Level.OK);
    machine.kernel = "6.1.0-13-amd64";
    is("kernel", Level.WARN, "a tenth of a second instead of an hour");
    machine.kernel = "5.15.0";
    is("kernel", Level.WARN);
    machine.system = "Mac OS X";
    is("kernel", Level.WARN, "is not what colabfs is tested on");
  }

  @Test
  void openFiles_few_isAWarning() {
    is("open-files", Level.OK, "20000");
    machine.openFiles = 256;
    is("open-files", Level.WARN, "256", "ulimit -n");
    machine.openFiles = -1;
    is("open-files", Level.OK, "not told");
  }
}
