package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import colabfs.it.posix.Command;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mounting, its refusals, and every way in which a mount ends. */
@Timeout(value = 90, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FuseMountIT {
  @TempDir Path base = Path.of("/nonexistent");

  private Path served = base;
  private Path mountpoint = base;

  @BeforeEach
  void directories() throws IOException {
    served = Files.createDirectory(base.resolve("served"));
    mountpoint = Files.createDirectory(base.resolve("mount, with blanks"));
    Files.writeString(served.resolve("file"), "content");
  }

  /** A test that failed in the middle must not leave a mount in the way of the directory's end. */
  @AfterEach
  void nothingStaysMounted() throws MountException {
    if (MountTable.at(mountpoint) != null) {
      Unmount.of(mountpoint, FuseMount.localUser(), true);
    }
  }

  private String refusal(Path at, String... options) throws IOException {
    try (MountProcess child = MountProcess.start("passthrough", served, at, Map.of(), options)) {
      return child.answer();
    }
  }

  @Test
  void mountpoint_missing() throws IOException {
    assertThat(refusal(base.resolve("nothing")))
        .startsWith("FAILED MOUNTPOINT_MISSING")
        .contains("mkdir -p");
    assertThat(refusal(base.resolve("no/parent"))).startsWith("FAILED MOUNTPOINT_MISSING");
  }

  @Test
  void mountpoint_notADirectory() throws IOException {
    assertThat(refusal(Files.createFile(base.resolve("plain"))))
        .startsWith("FAILED MOUNTPOINT_NOT_DIRECTORY");
  }

  @Test
  void mountpoint_notEmpty_isRefused_unlessAllowed() throws IOException {
    Files.createFile(mountpoint.resolve("mine"));
    assertThat(refusal(mountpoint)).startsWith("FAILED MOUNTPOINT_NOT_EMPTY");
    try (MountProcess child =
        MountProcess.mounted(
            MountProcess.start("passthrough", served, mountpoint, Map.of(), "nonempty"))) {
      assertThat(child.mountpoint().resolve("file")).exists();
    }
    assertThat(mountpoint.resolve("mine")).exists();
  }

  @Test
  void mountpoint_alreadyMounted() throws IOException {
    try (MountProcess first = MountProcess.passThrough(served, mountpoint)) {
      assertThat(refusal(mountpoint))
          .startsWith("FAILED MOUNTPOINT_BUSY")
          .contains("colabfs:test")
          .contains("colabfs umount");
      assertThat(first.mountpoint().resolve("file")).exists();
    }
  }

  @Test
  void options_unknown_areNamed_andNothingStaysMounted() throws IOException {
    assertThat(refusal(mountpoint, "no_such_option"))
        .startsWith("FAILED BAD_OPTION")
        .contains("no_such_option");
    assertThat(MountTable.at(mountpoint)).isNull();
    assertThat(refusal(mountpoint, "fsname=other")).startsWith("FAILED BAD_OPTION");
    assertThat(refusal(mountpoint, "direct_io")).startsWith("FAILED BAD_OPTION");
  }

  @Test
  void readOnly_refusesChanges() throws Exception {
    try (MountProcess child = MountProcess.passThrough(served, mountpoint, "ro")) {
      assertThat(child.mountpoint().resolve("file")).hasContent("content");
      assertThat(Command.sh(mountpoint, "echo x > new").text()).contains("Read-only file system");
      assertThat(Command.sh(mountpoint, "rm -f file").text()).contains("Read-only file system");
    }
  }

  @Test
  void unmount_fromOutside_endsTheMount() throws Exception {
    try (MountProcess child = MountProcess.passThrough(served, mountpoint)) {
      assertThat(Files.exists(mountpoint.resolve("file"))).isTrue();
      Command done = Command.run(base, Map.of(), "umount", mountpoint.toString());
      assertThat(done.text()).isEmpty();
      assertThat(child.answer()).isEqualTo("ENDED");
    }
    assertThat(mountpoint).isEmptyDirectory();
  }

  @Test
  void unmount_bySigterm() throws Exception {
    try (MountProcess child = MountProcess.passThrough(served, mountpoint)) {
      child.process().destroy();
      assertThat(child.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(MountTable.at(mountpoint)).isNull();
    }
  }

  @Test
  void unmount_ofABusyMount_isBusy_andWorksAfterwards() throws Exception {
    try (MountProcess child = MountProcess.passThrough(served, mountpoint)) {
      try (FileChannel open =
          FileChannel.open(mountpoint.resolve("file"), StandardOpenOption.READ)) {
        child.send("unmount");
        assertThat(child.answer()).startsWith("FAILED BUSY").contains("fuser -vm");
        assertThat(open.size()).isEqualTo(7);
      }
      // the kernel lets go of the file shortly after close(2) returned
      await().until(() -> unmounted(child));
      assertThat(MountTable.at(mountpoint)).isNull();
    }
  }

  private static boolean unmounted(MountProcess child) throws IOException {
    child.send("unmount");
    String first = child.answer();
    if (first.startsWith("FAILED BUSY")) {
      return false;
    }
    assertThat(List.of(first, child.answer())).containsExactlyInAnyOrder("ENDED", "UNMOUNTED");
    return true;
  }

  @Test
  void unmount_byForce_takesABusyMountAway() throws Exception {
    try (MountProcess child = MountProcess.passThrough(served, mountpoint)) {
      try (FileChannel open =
          FileChannel.open(mountpoint.resolve("file"), StandardOpenOption.READ)) {
        child.send("force");
        assertThat(child.answer()).isEqualTo("UNMOUNTED");
        assertThat(MountTable.at(mountpoint)).isNull();
        assertThat(open.size()).isEqualTo(7); // who holds it goes on
      }
      assertThat(child.answer()).isEqualTo("ENDED");
    }
  }

  @Test
  void mount_whereAKilledProcessLeftItsMount_clearsItAway() throws Exception {
    try (MountProcess killed = MountProcess.passThrough(served, mountpoint)) {
      killed.process().destroyForcibly().waitFor();
      assertThat(Files.exists(mountpoint)).isFalse(); // "Transport endpoint is not connected"
      assertThat(MountTable.at(mountpoint)).isNotNull();
      try (MountProcess child = MountProcess.passThrough(served, mountpoint)) {
        assertThat(child.mountpoint().resolve("file")).hasContent("content");
      }
    }
    assertThat(mountpoint).isEmptyDirectory();
  }

  @Test
  void names_areUtf8_whenTheServingProcessRunsInLocaleC() throws Exception {
    Map<String, String> localeC = Map.of("LC_ALL", "C", "LANG", "C");
    try (MountProcess child =
        MountProcess.mounted(MountProcess.start("names", served, mountpoint, localeC))) {
      String name = "\\303\\274 \\346\\227\\245 \\360\\237\\230\\200";
      Command made = Command.sh(mountpoint, "mkdir \"$(printf '" + name + "')\" && ls");
      assertThat(made.status()).isZero();
      assertThat(made.text()).isEqualTo("\u00fc \u65e5 \ud83d\ude00\n");
      assertThat(Command.sh(child.mountpoint(), "mkdir \"$(printf '\\374')\"").text())
          .contains("Invalid argument"); // Latin-1 is no name
    }
  }

  @Test
  void twoMounts_fromTwoProcesses_liveSideBySide() throws IOException {
    Path second = Files.createDirectory(base.resolve("second"));
    try (MountProcess one = MountProcess.passThrough(served, mountpoint);
        MountProcess two = MountProcess.passThrough(served, second)) {
      assertThat(one.mountpoint().resolve("file")).hasContent("content");
      assertThat(two.mountpoint().resolve("file")).hasContent("content");
    }
  }
}
