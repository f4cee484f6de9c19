package colabfs.fs;

import static colabfs.fs.TestMount.bytes;
import static colabfs.fs.TestMount.close;
import static colabfs.fs.TestMount.path;
import static colabfs.fs.TestMount.pattern;
import static colabfs.fs.TestMount.write;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FsException;
import colabfs.remote.FakeRemoteFs.Op;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reads that meet writes and other reads on their way. */
final class BlockSourceTest {
  private final TestMount mount = new TestMount();

  @Test
  @DisplayName("A block that was asked for before a write never hides the write.")
  void read_onItsWayDuringWrite_isNotKept() throws Exception {
    byte[] content = pattern(400_000);
    mount.remote.put("/a", content);
    FileHandle file = mount.open("/a", OpenMode.READ_WRITE);
    mount.remote.holdAnswers();
    CompletableFuture<byte[]> early = reading(file, 0, 131_072);
    Awaitility.await().until(() -> mount.remote.held() > 0);
    write(file, 10, "new");
    mount.remote.release();
    early.get(5, TimeUnit.SECONDS);
    System.arraycopy("new".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, content, 10, 3);
    assertThat(bytes(file, 0, 400_000)).isEqualTo(content);
    close(file);
    assertThat(mount.remote.content("/a")).isEqualTo(content);
  }

  @Test
  @DisplayName("Written bytes that are not in the cache are read after the runtime has them.")
  void read_ofUncachedWrite_waitsForIt() throws FsException {
    byte[] content = pattern(400_000);
    mount.remote.put("/a", content);
    FileHandle file = mount.open("/a", OpenMode.READ_WRITE);
    write(file, 200_000, "new");
    System.arraycopy(
        "new".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, content, 200_000, 3);
    assertThat(bytes(file, 199_990, 40)).isEqualTo(Arrays.copyOfRange(content, 199_990, 200_030));
    close(file);
  }

  @Test
  @DisplayName("Two readers of one block share one request.")
  void read_ofTheSameBlock_asksOnce() throws Exception {
    mount.remote.put("/a", pattern(100_000));
    mount.fs.getattr(path("/a"));
    mount.remote.holdAnswers();
    FileHandle one = mount.open("/a", OpenMode.READ);
    FileHandle other = mount.open("/a", OpenMode.READ);
    CompletableFuture<byte[]> first = reading(one, 0, 100_000);
    CompletableFuture<byte[]> second = reading(other, 0, 100_000);
    mount.remote.release();
    assertThat(first.get(5, TimeUnit.SECONDS)).isEqualTo(second.get(5, TimeUnit.SECONDS));
    assertThat(mount.remote.calls(Op.READ)).isEqualTo(1);
    close(one);
    close(other);
    assertThat(mount.remote.openHandles()).isZero();
  }

  @Test
  @DisplayName("Reading in sequence asks for what comes next before it is read.")
  void read_inSequence_fetchesAhead() throws FsException {
    mount.remote.put("/a", pattern(8 << 20));
    FileHandle file = mount.open("/a", OpenMode.READ);
    for (int block = 0; block < 4; block++) {
      bytes(file, block * 131_072L, 131_072);
    }
    assertThat(mount.remote.calls(Op.READ)).isBetween(5, 40);
    int before = mount.remote.calls(Op.READ);
    bytes(file, 4 * 131_072L, 131_072);
    assertThat(mount.remote.calls(Op.READ) - before).isLessThanOrEqualTo(2);
    close(file);
  }

  @Test
  @DisplayName("Reading a file in sequence brings each block once, also one longer than the cache.")
  void read_inSequence_bringsEachBlockOnce() throws FsException {
    int blocks = 600;
    mount.remote.put("/a", pattern(blocks * 131_072));
    FileHandle file = mount.open("/a", OpenMode.READ);
    for (int half = 0; half < 2 * blocks; half++) {
      bytes(file, half * 65_536L, 65_536);
    }
    assertThat(mount.remote.calls(Op.READ)).isEqualTo(blocks);
    close(file);
  }

  private static CompletableFuture<byte[]> reading(FileHandle file, long offset, int length) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return bytes(file, offset, length);
          } catch (FsException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
