package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.path;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.disk.DiskCache;
import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.RuntimeId;
import colabfs.writeback.PendingNames;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a mount knows from those before it. */
@Timeout(60)
final class RemountTest {
  private static final RuntimeId RUNTIME = new RuntimeId("1".repeat(32), "boot", "SHA256:key");

  @TempDir Path directory;
  private final TestMount before = new TestMount();
  private final FakeRemoteFs remote = before.remote;
  private @Nullable DiskCache disk;
  private TestMount mount = before;

  /** Ends the mount, and makes the next. */
  private void remount() {
    close();
    DiskCache opened =
        requireNonNull(
            DiskCache.open(new DiskCache.Settings(directory, 1L << 30, 0), () -> mount.now()));
    opened.servedBy(RUNTIME);
    disk = opened;
    mount =
        new TestMount(
            remote,
            new Local(opened.names(), opened.contents(), opened.links(), PendingNames.NONE));
    mount.pass(Duration.ofDays(1));
    opened.tickAndWait();
    remote.resetCalls();
  }

  @AfterEach
  void close() {
    mount.fs.close();
    if (disk != null) {
      disk.close();
    }
  }

  @Test
  @DisplayName("What was read is not read again in the next mount when the file is the same.")
  void read_afterRemount_asksForTheVersionOnly() throws FsException {
    remount();
    remote.put("/d/a", "content");
    mount.pass(Duration.ofSeconds(10));
    assertThat(mount.read("/d/a")).isEqualTo("content");
    remount();
    mount.names("/d");
    mount.pass(Duration.ofSeconds(2));
    assertThat(mount.read("/d/a")).isEqualTo("content");
    assertThat(remote.calls(Op.READ)).isZero();
    assertThat(remote.calls(Op.OPEN)).isZero();
    assertThat(remote.calls(Op.LSTAT)).isPositive();
  }

  @Test
  @DisplayName("Another version of a file is never read from the local disk.")
  void read_ofAnotherVersion_isTheRuntimes() throws FsException {
    remount();
    remote.put("/a", "content");
    mount.pass(Duration.ofSeconds(10));
    mount.read("/a");
    remount();
    before.pass(Duration.ofSeconds(1)); // the runtime's clock
    remote.put("/a", "CONTENT");
    assertThat(mount.read("/a")).isEqualTo("CONTENT");
    remount();
    remote.put("/a", "longer content");
    assertThat(mount.read("/a")).isEqualTo("longer content");
  }

  @Test
  @DisplayName(
      "A file that is written here with the size and time that it had before is never read as it"
          + " was.")
  void ownChange_ofTheSameVersion_isNotHiddenByTheDisk() throws FsException {
    AttrChange.Times times = new AttrChange.Times(5_000_000_000L, 5_000_000_000L);
    remount();
    mount.save("/a", "before");
    mount.fs.utimens(path("/a"), times);
    assertThat(mount.read("/a")).isEqualTo("before");
    remount();
    mount.save("/a", "after!");
    mount.fs.utimens(path("/a"), times);
    remount();
    assertThat(mount.read("/a")).isEqualTo("after!");
    mount.save("/b", "other!");
    mount.fs.utimens(path("/b"), times);
    mount.fs.rename(path("/b"), path("/a"));
    remount();
    assertThat(mount.read("/a")).isEqualTo("other!");
    mount.fs.truncate(path("/a"), 0);
    mount.fs.truncate(path("/a"), 6);
    mount.fs.utimens(path("/a"), times);
    remount();
    assertThat(mount.read("/a")).isEqualTo("\0".repeat(6));
  }

  @Test
  @DisplayName("What was written here is there in the next mount while the link is down.")
  void ownChange_isThereOffline() throws FsException {
    remount();
    mount.save("/a", "mine");
    mount.fs.mkdir(path("/d"), 0755);
    mount.save("/d/tmp", "saved");
    mount.fs.rename(path("/d/tmp"), path("/d/b"));
    mount.fs.symlink("b", path("/d/l"));
    remount();
    remote.disconnect();
    assertThat(mount.read("/a")).isEqualTo("mine");
    assertThat(mount.read("/d/b")).isEqualTo("saved");
    assertThat(mount.names("/d")).containsExactly("b", "l");
    assertThat(mount.fs.readlink(path("/d/l"))).isEqualTo("b");
  }

  @Test
  @DisplayName("What was known in an earlier mount is shown while the link is down, and only then.")
  void names_afterRemount_areForWhenTheLinkIsDown() throws FsException {
    remount();
    remote.put("/d/a", "one");
    remote.putLink("/d/l", "a");
    mount.names("/");
    mount.names("/d");
    mount.fs.readlink(path("/d/l"));
    mount.fs.getattr(path("/"));
    remount();
    remote.put("/d/new", "x");
    assertThat(mount.names("/d")).containsExactly("a", "l", "new");
    remount();
    remote.disconnect();
    assertThat(mount.fs.getattr(path("/")).isDirectory()).isTrue();
    assertThat(mount.names("/d")).containsExactly("a", "l", "new");
    assertThat(mount.fs.getattr(path("/d/a")).sizeBytes()).isEqualTo(3);
    assertThat(mount.fs.readlink(path("/d/l"))).isEqualTo("a");
    assertThat(mount.exists("/d/none")).isFalse();
    assertFails(Errno.EIO, () -> mount.open("/d/a", OpenMode.READ));
  }

  @Test
  @DisplayName(
      "Content of another runtime is read while nobody can be asked, and never when one can.")
  void contentOfAnotherRuntime_isForWhenTheLinkIsDown() throws FsException {
    remount();
    remote.put("/a", "content");
    mount.pass(Duration.ofSeconds(10));
    mount.read("/a");
    mount.names("/");
    remount();
    DiskCache now = requireNonNull(disk);
    now.servedBy(new RuntimeId("2".repeat(32), "other", "SHA256:other"));
    mount.away(true);
    assertThat(mount.read("/a")).isEqualTo("content");
    assertThat(remote.calls(Op.READ)).isZero();
    mount.away(false);
    assertThat(mount.read("/a")).isEqualTo("content");
    assertThat(remote.calls(Op.READ)).isPositive();
  }

  @Test
  void appendedFile_offline_isWholeAfterwards() throws FsException {
    remount();
    remote.put("/a", "content");
    mount.pass(Duration.ofSeconds(10));
    mount.read("/a");
    mount.names("/");
    remount();
    mount.away(true); // as write-back takes changes while the link is down
    FileHandle file = mount.open("/a", OpenMode.READ_WRITE);
    TestMount.write(file, 7, " and more");
    assertThat(TestMount.text(file)).isEqualTo("content and more");
    TestMount.close(file);
    assertThat(remote.calls(Op.READ)).isZero();
    remount();
    mount.away(true);
    assertThat(mount.read("/a")).isEqualTo("content and more");
    assertThat(remote.calls(Op.READ)).isZero();
  }
}
