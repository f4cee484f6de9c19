package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.bytes;
import static colabfs.fs.TestMount.close;
import static colabfs.fs.TestMount.path;
import static colabfs.fs.TestMount.pattern;
import static colabfs.fs.TestMount.text;
import static colabfs.fs.TestMount.write;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.BlockCache;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.FakeRemoteFs.Op;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a mount does while the link is down, and when it is up again. */
final class OfflineTest {
  /** Whatever is known has expired. */
  private static final Duration LONG = Duration.ofMinutes(10);

  private static final int BLOCK = BlockCache.BLOCK_BYTES;

  private final TestMount mount = new TestMount();
  private final TestMount prefetching = new TestMount(TestMount.settings(true, false));

  private void goOffline() {
    mount.pass(LONG);
    mount.remote.disconnect();
    mount.remote.resetCalls();
  }

  // Names.

  @Test
  @DisplayName("While the link is down, what was known last is shown at once, however old.")
  void look_whileDown_showsWhatWasKnown() throws FsException {
    mount.remote.put("/d/a", "one");
    mount.remote.putLink("/l", "d/a");
    mount.names("/");
    mount.names("/d");
    mount.fs.readlink(path("/l"));
    mount.fs.statfs(path("/"));
    mount.fs.getattr(path("/"));
    goOffline();
    assertThat(mount.fs.getattr(path("/d/a")).sizeBytes()).isEqualTo(3);
    assertThat(mount.names("/")).containsExactly("d", "l");
    assertThat(mount.names("/d")).containsExactly("a");
    assertThat(mount.fs.readlink(path("/l"))).isEqualTo("d/a");
    assertThat(mount.fs.statfs(path("/d")).blockSizeBytes()).isPositive();
    mount.fs.access(path("/d/a"), 4);
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("While the link is down, a name is missing only if it was known to be.")
  void look_whileDown_atMissingNames() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.remote.put("/e/a", "x");
    mount.names("/d");
    mount.fs.getattr(path("/e/a"));
    assertThat(mount.exists("/e/none")).isFalse();
    goOffline();
    assertThat(mount.exists("/d/none")).isFalse();
    assertThat(mount.exists("/e/none")).isFalse();
    assertThat(mount.remote.calls()).isZero();
    assertFails(Errno.EIO, () -> mount.fs.getattr(path("/e/other")));
    assertFails(Errno.ENOENT, () -> mount.open("/d/none", OpenMode.READ));
    assertFails(Errno.ENOENT, () -> mount.open("/d/none", OpenMode.READ)); // known all the same
    assertFails(Errno.ENOTDIR, () -> mount.names("/d/a"));
    assertFails(Errno.ENOENT, () -> mount.names("/d/none"));
  }

