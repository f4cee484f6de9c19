package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.FakeTreeHelper.Moment;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.TreeChange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Changes that a helper on the runtime makes: what is asked of it, and what when it fails. */
@Timeout(60)
final class ShippingTest {
  private static final int MEGABYTE = 1 << 20;

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final FakeTreeHelper helper = new FakeTreeHelper(runtime);

  /** So that nothing is asked of the runtime when a file is made. */
  private final KnownNames rootOnly =
      new KnownNames() {
        @Override
        public @Nullable FileAttrs known(RemotePath path) throws FsException {
          if (path.isRoot()) {
            return runtime.attrs("/");
          }
          throw new FsException(Errno.ENOENT, path + " is missing");
        }

        @Override
        public @Nullable FileAttrs last(RemotePath path) throws FsException {
          return known(path);
        }

        @Override
        public <T> CompletableFuture<T> whileUp(CompletableFuture<T> answer) {
          return answer;
        }

        @Override
        public @Nullable List<DirEntry> knownListing(RemotePath of) {
          return null;
        }

        @Override
        public void changed(RemotePath path) {}
      };

  @SuppressWarnings("NullAway.Init") // every test begins with one
  private WriteBack writeBack;

  @BeforeEach
  void open() {
    writeBack = open(directory);
  }

  private WriteBack open(Path journal) {
    try {
      return WriteBack.open(
          runtime,
          helper,
          new RemoteIdentity(0, 0, Set.of(0)),
          new WriteBack.Settings(
              journal, WriteBack.Settings.DEFAULT_DEBOUNCE, "here", WriteBack.Fsync.LOCAL),
          InstantSource.system());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @AfterEach
  void close() {
    writeBack.close();
  }

  private RemoteFs files() {
    return writeBack.files();
  }

  private static RemotePath at(String path) {
    return RemotePath.of(path);
  }

  private static <T> T get(CompletableFuture<T> answer) throws Exception {
    return answer.get(20, TimeUnit.SECONDS);
  }

  private void save(String path, String content) throws Exception {
    save(path, content.getBytes(StandardCharsets.UTF_8));
  }

  private void save(String path, byte[] content) throws Exception {
    Set<OpenFlag> flags =
        runtime.exists(path)
            ? EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE)
            : EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE);
    RemoteFile file = get(files().open(at(path), flags, 0644));
    get(file.write(0, ByteBuffer.wrap(content)));
    get(file.close());
  }

  private void mkdir(String path) throws Exception {
    get(files().mkdir(at(path), 0755));
  }

  private void flush() throws FsException {
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
  }

  private List<String> names(String path) {
    return runtime.entries(path).stream().map(DirEntry::name).toList();
  }

  private void awaitHeld(int count) {
    Awaitility.await().until(() -> helper.held() == count);
  }

  @Test
  @DisplayName(
      "With a helper on the runtime a file that is saved is there one round trip after its rest,"
          + " with its times to the nanosecond.")
  void save_isOneRequest_withTheTimesInFull() throws Exception {
    save("/f", "one");
    flush();
    runtime.resetCalls();
    save("/f", "other");
    get(files().setattr(at("/f"), AttrChange.times(7_000_000_001L, 8_000_000_003L)));
    flush();
    assertThat(runtime.text("/f")).isEqualTo("other");
    assertThat(helper.made()).hasSize(2).allMatch(made -> made instanceof TreeChange.Put);
    assertThat(runtime.calls(Op.RENAME) + runtime.calls(Op.FSETATTR)).isZero();
    FileAttrs there = get(helper.digests(at("/f"), 4096)).attrs();
    assertThat(there.atimeNanos()).isEqualTo(7_000_000_001L);
    assertThat(there.mtimeNanos()).isEqualTo(8_000_000_003L);
  }

