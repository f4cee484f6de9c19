package colabfs.fs;

import static colabfs.fs.TestMount.bytes;
import static colabfs.fs.TestMount.close;
import static colabfs.fs.TestMount.path;
import static colabfs.fs.TestMount.pattern;
import static colabfs.fs.TestMount.write;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs.Op;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class RoundTripsTest {
  private final TestMount mount = new TestMount();
  private final TestMount prefetching = new TestMount(TestMount.settings(true, false));

  @Test
  @DisplayName("What was once seen costs no round trip.")
  void getattr_second_costsNothing() throws FsException {
    mount.remote.put("/a", "x");
    mount.fs.getattr(path("/a"));
    mount.remote.resetCalls();
    mount.fs.getattr(path("/a"));
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("A listing answers the attributes of its entries, and that others are missing.")
  void readdir_answersGetattr() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.names("/d");
    mount.remote.resetCalls();
    mount.fs.getattr(path("/d/a"));
    assertThat(mount.exists("/d/none")).isFalse();
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("Looking at one name makes its siblings known.")
  void getattr_miss_makesSiblingsKnown() throws FsException {
    prefetching.remote.put("/d/a", "x");
    prefetching.remote.put("/d/b", "x");
    prefetching.fs.getattr(path("/d/a"));
    prefetching.remote.resetCalls();
    prefetching.fs.getattr(path("/d/b"));
    assertThat(prefetching.exists("/d/none")).isFalse();
    assertThat(prefetching.remote.calls()).isZero();
  }

  @Test
  @DisplayName("Own changes cost no second look.")
  void getattr_afterOwnChange_costsNothing() throws FsException {
    mount.names("/");
    mount.fs.mkdir(path("/d"), 0755);
    mount.save("/d/a", "x");
    mount.fs.rename(path("/d/a"), path("/d/b"));
    mount.fs.chmod(path("/d/b"), 0600);
    mount.remote.resetCalls();
    assertThat(mount.fs.getattr(path("/d/b")).permissions()).isEqualTo(0600);
    assertThat(mount.exists("/d/a")).isFalse();
    assertThat(mount.names("/d")).containsExactly("b");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("Walking a tree lists each directory once.")
  void walk_listsEachDirectoryOnce() throws FsException {
    for (int i = 0; i < 300; i++) {
      prefetching.remote.put("/top/" + i + "/sub/file", "x");
    }
    prefetching.fs.getattr(path("/top"));
    assertThat(walk(path("/top"))).isEqualTo(900);
    assertThat(prefetching.remote.calls(Op.LIST)).isEqualTo(602);
    assertThat(walk(path("/top"))).isEqualTo(900);
    assertThat(prefetching.remote.calls(Op.LIST)).isEqualTo(602);
  }

  @Test
  @DisplayName(
      "Entering a directory asks for its subdirectories together, not one after the other.")
  void readdir_asksForSubdirectoriesTogether() throws FsException {
    for (int i = 0; i < 60; i++) {
      prefetching.remote.put("/" + i + "/file", "x");
    }
    prefetching.names("/");
    prefetching.fs.invalidateAll();
    prefetching.remote.holdAnswers();
    CompletableFuture<Void> reading =
        CompletableFuture.runAsync(
            () -> {
              try {
                prefetching.names("/");
              } catch (FsException e) {
                throw new IllegalStateException(e);
              }
            });
    Awaitility.await().until(() -> prefetching.remote.held() == 1);
    prefetching.remote.releaseOne();
    reading.orTimeout(5, TimeUnit.SECONDS).join();
    Awaitility.await().until(() -> prefetching.remote.held() == 60);
    prefetching.remote.release();
  }

  @Test
  @DisplayName("Reading what was read a moment ago costs no round trip.")
  void open_ofCachedFile_costsNothing() throws FsException {
    mount.remote.put("/a", pattern(300_000));
    FileHandle file = mount.open("/a", OpenMode.READ);
    bytes(file, 0, 300_000);
    close(file);
    mount.remote.resetCalls();
    FileHandle again = mount.open("/a", OpenMode.READ);
    assertThat(bytes(again, 0, 300_000)).hasSize(300_000);
    close(again);
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("Reading what was read some time ago costs one look at the name.")
  void open_ofCachedFileLater_costsOneLook() throws FsException {
    mount.remote.put("/a", "x");
    mount.read("/a");
    mount.pass(Duration.ofSeconds(10));
    mount.remote.resetCalls();
    assertThat(mount.read("/a")).isEqualTo("x");
    assertThat(mount.remote.calls()).isEqualTo(1);
    assertThat(mount.remote.calls(Op.LSTAT)).isEqualTo(1);
  }

  @Test
  @DisplayName("Opening a file that is known does not wait for the runtime.")
  void open_ofKnownFile_doesNotWait() throws FsException {
    mount.remote.put("/a", "content");
    mount.fs.getattr(path("/a"));
    mount.remote.holdAnswers();
    FileHandle file = mount.open("/a", OpenMode.READ);
    assertThat(mount.remote.held()).isEqualTo(1);
    mount.remote.releaseOne();
    assertThat(mount.remote.calls(Op.FSTAT)).isEqualTo(1);
    assertThat(mount.remote.calls(Op.READ)).isEqualTo(1);
    mount.remote.release();
    assertThat(TestMount.text(file)).isEqualTo("content");
    close(file);
  }

  @Test
  @DisplayName("What was just written is read back without asking.")
  void read_afterWrite_costsNothing() throws FsException {
    mount.save("/a", "content");
    mount.remote.resetCalls();
    assertThat(mount.read("/a")).isEqualTo("content");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName(
      "Saving a small new file waits for two round trips: one to make it, one to write it.")
  void save_waitsForTwoRoundTrips() throws FsException {
    FileHandle file = mount.create("/a");
    mount.fs.utimens(path("/a"), new AttrChange.Times(1_000_000_000L, 2_000_000_000L));
    mount.remote.resetCalls();
    mount.remote.holdAnswers();
    write(file, 0, "content");
    mount.fs.utimens(path("/a"), new AttrChange.Times(1_000_000_000L, 2_000_000_000L));
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(
            () -> {
              try {
                file.flush();
              } catch (FsException e) {
                throw new IllegalStateException(e);
              }
            });
    Awaitility.await().until(() -> mount.remote.held() == 1);
    assertThat(mount.remote.text("/a")).isEqualTo("content");
    mount.remote.releaseOne();
    closing.orTimeout(5, TimeUnit.SECONDS).join();
    assertThat(mount.remote.held()).isPositive(); // the times, not waited for
    mount.remote.release();
    file.release();
    assertThat(mount.remote.attrs("/a").mtimeNanos()).isEqualTo(2_000_000_000L);
  }

  @Test
  @DisplayName("Who asks for what is on its way waits for the same answer.")
  void getattr_together_asksOnce() throws FsException {
    mount.remote.put("/a", "x");
    mount.remote.holdAnswers();
    CompletableFuture<Void> both =
        CompletableFuture.allOf(lookingAt("/a"), lookingAt("/a"), lookingAt("/a"));
    Awaitility.await().until(() -> mount.remote.held() == 1);
    mount.remote.release();
    both.orTimeout(5, TimeUnit.SECONDS).join();
    assertThat(mount.remote.calls(Op.LSTAT)).isEqualTo(1);
  }

  private CompletableFuture<Void> lookingAt(String path) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            mount.fs.getattr(path(path));
          } catch (FsException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private int walk(RemotePath directory) throws FsException {
    int seen = 0;
    for (DirEntry entry : prefetching.fs.readdir(directory)) {
      seen++;
      RemotePath path = directory.child(entry.name());
      if (prefetching.fs.getattr(path).isDirectory()) {
        seen += walk(path);
      }
    }
    return seen;
  }
}
