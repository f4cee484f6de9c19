package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.path;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.disk.DiskCache;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.RuntimeId;
import colabfs.writeback.PendingNames;
import java.nio.file.Path;
import java.time.Duration;
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

/** What is fetched on purpose. */
@Timeout(60)
final class WarmingTest {
  private static final long MAX = WarmReport.MAX_FILE_BYTES;
  private static final int BLOCK = 128 * 1024;

  @TempDir Path directory;
  private TestMount mount = new TestMount(TestMount.settings(true, false));
  private FakeTreeHelper helper = new FakeTreeHelper(mount.remote);
  private @Nullable DiskCache disk;
  private final Progress progress = new Progress();

  /** Who waits, until told otherwise. */
  private static final class Progress implements WarmReport.Progress {
    volatile boolean givenUp;
    volatile int files = -1;
    volatile long bytes;

    @Override
    public void left(int leftFiles, long leftBytes) {
      bytes = leftBytes;
      files = leftFiles;
    }

    @Override
    public boolean isGivenUp() {
      return givenUp;
    }
  }

  @BeforeEach
  void files() {
    for (String each : new String[] {"/a", "/b", "/b/c"}) {
      mount.remote.putDirectory(each);
      for (int i = 0; i < 5; i++) {
        mount.remote.put(each + "/f" + i, each + i);
      }
    }
    mount.remote.put("/a/empty", "");
  }

  @AfterEach
  void close() {
    mount.fs.close();
    if (disk != null) {
      disk.close();
    }
  }

  private void begin() {
    mount.fs.use(helper, KernelCache.NONE);
    Awaitility.await().until(() -> mount.fs.isWatched(path("/b/c/f0")));
    mount.remote.resetCalls();
  }

  /** The same runtime, mounted with other caches. */
  private void mountWith(TestMount other) {
    mount.fs.close();
    mount = other;
    helper = new FakeTreeHelper(mount.remote);
  }

  private DiskCache mountWithDisk(long maxBytes) {
    FakeRemoteFs remote = mount.remote;
    DiskCache opened =
        requireNonNull(
            DiskCache.open(new DiskCache.Settings(directory, maxBytes, 0), () -> mount.now()));
    opened.servedBy(new RuntimeId("1".repeat(32), "boot", "SHA256:key"));
    opened.tickAndWait();
    disk = opened;
    mountWith(
        new TestMount(
            remote,
            new Local(opened.names(), opened.contents(), opened.links(), PendingNames.NONE),
            TestMount.settings(true, false)));
    mount.pass(Duration.ofDays(1)); // no file is young
    return opened;
  }

  private WarmReport warm(String top) throws FsException {
    return mount.fs.warm(path(top), MAX, progress);
  }