  @Test
  void treeThatIsUnpacked_isHandedOver_beforeAnythingIsAnswered() throws Exception {
    helper.holdRequests();
    mkdir("/a");
    mkdir("/a/b");
    save("/a/f", "f");
    save("/a/b/g", "g");
    get(files().symlink("g", at("/a/b/link")));
    awaitHeld(2 * 2 + 3); // a directory gets its attributes as well
    helper.release();
    flush();
    assertThat(names("/a/b")).containsExactlyInAnyOrder("g", "link");
    assertThat(runtime.text("/a/f")).isEqualTo("f");
    assertThat(runtime.calls(Op.OPEN) + runtime.calls(Op.MKDIR)).isZero();
  }

  /**
   * Long files are not the helper's. Those that waited for their turn had all places for such, and
   * the one whose turn it was had none.
   */
  @Test
  void filesThatWaitForTheirTurn_leaveRoomForTheOneWhoseTurnItIs() throws Exception {
    helper.holdRequests();
    mkdir("/late");
    awaitHeld(2);
    for (int i = 0; i < 40; i++) {
      saveLong("/late/first" + i);
    }
    for (int i = 0; i < 140; i++) {
      saveLong("/then" + i);
    }
    Awaitility.await().until(() -> runtime.calls(Op.OPEN) >= 128);
    helper.release();
    flush();
    assertThat(names("/late")).hasSize(40);
    assertThat(names("/")).hasSize(141);
  }

  /** Mostly a hole, so that a test can have many. */
  private void saveLong(String path) throws Exception {
    RemoteFile file =
        get(files().open(at(path), EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644));
    get(file.write(MEGABYTE, ByteBuffer.wrap(new byte[] {1})));
    get(file.close());
  }

  @Test
  @DisplayName("A file that is given away is one request as well, and appears with its owner.")
  void fileThatIsGivenAway_isOneRequest() throws Exception {
    save("/f", "one");
    get(files().setattr(at("/f"), AttrChange.owner(7, 8)));
    flush();
    assertThat(helper.made()).hasSize(1).allMatch(made -> made instanceof TreeChange.Put);
    assertThat(runtime.calls(Op.OPEN) + runtime.calls(Op.SETATTR)).isZero();
    FileAttrs there = get(helper.digests(at("/f"), 4096)).attrs();
    assertThat(List.of(there.uid(), there.gid())).containsExactly(7, 8);
  }

  @Test
  void ownerThatTheHelperMayNotGive_isGivenWithoutIt() throws Exception {
    helper.login(1000);
    save("/f", "one");
    get(files().setattr(at("/f"), AttrChange.owner(7, 8)));
    flush();
    assertThat(runtime.attrs("/f").uid()).isEqualTo(7);
    assertThat(runtime.text("/f")).isEqualTo("one");
  }

  @Test
  void treeThatIsRemoved_isHandedOver_beforeAnythingIsAnswered() throws Exception {
    mkdir("/a");
    mkdir("/a/b");
    save("/a/f", "f");
    save("/a/b/g", "g");
    flush();
    helper.holdRequests();
    get(files().unlink(at("/a/b/g")));
    get(files().rmdir(at("/a/b")));
    get(files().unlink(at("/a/f")));
    get(files().rmdir(at("/a")));
    awaitHeld(4);
    helper.release();
    flush();
    assertThat(names("/")).isEmpty();
    assertThat(runtime.calls(Op.UNLINK) + runtime.calls(Op.RMDIR)).isZero();
  }

  @Test
  void renameOfWhatIsBeingPut_waitsForIt() throws Exception {
    save("/old", "old");
    flush();
    helper.holdRequests();
    save("/old", "new");
    awaitHeld(1);
    get(files().rename(at("/old"), at("/renamed")));
    mkdir("/other");
    awaitHeld(3);
    assertThat(helper.releaseOne()).isTrue();
    Awaitility.await().until(() -> helper.held() == 3);
    helper.release();
    flush();
    assertThat(runtime.text("/renamed")).isEqualTo("new");
  }