  @Test
  @DisplayName(
      "While the link is down, a directory that was never listed is an input/output error.")
  void readdir_whileDown_ofUnlisted_fails() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.fs.getattr(path("/d/a"));
    mount.fs.getattr(path("/d"));
    goOffline();
    assertFails(Errno.EIO, () -> mount.names("/d"));
    assertFails(Errno.EIO, () -> mount.names("/"));
    assertThat(mount.exists("/d/a")).isTrue();
  }

  @Test
  @DisplayName("A call that is cut off by a lost link is answered with what was known last.")
  void look_cutOff_showsWhatWasKnown() throws Exception {
    mount.remote.put("/d/a", "one");
    mount.remote.putLink("/l", "d/a");
    mount.names("/d");
    mount.fs.readlink(path("/l"));
    mount.read("/d/a");
    mount.fs.statfs(path("/"));
    mount.pass(LONG);
    mount.fs.invalidateAll();
    cutOff(() -> assertThat(mount.fs.getattr(path("/d/a")).sizeBytes()).isEqualTo(3));
    cutOff(() -> assertThat(mount.names("/d")).containsExactly("a"));
    cutOff(() -> assertThat(mount.exists("/d/none")).isFalse());
    cutOff(() -> assertThat(mount.read("/d/a")).isEqualTo("one"));
    cutOff(() -> assertThat(mount.fs.statfs(path("/")).blockSizeBytes()).isPositive());
    mount.fs.getattr(path("/l"));
    cutOff(() -> assertThat(mount.fs.readlink(path("/l"))).isEqualTo("d/a"));
  }

  /** The link goes while the call waits, and comes back when it has ended. */
  private void cutOff(Edge.Action call) throws Exception {
    cutOff(call, mount.remote::disconnect);
    cutOff(call, mount.remote::disconnectWithHeldCallsWaiting);
  }

  private void cutOff(Edge.Action call, Runnable disconnect) throws Exception {
    mount.pass(LONG);
    mount.fs.invalidateAll();
    mount.remote.holdRequests();
    CompletableFuture<Void> running = start(call);
    Awaitility.await().until(() -> mount.remote.held() > 0);
    disconnect.run();
    running.get(5, TimeUnit.SECONDS);
    mount.remote.release();
    mount.remote.reconnect();
  }

  private static CompletableFuture<Void> start(Edge.Action call) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            call.run();
          } catch (FsException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  @DisplayName("A call for something unknown waits for the link to come back.")
  void look_whileDown_atUnknown_waits() throws Exception {
    mount.remote.put("/d/a", "x");
    mount.away(true);
    mount.remote.holdRequests();
    CompletableFuture<Void> looking = start(() -> mount.fs.getattr(path("/d/a")));
    Awaitility.await().until(() -> mount.remote.held() == 1);
    assertThat(looking).isNotDone();
    mount.away(false);
    mount.remote.release();
    looking.get(5, TimeUnit.SECONDS);
  }

  @Test
  @DisplayName("While the link is down, what a command may have changed is shown as it was.")
  void look_whileDown_afterInvalidation_showsWhatWasKnown() throws FsException {
    mount.remote.put("/d/a", "one");
    mount.remote.putLink("/l", "d/a");
    mount.names("/");
    mount.names("/d");
    mount.fs.readlink(path("/l"));
    mount.fs.statfs(path("/"));
    mount.fs.invalidateAll();
    goOffline();
    mount.fs.invalidateAll();
    assertThat(mount.names("/")).containsExactly("d", "l");
    assertThat(mount.fs.getattr(path("/d/a")).sizeBytes()).isEqualTo(3);
    assertThat(mount.fs.readlink(path("/l"))).isEqualTo("d/a");
    assertThat(mount.exists("/d/none")).isFalse();
    assertThat(mount.fs.statfs(path("/")).blockSizeBytes()).isPositive();
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("While the link is down, own changes are seen in what was known before them.")
  void ownChanges_whileDown_areSeen() throws FsException {
    mount.remote.put("/d/a", "one");
    mount.remote.put("/d/b", "two");
    mount.remote.put("/s/t/x", "x");
    mount.names("/d");
    mount.names("/");
    mount.names("/s");
    mount.names("/s/t");
    mount.fs.getattr(path("/s"));
    mount.pass(LONG);
    mount.away(true); // and the port takes changes all the same
    mount.save("/d/new", "new");
    mount.fs.unlink(path("/d/a"));
    mount.fs.rename(path("/d/b"), path("/d/c"));
    mount.fs.symlink("c", path("/d/l"));
    mount.fs.rename(path("/d/l"), path("/d/m"));
    mount.fs.rename(path("/s/t"), path("/s/u"));
    mount.fs.mkdir(path("/d/sub"), 0755);
    goOffline();
    assertThat(mount.names("/d")).containsExactly("c", "m", "new", "sub");
    assertThat(mount.names("/d/sub")).isEmpty();
    assertThat(mount.names("/s")).containsExactly("u");
    assertThat(mount.names("/s/u")).containsExactly("x");
    assertThat(mount.read("/d/new")).isEqualTo("new");
    assertThat(mount.exists("/d/a")).isFalse();
    assertThat(mount.exists("/d/b")).isFalse();
    assertThat(mount.fs.getattr(path("/d/c")).sizeBytes()).isEqualTo(3);
    assertThat(mount.fs.readlink(path("/d/m"))).isEqualTo("c");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  void look_whileDown_atAFileFoundRemoved_isNotToldOfIt() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.names("/d");
    mount.read("/d/a");
    mount.remote.remove("/d/a");
    mount.pass(Duration.ofSeconds(3));
    assertFails(Errno.ENOENT, () -> mount.open("/d/a", OpenMode.READ));
    goOffline();
    assertThat(mount.names("/d")).isEmpty();
    assertFails(Errno.EIO, () -> mount.open("/d/a", OpenMode.READ));
  }

  @Test
  void look_whileDown_throughAnotherNameOfAWrittenFile_isNotOlderThanTheWrite() throws FsException {
    mount.save("/a", "old");
    mount.fs.link(path("/a"), path("/b"));
    assertThat(mount.read("/b")).isEqualTo("old");
    mount.save("/a", "longer");
    goOffline();
    assertThat(mount.fs.getattr(path("/b")).sizeBytes()).isEqualTo(6);
    assertFails(Errno.EIO, () -> mount.open("/b", OpenMode.READ));
    assertThat(mount.read("/a")).isEqualTo("longer");
  }

  // Files.

  @Test
  @DisplayName("While the link is down, a file that is cached is opened and read without asking.")
  void open_whileDown_ofCachedFile_works() throws FsException {
    byte[] content = pattern(3 * BLOCK + 5);
    mount.remote.put("/a", content);
    close(readWhole("/a", content));
    mount.save("/own", "own");
    mount.remote.put("/empty", "");
    mount.fs.getattr(path("/empty"));
    goOffline();
    FileHandle file = readWhole("/a", content);
    mount.pass(Duration.ofSeconds(5));
    assertThat(bytes(file, content.length, 10)).isEmpty(); // the end needs no look
    close(file);
    assertThat(mount.read("/own")).isEqualTo("own");
    assertThat(mount.read("/empty")).isEmpty();
    assertThat(mount.remote.calls()).isZero();
  }

  private FileHandle readWhole(String path, byte[] content) throws FsException {
    FileHandle file = mount.open(path, OpenMode.READ);
    assertThat(bytes(file, 0, content.length)).isEqualTo(content);
    return file;
  }

  @Test
  @DisplayName(
      "While the link is down, what is not here of a file is an input/output error, never zeroes.")
  void read_whileDown_ofPartlyCachedFile_failsWhereItIsNotHere() throws FsException {
    byte[] content = pattern(20 * BLOCK);
    mount.remote.put("/a", content);
    FileHandle before = mount.open("/a", OpenMode.READ);
    bytes(before, 0, BLOCK);
    goOffline();
    FileHandle after = mount.open("/a", OpenMode.READ);
    for (FileHandle file : new FileHandle[] {before, after}) {
      assertThat(bytes(file, 0, BLOCK)).isEqualTo(Arrays.copyOf(content, BLOCK));
      assertFails(Errno.EIO, () -> bytes(file, 19L * BLOCK, BLOCK));
      assertThat(bytes(file, 100, 50)).isEqualTo(Arrays.copyOfRange(content, 100, 150));
      assertFails(Errno.EIO, () -> bytes(file, 19L * BLOCK, 50));
    }
    mount.remote.reconnect();
    assertThat(bytes(after, 19L * BLOCK, BLOCK))
        .isEqualTo(Arrays.copyOfRange(content, 19 * BLOCK, 20 * BLOCK));
    close(before);
    close(after);
    assertThat(mount.remote.openHandles()).isZero();
  }

  @Test
  @DisplayName("While the link is down, a file of which nothing is here cannot be opened.")
  void open_whileDown_ofUncachedFile_fails() throws FsException {
    mount.remote.put("/a", "content");
    mount.names("/");
    goOffline();
    assertFails(Errno.EIO, () -> mount.open("/a", OpenMode.READ));
    assertFails(Errno.EIO, () -> mount.open("/unknown/b", OpenMode.READ));
    mount.remote.reconnect();
    assertThat(mount.read("/a")).isEqualTo("content");
  }

  @Test
  void read_whileDown_ofFileOpenedBeforeAndNotYetLookedAt_works() throws FsException {
    mount.remote.put("/a", "content");
    mount.read("/a");
    mount.remote.holdAnswers();
    FileHandle file = mount.open("/a", OpenMode.READ);
    goOffline();
    assertThat(text(file)).isEqualTo("content");
    mount.remote.release();
    close(file);
  }

  @Test
  @DisplayName("A reader from before the link went never sees another version after it is back.")
  void read_afterReconnect_ofChangedFile_fails() throws FsException {
    byte[] content = pattern(20 * BLOCK);
    mount.remote.put("/a", content);
    FileHandle first = mount.open("/a", OpenMode.READ);
    bytes(first, 0, BLOCK);
    close(first);
    goOffline();
    FileHandle file = mount.open("/a", OpenMode.READ);
    assertThat(bytes(file, 0, BLOCK)).isEqualTo(Arrays.copyOf(content, BLOCK));
    byte[] other = pattern(20 * BLOCK - 1);
    mount.remote.put("/a", other);
    mount.remote.reconnect();
    assertFails(Errno.EIO, () -> bytes(file, 10L * BLOCK, BLOCK));
    close(file);
    FileHandle fresh = mount.open("/a", OpenMode.READ);
    assertThat(bytes(fresh, 0, BLOCK)).isEqualTo(Arrays.copyOf(other, BLOCK));
    close(fresh);
  }

  @Test
  void open_whileDown_toWrite_asksForNoAttributes() throws FsException {
    mount.remote.put("/a", "content");
    mount.read("/a");
    mount.pass(LONG);
    mount.away(true); // and the port takes changes all the same
    mount.remote.resetCalls();
    FileHandle first = mount.open("/a", OpenMode.READ_WRITE);
    write(first, 7, "!");
    first.flush();
    mount.pass(LONG);
    FileHandle second = mount.open("/a", OpenMode.WRITE);
    write(second, 8, "!");
    close(second);
    assertThat(text(first)).isEqualTo("content!!");
    close(first);
    mount.save("/a", "cut");
    assertThat(mount.read("/a")).isEqualTo("cut");
    assertThat(mount.remote.calls(Op.LSTAT)).isZero();
    assertThat(mount.remote.text("/a")).isEqualTo("cut");
  }

  @Test
  @DisplayName("A read that waited for the link once does not wait for it again.")
  void read_whoseWaitIsOver_endsAtOnce() throws Exception {
    FsSettings d = TestMount.settings();
    TestMount hasty =
        new TestMount(
            new FsSettings(
                d.remoteRoot(),
                d.mountpoint(),
                false,
                d.localUid(),
                d.localGid(),
                true,
                d.metadataTtl(),
                d.metadataEntries(),
                d.blockCacheBytes(),
                false,
                Duration.ofMillis(20)));
    hasty.remote.put("/a", pattern(20 * BLOCK));
    FileHandle file = hasty.open("/a", OpenMode.READ);
    bytes(file, 0, BLOCK);
    close(file);
    hasty.away(true);
    FileHandle away = hasty.open("/a", OpenMode.READ);
    hasty.remote.resetCalls();
    hasty.remote.holdRequests();
    CompletableFuture<Void> reading =
        start(() -> assertFails(Errno.EIO, () -> bytes(away, 10L * BLOCK, BLOCK)));
    Awaitility.await()
        .pollDelay(Duration.ofMillis(60))
        .until(() -> hasty.remote.held() == 1); // as long as it may wait, and a little
    hasty.remote.disconnect();
    reading.get(5, TimeUnit.SECONDS);
    assertThat(hasty.remote.calls(Op.OPEN)).isEqualTo(1);
  }

  // Up again.

  @Test
  @DisplayName("After a reconnect everything is looked at again, when somebody looks.")
  void look_afterReconnect_asksAgain() throws FsException {
    mount.remote.put("/a", "one");
    mount.remote.put("/d/b", "x");
    mount.remote.putLink("/l", "one");
    mount.names("/");
    mount.names("/d");
    mount.read("/a");
    mount.fs.readlink(path("/l"));
    mount.remote.disconnect(); // and nothing has expired
    assertThat(mount.read("/a")).isEqualTo("one");
    mount.remote.put("/a", "longer");
    mount.remote.remove("/l");
    mount.remote.putLink("/l", "two");
    mount.remote.put("/new", "x");
    mount.remote.reconnect();
    mount.remote.resetCalls();
    assertThat(mount.fs.getattr(path("/a")).sizeBytes()).isEqualTo(6);
    assertThat(mount.names("/")).containsExactly("a", "d", "l", "new");
    assertThat(mount.fs.readlink(path("/l"))).isEqualTo("two");
    assertThat(mount.read("/a")).isEqualTo("longer");
    assertThat(mount.remote.calls(Op.LIST)).isEqualTo(1); // nobody looked at /d
  }

  @Test
  @DisplayName("While the link is down nothing is fetched ahead, and later it is begun anew.")
  void prefetch_whileDown_rests() throws FsException {
    for (int i = 0; i < 30; i++) {
      prefetching.remote.put("/" + i + "/sub/file", "x");
    }
    prefetching.names("/0");
    prefetching.remote.holdAnswers();
    var unused = start(() -> prefetching.names("/"));
    Awaitility.await().until(() -> prefetching.remote.held() == 1);
    prefetching.remote.releaseOne();
    Awaitility.await().until(() -> prefetching.remote.held() == 29);
    prefetching.remote.disconnect();
    prefetching.remote.release();
    prefetching.remote.resetCalls();
    prefetching.pass(Duration.ofSeconds(1));
    assertThat(prefetching.names("/")).hasSize(30);
    assertThat(prefetching.names("/0")).containsExactly("sub");
    assertThat(prefetching.remote.calls()).isZero();
    assertFails(Errno.EIO, () -> prefetching.fs.getattr(path("/7/other")));
    assertThat(prefetching.remote.calls(Op.LIST)).isZero();
    prefetching.remote.reconnect();
    prefetching.remote.resetCalls();
    prefetching.names("/");
    assertThat(prefetching.remote.calls(Op.LIST)).isEqualTo(61);
  }
}
