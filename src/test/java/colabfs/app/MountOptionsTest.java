package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.writeback.WriteBack.Fsync;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class MountOptionsTest {

  @Test
  void drive_isPatientAndHasARootOfItsOwn() {
    MountOptions drive = options(null, true, null);
    assertThat(drive.effectiveRoot()).isEqualTo("/content/drive/MyDrive");
    assertThat(drive.effectiveCallTimeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(options("/data", true, null).effectiveRoot()).isEqualTo("/data");
    assertThat(options(null, true, Duration.ofSeconds(9)).effectiveCallTimeout())
        .isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void usualMount_hasTheProfilesRoot() {
    assertThat(options(null, false, null).effectiveRoot()).isNull();
    assertThat(options(null, false, null).effectiveCallTimeout()).isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void arguments_sayTheSameAgain() {
    MountOptions all =
        new MountOptions(
            "p",
            Path.of("/mnt/-odd name"),
            "/data",
            true,
            true,
            true,
            new MountOptions.Fetching(false, false),
            new MountOptions.Saving(true, Fsync.REMOTE, Duration.ofMillis(250)),
            MountOptions.OnNewRuntime.RESTORE,
            new MountOptions.LocalDisk(true, 1 << 20),
            Duration.ofSeconds(7),
            List.of("max_read=4096"));
    assertThat(all.asArguments())
        .containsExactly(
            "--root=/data",
            "--drive",
            "--read-only",
            "-o=allow_other",
            "--no-prefetch",
            "--no-helper",
            "--sync",
            "--fsync=remote",
            "--debounce=250",
            "--on-new-runtime=restore",
            "--offline",
            "--cache-size=1048576",
            "--timeout=7",
            "-o=max_read=4096",
            "--",
            "p",
            "/mnt/-odd name");
  }

  private static MountOptions options(
      @Nullable String root, boolean drive, @Nullable Duration timeout) {
    return new MountOptions(
        "p",
        Path.of("/mnt"),
        root,
        drive,
        false,
        false,
        MountOptions.Fetching.USUAL,
        MountOptions.Saving.USUAL,
        MountOptions.OnNewRuntime.ASK,
        MountOptions.LocalDisk.USUAL,
        timeout,
        List.of());
  }
}