  @Test
  void directoryThatIsRefused_holdsWhatIsInIt_whichIsNoFaultOfItsOwn() throws Exception {
    helper.holdRequests();
    mkdir("/d");
    save("/d/f", "f");
    awaitHeld(3);
    runtime.put("/d", "in the way");
    helper.release();
    Awaitility.await().until(() -> writeBack.figures().refused() == 2);
    assertThat(writeBack.list())
        .extracting(PendingChange::state)
        .containsExactly(PendingChange.State.REFUSED, PendingChange.State.BLOCKED);
    runtime.remove("/d");
    writeBack.retry();
    flush();
    assertThat(runtime.text("/d/f")).isEqualTo("f");
    assertThat(names("/d")).containsExactly("f");
    assertThat(writeBack.conflicts()).isEmpty();
  }

  @Test
  void fileThatSomebodyElseChanged_staysBesideOurs() throws Exception {
    save("/f", "one");
    flush();
    helper.holdRequests();
    save("/f", "ours");
    awaitHeld(1);
    runtime.put("/f", "theirs, later");
    helper.release();
    flush();
    assertThat(runtime.text("/f")).isEqualTo("theirs, later");
    assertThat(writeBack.conflicts()).hasSize(1);
    RemotePath copy = writeBack.conflicts().get(0).copy();
    assertThat(runtime.text(String.valueOf(copy))).isEqualTo("ours");
    assertThat(names("/")).hasSize(2);
  }

  @Test
  void newFileWhereSomebodyElseMadeOne_landsBeside() throws Exception {
    helper.holdRequests();
    save("/f", "ours");
    awaitHeld(1);
    runtime.putLink("/f", "elsewhere");
    helper.release();
    flush();
    assertThat(runtime.attrs("/f").isSymlink()).isTrue();
    assertThat(runtime.text(String.valueOf(writeBack.conflicts().get(0).copy()))).isEqualTo("ours");
  }

  @Test
  void fileThatGotASecondName_isWrittenInPlace() throws Exception {
    save("/f", "one");
    flush();
    get(runtime.link(at("/f"), at("/second")));
    save("/f", "other");
    flush();
    assertThat(runtime.text("/second")).isEqualTo("other");
    assertThat(writeBack.conflicts()).isEmpty();
  }

  @Test
  void fileThatSomebodyElseChanged_isNotRemoved_andNeitherIsItsDirectory() throws Exception {
    mkdir("/d");
    save("/d/f", "f");
    flush();
    helper.holdRequests();
    get(files().unlink(at("/d/f")));
    get(files().rmdir(at("/d")));
    awaitHeld(2);
    runtime.put("/d/f", "theirs, later");
    helper.release();
    flush();
    assertThat(runtime.text("/d/f")).isEqualTo("theirs, later");
    assertThat(writeBack.conflicts())
        .extracting(Conflict::path)
        .containsExactlyInAnyOrder(at("/d/f"), at("/d"));
  }