  private CompletableFuture<WarmReport> warmBeside(String top) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return warm(top);
          } catch (FsException e) {
            throw new IllegalStateException(e.errno().name(), e);
          }
        });
  }

  private static void assertEnds(CompletableFuture<WarmReport> warming, Errno errno) {
    assertThat(warming)
        .failsWithin(20, TimeUnit.SECONDS)
        .withThrowableThat()
        .havingCause()
        .withMessage(errno.name());
  }

  @Test
  @DisplayName("What was warmed is read without asking, also by the next mount.")
  void warmedTree_isReadWithoutAsking() throws FsException {
    DiskCache kept = mountWithDisk(1L << 30);
    begin();
    assertThat(warm("/")).isEqualTo(new WarmReport(15, 55, 1, 0, 0, 0, 0));
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isEqualTo(1);
    assertThat(mount.read("/b/c/f3")).isEqualTo("/b/c3");
    assertThat(mount.remote.calls()).isZero();
    kept.tickAndWait();
    mountWith(
        new TestMount(
            mount.remote,
            new Local(kept.names(), kept.contents(), kept.links(), PendingNames.NONE),
            TestMount.settings(true, false)));
    begin();
    assertThat(mount.read("/a/f1")).isEqualTo("/a1");
    assertThat(mount.read("/b/f4")).isEqualTo("/b4");
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isZero();
    assertThat(mount.remote.calls()).isZero();
    assertThat(warm("/")).isEqualTo(new WarmReport(0, 0, 16, 0, 0, 0, 0));
  }

  @Test
  void aDirectoryOrAFile_isFetchedAlone() throws FsException {
    begin();
    assertThat(warm("/b/c")).isEqualTo(new WarmReport(5, 25, 0, 0, 0, 0, 0));
    assertThat(warm("/a/f0")).isEqualTo(new WarmReport(1, 3, 0, 0, 0, 0, 0));
    assertThat(warm("/b")).isEqualTo(new WarmReport(5, 15, 5, 0, 0, 0, 0));
    assertFails(Errno.ENOENT, () -> warm("/none"));
    assertFails(Errno.EINVAL, () -> warm("/.colabfs/root"));
  }

  @Test
  void largerFiles_areLeftOut() throws FsException {
    mount.remote.put("/a/large", "x".repeat((int) MAX + 1));
    begin();
    assertThat(warm("/a")).isEqualTo(new WarmReport(5, 15, 1, 1, 0, 0, 0));
    assertThat(mount.fs.warm(path("/b"), 3, progress))
        .isEqualTo(new WarmReport(5, 15, 0, 5, 0, 0, 0));
  }

  @Test
  void severalRequests_areInFlight_andAllOfItArrives() throws Exception {
    for (int i = 0; i < 20; i++) {
      mount.remote.put("/a/big" + i, "x".repeat((int) MAX));
    }
    begin();
    helper.holdRequests();
    CompletableFuture<WarmReport> warming = warmBeside("/a");
    Awaitility.await().until(() -> progress.files == 25);
    assertThat(progress.bytes).isEqualTo(20 * MAX + 15);
    assertThat(helper.held()).isEqualTo(2);
    helper.release();
    assertThat(warming.get(20, TimeUnit.SECONDS))
        .isEqualTo(new WarmReport(25, 20 * MAX + 15, 1, 0, 0, 0, 0));
  }

  @Test
  void aFileThatChangesMeanwhile_isFetchedAgain() throws Exception {
    begin();
    helper.holdAnswers();
    CompletableFuture<WarmReport> warming = warmBeside("/a");
    Awaitility.await().until(() -> helper.calls(FakeTreeHelper.Op.CONTENTS) == 1);
    mount.pass(Duration.ofMinutes(1));
    mount.remote.put("/a/f1", "another");
    mount.remote.remove("/a/f2");
    helper.release();
    assertThat(warming.get(20, TimeUnit.SECONDS).missed()).isZero();
    mount.fs.lookAgain(false);
    assertThat(warm("/a").missed()).isZero();
    mount.remote.resetCalls();
    int before = helper.calls(FakeTreeHelper.Op.CONTENTS);
    assertThat(mount.read("/a/f1")).isEqualTo("another");
    assertThat(mount.remote.calls()).isZero();
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isEqualTo(before);
  }

  @Test
  void whatDoesNotFitInMemory_isTold() throws FsException {
    FsSettings given = TestMount.settings(true, false);
    mountWith(
        new TestMount(
            new FsSettings(
                given.remoteRoot(),
                given.mountpoint(),
                given.readOnly(),
                given.localUid(),
                given.localGid(),
                given.mapOwner(),
                given.metadataTtl(),
                given.metadataEntries(),
                4 * BLOCK / 3 * 4, // a quarter is for what is fetched ahead
                given.prefetch(),
                given.callTimeout())));
    files();
    for (int i = 0; i < 5; i++) {
      mount.remote.put("/b/big" + i, "x".repeat(BLOCK));
    }
    begin();
    WarmReport report = warm("/");
    assertThat(report.noRoomFiles()).isEqualTo(2);
    assertThat(report.noRoomBytes()).isEqualTo(2 * BLOCK);
    assertThat(report.files()).isEqualTo(18);
    int before = helper.calls(FakeTreeHelper.Op.CONTENTS);
    assertThat(mount.read("/b/c/f4")).isEqualTo("/b/c4");
    assertThat(mount.read("/a/f4")).isEqualTo("/a4");
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isEqualTo(before);
  }

  @Test
  void whatDoesNotFitOnTheDisk_isTold() throws FsException {
    mountWithDisk(4L << 20);
    for (int i = 0; i < 5; i++) {
      mount.remote.put("/b/big" + i, "x".repeat((int) MAX - 8192));
    }
    begin();
    WarmReport report = warm("/");
    assertThat(report.noRoomFiles()).isEqualTo(2);
    assertThat(report.noRoomBytes()).isEqualTo(2 * (MAX - 8192));
    assertThat(report.files()).isEqualTo(18);
  }

  @Test
  void givenUp_endsAndKeepsWhatCame() throws Exception {
    begin();
    warm("/a");
    helper.holdRequests();
    CompletableFuture<WarmReport> warming = warmBeside("/");
    Awaitility.await().until(() -> progress.files == 10);
    progress.givenUp = true;
    assertEnds(warming, Errno.EINTR);
    helper.release();
    assertThat(mount.read("/a/f1")).isEqualTo("/a1");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  void helperThatGoes_endsIt() {
    begin();
    helper.holdRequests();
    CompletableFuture<WarmReport> warming = warmBeside("/");
    Awaitility.await().until(() -> progress.files == 15);
    helper.down();
    assertEnds(warming, Errno.ENOTCONN);
    assertFails(Errno.ENOTCONN, () -> warm("/"));
  }

  @Test
  void linkThatGoes_endsIt() {
    begin();
    helper.holdRequests();
    CompletableFuture<WarmReport> warming = warmBeside("/");
    Awaitility.await().until(() -> progress.files == 15);
    mount.away(true);
    assertEnds(warming, Errno.ENOTCONN);
  }

  @Test
  void withoutAHelper_nothingIsFetched() {
    assertFails(Errno.ENOTCONN, () -> warm("/"));
  }

  @Test
  void runtimeThatSaysNothing_isNotWaitedForForever() {
    begin();
    helper.holdRequests();
    assertFails(Errno.ETIMEDOUT, () -> warm("/"));
  }
}
