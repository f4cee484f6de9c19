package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunningMountsTest {
  @TempDir Path directory;

  @Test
  void mount_isListedAsItWasAdded_andForgotten() throws IOException {
    RunningMounts mounts = new RunningMounts(directory);
    RunningMount one = mount("/mnt/it's a \"mount\"", ProcessIdentity.own());
    mounts.add(one);
    assertThat(mounts.list()).containsExactly(one);
    try (var files = Files.list(directory)) {
      assertThat(files)
          .singleElement()
          .satisfies(
              file ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                      .isEqualTo("rw-------"));
    }
    mounts.forget(one);
    assertThat(mounts.list()).isEmpty();
  }

  @Test
  void laterMountInTheSamePlace_isNotForgottenByTheEarlierOne() throws IOException {
    RunningMounts mounts = new RunningMounts(directory);
    RunningMount earlier = mount("/mnt/a", new ProcessIdentity(1, 2));
    RunningMount later = mount("/mnt/a", new ProcessIdentity(3, 4));
    mounts.add(earlier);
    mounts.add(later);
    mounts.forget(earlier);
    assertThat(mounts.list()).containsExactly(later);
  }

  @Test
  void damagedFile_doesNotHideTheOthers() throws IOException {
    RunningMounts mounts = new RunningMounts(directory);
    RunningMount good = mount("/mnt/a", ProcessIdentity.own());
    mounts.add(good);
    Files.writeString(directory.resolve("0123.json"), "{\"profile\":");
    assertThat(mounts.list()).containsExactly(good);
  }

  @Test
  void process_isToldFromAnotherWithItsNumber() {
    ProcessIdentity own = ProcessIdentity.own();
    assertThat(own.isAlive()).isTrue();
    assertThat(new ProcessIdentity(own.pid(), own.startTicks() + 1).isAlive()).isFalse();
    assertThat(new ProcessIdentity(0, 0).isAlive()).isFalse();
  }

  @Test
  void runtimeDirectory_isXdgs_elseBelowTheState() throws IOException {
    Path runtime = Files.createDirectory(directory.resolve("r"));
    assertThat(RuntimeDirectory.of(Map.of("XDG_RUNTIME_DIR", runtime.toString())))
        .isEqualTo(runtime.resolve("colabfs"));
    Path state = directory.resolve("s");
    Path made = RuntimeDirectory.of(Map.of("XDG_STATE_HOME", state.toString()));
    assertThat(made).isEqualTo(state.resolve("colabfs/run"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
        .isEqualTo("rwx------");
  }

  @Test
  void runtimeDirectoryThatIsTooLongForASocket_isAPrivateOneInTmp() throws IOException {
    Path state = directory.resolve("x".repeat(100));
    assertThat(RuntimeDirectory.of(Map.of("XDG_STATE_HOME", state.toString())))
        .isEqualTo(Path.of("/tmp/colabfs-" + new UnixSystem().getUid()));
  }

  @Test
  void directoryOpenToOthers_isMadePrivate_andALinkIsRefused() throws IOException {
    Path open =
        Files.createDirectory(
            directory.resolve("open"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    RuntimeDirectory.makePrivate(open);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(open)))
        .isEqualTo("rwx------");
    Path link = Files.createSymbolicLink(directory.resolve("link"), open);
    assertThatThrownBy(() -> RuntimeDirectory.makePrivate(link))
        .hasMessageContaining("not a directory of yours");
  }

  @Test
  void statusDocument_hasNullsForWhatIsUnknown() throws IOException {
    MountStatus silent =
        MountStatus.silent(mount("/mnt/a", new ProcessIdentity(5, 6)), MountStatus.NOT_ANSWERING);
    JsonNode document = Messages.parse(StatusDocument.of(List.of(silent)));
    assertThat(document.path("version").asInt()).isEqualTo(1);
    JsonNode mount = document.path("mounts").path(0);
    assertThat(mount.path("state").asText()).isEqualTo("not answering");
    assertThat(mount.path("pid").asLong()).isEqualTo(5);
    assertThat(mount.path("cache").isNull()).isTrue();
    assertThat(mount.path("round_trip_ms").isNull()).isTrue();
    assertThat(mount.path("pending").isNull()).isTrue();
    assertThat(mount.path("write_back").asText()).isEqualTo("journal");
    assertThat(mount.path("journal").asText()).isEqualTo("/journal of/mnt/a");
  }

  private static RunningMount mount(String mountpoint, ProcessIdentity process) {
    return new RunningMount(
        "p",
        Path.of(mountpoint),
        "/content",
        false,
        Path.of("/journal of", mountpoint),
        process,
        Instant.parse("2026-01-02T03:04:05.678Z"));
  }
}