  @Test
  void fullDiskOnTheRuntime_isARefusal_andTheFileArrivesAfterIt() throws Exception {
    runtime.capacity(10);
    save("/f", "longer than ten bytes");
    FsException refusal = catchThrowableOfType(FsException.class, this::flush);
    assertThat(refusal.errno()).isEqualTo(Errno.ENOSPC);
    runtime.capacity(1000);
    writeBack.retry();
    flush();
    assertThat(runtime.text("/f")).isEqualTo("longer than ten bytes");
    Awaitility.await().untilAsserted(() -> assertThat(names("/")).containsExactly("f"));
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  @DisplayName("A change that a helper on the runtime had when it went is there, once, without it.")
  void helperThatGoes_leavesEachChangeMadeOnce(Moment moment) throws Exception {
    save("/old", "old");
    save("/gone", "gone");
    flush();
    helper.goDownAt(moment);
    save("/old", "other");
    mkdir("/d");
    save("/d/new", "new");
    get(files().rename(at("/old"), at("/renamed")));
    get(files().unlink(at("/gone")));
    get(files().symlink("new", at("/d/link")));
    flush();
    assertThat(helper.isUp()).isFalse();
    assertThat(names("/")).containsExactlyInAnyOrder("d", "renamed");
    assertThat(names("/d")).containsExactlyInAnyOrder("new", "link");
    assertThat(runtime.text("/renamed")).isEqualTo("other");
    assertThat(writeBack.conflicts()).isEmpty();
    helper.up();
    save("/d/new", "by the next one");
    flush();
    assertThat(runtime.text("/d/new")).isEqualTo("by the next one");
    assertThat(helper.made().get(helper.made().size() - 1)).isInstanceOf(TreeChange.Put.class);
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void killWithAPutUnderWay_bringsItOnce(Moment moment) throws Exception {
    save("/f", "one");
    flush();
    helper.holdRequests();
    save("/f", "other");
    save("/new", "new");
    awaitHeld(2);
    runtime.holdRequests(); // what this process would do without the helper does not happen
    helper.goDownAt(moment);
    assertThat(helper.releaseOne()).isTrue();
    assertThat(helper.isUp()).isFalse();
    writeBack.close();
    runtime.disconnect();
    runtime.release();
    runtime.reconnect();
    writeBack = open(directory);
    flush();
    assertThat(runtime.text("/f")).isEqualTo("other");
    assertThat(runtime.text("/new")).isEqualTo("new");
    assertThat(writeBack.conflicts()).isEmpty();
    Awaitility.await()
        .untilAsserted(() -> assertThat(names("/")).containsExactlyInAnyOrder("f", "new"));
  }

  @Test
  void muchContent_isNotHandedOverAllAtOnce() throws Exception {
    helper.holdRequests();
    for (int file = 0; file < 12; file++) {
      save("/" + file, new byte[MEGABYTE]);
    }
    awaitHeld(8);
    assertThat(helper.releaseOne()).isTrue();
    awaitHeld(8);
    helper.release();
    flush();
    assertThat(names("/")).hasSize(12);
  }

  @Test
  void largeAndPartialContent_goWithoutTheHelper() throws Exception {
    save("/large", new byte[MEGABYTE + 1]);
    save("/f", "0123456789");
    flush();
    RemoteFile file = get(files().open(at("/f"), EnumSet.of(OpenFlag.WRITE), 0));
    get(file.write(3, ByteBuffer.wrap(new byte[] {'x'})));
    get(file.close());
    flush();
    assertThat(runtime.text("/f")).isEqualTo("012x456789");
    assertThat(runtime.content("/large")).hasSize(MEGABYTE + 1);
    assertThat(helper.calls(FakeTreeHelper.Op.PUT)).isEqualTo(1);
  }

  @Test
  void contentThatWentWithoutTheHelper_isSeenBeforeLaterContent() throws Exception {
    writeBack.use(rootOnly);
    helper.down();
    runtime.holdRequests();
    save("/first", "first");
    releaseUntilRenamed();
    helper.up();
    save("/second", "second");
    mkdir("/d"); // not content: it need not wait
    Awaitility.await().until(() -> runtime.exists("/d"));
    assertThat(runtime.exists("/first")).isFalse();
    assertThat(runtime.exists("/second")).isFalse();
    runtime.release();
    flush();
    assertThat(runtime.text("/second")).isEqualTo("second");
  }

  /** Lets all but the last request of an upload go. */
  private void releaseUntilRenamed() {
    Awaitility.await()
        .until(
            () -> {
              if (runtime.calls(Op.RENAME_NEW) == 0) {
                runtime.releaseOne();
              }
              return runtime.calls(Op.RENAME_NEW) > 0;
            });
  }

  @Test
  void contentThatTheHelperHas_isSeenBeforeLaterContentThatGoesWithoutIt() throws Exception {
    save("/changed", "0123456789");
    flush();
    helper.holdRequests();
    save("/first", "first");
    awaitHeld(1);
    RemoteFile file = get(files().open(at("/changed"), EnumSet.of(OpenFlag.WRITE), 0));
    get(file.write(3, ByteBuffer.wrap(new byte[] {'x'})));
    get(file.close());
    mkdir("/d");
    awaitHeld(3);
    assertThat(runtime.text("/changed")).isEqualTo("0123456789");
    helper.release();
    flush();
    assertThat(runtime.text("/changed")).isEqualTo("012x456789");
  }
}
