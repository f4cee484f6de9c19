package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Large files that programs write anew, over a real connection whose bytes are counted. */
@Timeout(120)
final class RewriteIT {
  private static final int LENGTH = 16 << 20;
  private static final long FEW_BYTES = 1 << 20;

  @TempDir Path dir;
  private MountedRuntime runtime;
  private Relay relay;
  private Path there;
  private Path local;

  @BeforeEach
  void mount() throws Exception {
    runtime = new MountedRuntime(dir);
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(40), 50_000_000 / 8);
    there = runtime.root.resolve("model");
    local = dir.resolve("model");
    byte[] noise = new byte[LENGTH];
    new Random(16).nextBytes(noise);
    Files.write(there, noise);
    Files.setPosixFilePermissions(there, PosixFilePermissions.fromString("rwxr-x--x"));
    Files.write(local, noise);
    for (long place : List.of(0L, LENGTH / 2L, LENGTH - 10L)) {
      change(local, place);
    }
    runtime.init(relay.port()).mount();
    awaitHelper();
    runtime.inMount("ls -l");
  }

  @AfterEach
  void unmount() throws IOException {
    try {
      runtime.close();
    } finally {
      relay.close();
    }
  }

  private void awaitHelper() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> runtime.cli.works("status").out().contains("on the runtime,"));
  }

  private static void change(Path file, long place) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), place);
    }
  }

  private void flush() throws Exception {
    runtime.cli.works("exec", "-p", "p", "true");
  }

  /** Does that in the mount; how many bytes left for the runtime until all was there. */
  private long bytesUp(String line) throws Exception {
    long before = relay.bytesUp();
    runtime.inMount(line);
    flush();
    return relay.bytesUp() - before;
  }

  private void assertArrived() throws Exception {
    assertThat(Files.mismatch(there, local)).isEqualTo(-1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(there)))
        .isEqualTo("rwxr-x--x");
    assertThat(runtime.cli.works("pending").out()).doesNotContain("conflict");
    try (var names = Files.list(runtime.root)) {
      assertThat(names.map(name -> name.getFileName().toString()))
          .noneMatch(name -> name.startsWith(".colabfs-"));
    }
  }

  @Test
  @DisplayName(
      "With a helper on the runtime a large file that is written anew sends the blocks that"
          + " changed.")
  void rewrite_sendsTheBlocksThatChanged() throws Exception {
    assertThat(bytesUp("cp " + local + " model")).isLessThan(FEW_BYTES);
    assertArrived();
    change(local, LENGTH / 3);
    Files.write(local, new byte[70_000], StandardOpenOption.APPEND);
    assertThat(bytesUp("cp -p " + local + " m.tmp && chmod 751 m.tmp && mv m.tmp model"))
        .isLessThan(FEW_BYTES);
    assertArrived();
  }

  @Test
  void rewriteOfAFileThatWasBroughtFromHere_sendsTheBlocksThatChanged() throws Exception {
    bytesUp("cp " + local + " brought");
    change(local, LENGTH / 5);
    assertThat(bytesUp("cp " + local + " brought")).isLessThan(FEW_BYTES);
    assertThat(Files.mismatch(runtime.root.resolve("brought"), local)).isEqualTo(-1);
  }

  @Test
  void rewriteOfAFileWithTwoNames_sendsTheBlocksThatChanged_andKeepsBothNames() throws Exception {
    Path other = Files.createLink(runtime.root.resolve("other"), there);
    assertThat(bytesUp("cp " + local + " model")).isLessThan(FEW_BYTES);
    assertArrived();
    assertThat(Files.isSameFile(there, other)).isTrue();
    assertThat(Files.mismatch(other, local)).isEqualTo(-1);
  }

  @Test
  void changeOnTheRuntimeInBetween_isAConflict_andBothAreThereWhole() throws Exception {
    relay.stall(true);
    runtime.inMount("cp " + local + " model");
    byte[] theirs = new byte[LENGTH + 1];
    Files.write(there, theirs);
    relay.stall(false);
    flush();
    assertThat(Files.readAllBytes(there)).isEqualTo(theirs);
    try (var names = Files.list(runtime.root)) {
      List<Path> copies =
          names.filter(name -> name.getFileName().toString().contains(".conflict-")).toList();
      assertThat(copies).hasSize(1);
      assertThat(Files.mismatch(copies.get(0), local)).isEqualTo(-1);
    }
  }

  @Test
  void cutInTheMiddle_leavesTheNewContent_once() throws Exception {
    byte[] noise = new byte[6 << 20];
    new Random(6).nextBytes(noise);
    try (FileChannel channel = FileChannel.open(local, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(noise), 1 << 20); // the patch is under way for a second
    }
    long before = relay.bytesUp();
    runtime.inMount("cp " + local + " model");
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .until(() -> relay.bytesUp() - before > FEW_BYTES);
    relay.cut();
    flush();
    assertArrived();
  }

  @Test
  void killInTheMiddle_leavesTheNewContent_once() throws Exception {
    byte[] noise = new byte[6 << 20];
    new Random(6).nextBytes(noise);
    try (FileChannel channel = FileChannel.open(local, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(noise), 1 << 20);
    }
    long before = relay.bytesUp();
    runtime.inMount("cp " + local + " model");
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .until(() -> relay.bytesUp() - before > FEW_BYTES);
    runtime.kill();
    runtime.mount();
    flush();
    assertArrived();
  }
}
