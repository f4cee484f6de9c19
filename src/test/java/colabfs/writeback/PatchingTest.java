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
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.FakeTreeHelper.Moment;
import colabfs.remote.FakeTreeHelper.Op;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.TreeChange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Contents that are put together on the runtime, and what becomes of them when something fails. */
@Timeout(60)
final class PatchingTest {
  private static final int MEGABYTE = 1 << 20;
  private static final int LENGTH = 2 * MEGABYTE + 77;
  private static final int LOGIN = 1000;

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final FakeTreeHelper helper = new FakeTreeHelper(runtime);
  private final byte[] old = noise(LENGTH);

  @SuppressWarnings("NullAway.Init") // every test begins with one
  private WriteBack writeBack;

  @BeforeEach
  void open() throws IOException {
    writeBack = open(0);
    runtime.put("/f", old);
    runtime.change("/f", new AttrChange(null, 0751, null, null));
  }

  private WriteBack open(int uid) throws IOException {
    return WriteBack.open(
        runtime,
        helper,
        new RemoteIdentity(uid, uid, Set.of(uid)),
        new WriteBack.Settings(
            directory, WriteBack.Settings.DEFAULT_DEBOUNCE, "here", WriteBack.Fsync.LOCAL),
        InstantSource.system());
  }

  @AfterEach
  void close() {
    writeBack.close();
  }

  private static byte[] noise(int length) {
    byte[] noise = new byte[length];
    new Random(length).nextBytes(noise);
    return noise;
  }

  private static RemotePath at(String path) {
    return RemotePath.of(path);
  }

  private static <T> T get(CompletableFuture<T> answer) throws Exception {
    return answer.get(20, TimeUnit.SECONDS);
  }

  private void save(String path, byte[] content) throws Exception {
    Set<OpenFlag> flags =
        runtime.exists(path)
            ? EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE)
            : EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE);
    RemoteFile file = get(writeBack.files().open(at(path), flags, 0644));
    for (int from = 0; from < content.length; from += 100_000) { // no blocks of anybody's
      int length = Math.min(100_000, content.length - from);
      get(file.write(from, ByteBuffer.wrap(content, from, length)));
    }
    get(file.close());
  }

  private void flush() throws FsException {
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
  }

  private List<String> names() {
    return runtime.entries("/").stream().map(DirEntry::name).toList();
  }

  private void awaitHeld(int count) {
    Awaitility.await().until(() -> helper.held() == count);
  }

  /** What was there, with other bytes at that place. */
  private byte[] changed(int place, String bytes) {
    byte[] content = old.clone();
    byte[] other = bytes.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(other, 0, content, place, other.length);
    return content;
  }

  private TreeChange.Patch patch() {
    List<TreeChange> made = helper.made();
    assertThat(made).isNotEmpty().last().isInstanceOf(TreeChange.Patch.class);
    return (TreeChange.Patch) made.get(made.size() - 1);
  }

  private void assertWentWhole(byte[] content) {
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(helper.made()).isEmpty();
    assertThat(writeBack.conflicts()).isEmpty();
  }

  @Test
  void fileThatIsWrittenAnew_sendsTheBlocksThatChanged_andKeepsItsMode() throws Exception {
    byte[] content = changed(MEGABYTE, "changed");
    runtime.resetCalls();
    save("/f", content);
    get(writeBack.files().setattr(at("/f"), AttrChange.times(7_000_000_001L, 8_000_000_003L)));
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(patch().literals().remaining()).isEqualTo(4096);
    FileAttrs there = get(helper.digests(at("/f"), 4096)).attrs();
    assertThat(there.permissions()).isEqualTo(0751);
    assertThat(there.mtimeNanos()).isEqualTo(8_000_000_003L);
    assertThat(runtime.calls(FakeRemoteFs.Op.OPEN)).isZero();
    assertThat(names()).containsExactly("f");
  }

  @Test
  void fileThatIsReplacedByANewOne_sendsTheBlocksThatChanged() throws Exception {
    byte[] content = changed(MEGABYTE, "changed");
    save("/f.tmp", content);
    get(writeBack.files().rename(at("/f.tmp"), at("/f")));
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(patch().literals().remaining()).isEqualTo(4096);
    assertThat(names()).containsExactly("f");
  }

  @Test
  void fileThatBecomesLongerOrShorter_sendsItsEnd() throws Exception {
    byte[] longer = Arrays.copyOf(old, LENGTH + 10_000);
    save("/f", longer);
    flush();
    assertThat(runtime.content("/f")).isEqualTo(longer);
    assertThat(patch().literals().remaining()).isLessThan(10_000 + 4096);
    byte[] shorter = Arrays.copyOf(old, MEGABYTE + 1);
    save("/f", shorter);
    flush();
    assertThat(runtime.content("/f")).isEqualTo(shorter);
    assertThat(patch().literals().remaining()).isLessThan(4096);
  }

  @Test
  void fileThatIsWrittenAsItWas_sendsNothingOfIt() throws Exception {
    save("/f", old);
    flush();
    assertThat(runtime.content("/f")).isEqualTo(old);
    assertThat(patch().pieces()).containsExactly(new TreeChange.Piece.Copy(0, LENGTH));
  }

  @Test
  void fileInWhichAllMoved_goesWhole() throws Exception {
    byte[] content = new byte[LENGTH + 1];
    System.arraycopy(old, 0, content, 1, LENGTH);
    save("/f", content);
    flush();
    assertWentWhole(content);
    assertThat(helper.calls(Op.DIGESTS)).isEqualTo(1);
  }

  @Test
  void patchesBeyondWhatMayBeOnItsWay_goWhole() throws Exception {
    byte[] large = noise(10 * MEGABYTE);
    byte[] content = large.clone();
    Arrays.fill(content, 0, 6 * MEGABYTE, (byte) 'x');
    for (String path : List.of("/a", "/b", "/c")) {
      runtime.put(path, large);
    }
    helper.holdRequests();
    for (String path : List.of("/a", "/b", "/c")) {
      save(path, content);
    }
    awaitHeld(3);
    for (int digests = 0; digests < 3; digests++) {
      assertThat(helper.releaseOne()).isTrue();
    }
    awaitHeld(2);
    Awaitility.await().until(() -> writeBack.figures().changes() == 2);
    helper.release();
    flush();
    for (String path : List.of("/a", "/b", "/c")) {
      assertThat(runtime.content(path)).isEqualTo(content);
    }
    assertThat(helper.calls(Op.PATCH)).isEqualTo(2);
    save("/c", large); // there is room again
    flush();
    assertThat(helper.calls(Op.PATCH)).isEqualTo(3);
  }

  @Test
  void fileWithAHole_goesWhole_andNobodyComparesIt() throws Exception {
    save("/f", changed(0, "changed"));
    get(writeBack.files().setattr(at("/f"), AttrChange.size(LENGTH + MEGABYTE)));
    flush();
    assertWentWhole(Arrays.copyOf(changed(0, "changed"), LENGTH + MEGABYTE));
    assertThat(helper.calls(Op.DIGESTS)).isZero();
  }

  @Test
  void fileWithTwoNames_isChangedWhereItIs() throws Exception {
    get(runtime.link(at("/f"), at("/other")));
    long inode = get(helper.digests(at("/f"), 4096)).attrs().inode();
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    flush();
    assertThat(runtime.content("/other")).isEqualTo(content);
    assertThat(patch().temporary()).isNull();
    assertThat(patch().literals().remaining()).isEqualTo(4096);
    FileAttrs there = get(helper.digests(at("/f"), 4096)).attrs();
    assertThat(there.inode()).isEqualTo(inode);
    assertThat(there.permissions()).isEqualTo(0751);
  }

  @Test
  void fileOfSomebodyElse_isChangedWhereItIs() throws Exception {
    runtime.change("/f", new AttrChange(null, 0666, new AttrChange.Owner(5, 5), null));
    helper.login(LOGIN);
    writeBack.close();
    writeBack = open(LOGIN);
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(patch().temporary()).isNull();
    assertThat(runtime.attrs("/f").uid()).isEqualTo(5);
  }

  @Test
  void fileThatSomebodyElseChangedBefore_staysBesideOurs() throws Exception {
    helper.holdRequests();
    byte[] ours = changed(MEGABYTE, "ours");
    save("/f", ours);
    awaitHeld(1);
    assertTheirsStaysBeside(ours);
    assertThat(helper.calls(Op.PATCH)).isZero();
  }

  @Test
  void fileThatSomebodyElseChangesAfterItWasCompared_staysBesideOurs() throws Exception {
    helper.holdRequests();
    byte[] ours = changed(MEGABYTE, "ours");
    save("/f", ours);
    awaitHeld(1);
    assertThat(helper.releaseOne()).isTrue();
    awaitHeld(1);
    assertTheirsStaysBeside(ours);
    assertThat(helper.calls(Op.PATCH)).isEqualTo(1);
  }

  private void assertTheirsStaysBeside(byte[] ours) throws Exception {
    byte[] theirs = Arrays.copyOf(changed(0, "theirs"), LENGTH + 1);
    runtime.put("/f", theirs);
    helper.release();
    flush();
    assertThat(runtime.content("/f")).isEqualTo(theirs);
    assertThat(writeBack.conflicts()).hasSize(1);
    String copy = String.valueOf(writeBack.conflicts().get(0).copy());
    assertThat(runtime.content(copy)).isEqualTo(ours);
    assertThat(names()).hasSize(2);
  }

  @Test
  void fileThatIsSavedAgainWhileItIsCompared_arrivesAsItIsThen() throws Exception {
    helper.holdRequests();
    save("/f", changed(MEGABYTE, "first"));
    awaitHeld(1);
    byte[] content = changed(5000, "second");
    save("/f", content);
    helper.release();
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(writeBack.conflicts()).isEmpty();
    assertThat(names()).containsExactly("f");
  }

  @Test
  void fileThatIsBeingWrittenAnew_isNotBroughtInParts() throws Exception {
    byte[] content = changed(MEGABYTE, "changed");
    RemoteFile file =
        get(writeBack.files().open(at("/f"), EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0));
    get(file.write(0, ByteBuffer.wrap(content, 0, MEGABYTE)));
    Awaitility.await()
        .during(Duration.ofMillis(400)) // four times the usual rest
        .until(() -> helper.calls(Op.DIGESTS) == 0 && runtime.content("/f").length == LENGTH);
    get(file.write(MEGABYTE, ByteBuffer.wrap(content, MEGABYTE, LENGTH - MEGABYTE)));
    get(file.close());
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(patch().literals().remaining()).isEqualTo(4096);
  }

  @Test
  void fileThatIsCutAndLeftOpen_isBroughtAfterAMoment() throws Exception {
    RemoteFile file =
        get(writeBack.files().open(at("/f"), EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0));
    get(file.write(0, ByteBuffer.wrap(old, 0, 100_000)));
    Awaitility.await().until(() -> runtime.content("/f").length == 100_000);
    get(file.write(100_000, ByteBuffer.wrap(old, 100_000, LENGTH - 100_000)));
    get(file.close());
    flush();
    assertThat(runtime.content("/f")).isEqualTo(old);
  }

  @Test
  void helperThatCannotPatch_orCannotRead_leavesItToTheOtherWay() throws Exception {
    helper.failNext(Op.PATCH, Errno.EOPNOTSUPP);
    save("/f", changed(MEGABYTE, "first"));
    flush();
    assertWentWhole(changed(MEGABYTE, "first"));
    helper.failNext(Op.DIGESTS, Errno.EAGAIN);
    save("/f", changed(MEGABYTE, "second"));
    flush();
    assertWentWhole(changed(MEGABYTE, "second"));
    assertThat(names()).containsExactly("f");
  }

  @Test
  void fullDiskOnTheRuntime_isARefusal_andTheFileArrivesAfterIt() throws Exception {
    helper.holdRequests();
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    awaitHeld(1);
    runtime.capacity(LENGTH + 10_000);
    helper.release();
    FsException refusal = catchThrowableOfType(FsException.class, this::flush);
    assertThat(refusal.errno()).isEqualTo(Errno.ENOSPC);
    assertThat(runtime.content("/f")).isEqualTo(old);
    runtime.capacity(10 * LENGTH);
    writeBack.retry();
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    Awaitility.await().untilAsserted(() -> assertThat(names()).containsExactly("f"));
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void helperThatGoes_leavesTheContentThereOnce(Moment moment) throws Exception {
    helper.goDownAt(moment);
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    flush();
    assertThat(helper.isUp()).isFalse();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(writeBack.conflicts()).isEmpty();
    Awaitility.await().untilAsserted(() -> assertThat(names()).containsExactly("f"));
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void helperThatGoes_whileItChangesAFileWhereItIs_leavesTheContentThereOnce(Moment moment)
      throws Exception {
    get(runtime.link(at("/f"), at("/other")));
    helper.goDownAt(moment);
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    flush();
    assertThat(runtime.content("/other")).isEqualTo(content);
    assertThat(writeBack.conflicts()).isEmpty();
    assertThat(names()).containsExactlyInAnyOrder("f", "other");
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void killWithAPatchUnderWay_bringsItOnce(Moment moment) throws Exception {
    killWithAPatchUnderWay(moment);
    Awaitility.await().untilAsserted(() -> assertThat(names()).containsExactly("f"));
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void killWithAPatchOfAFileWithTwoNamesUnderWay_bringsItOnce(Moment moment) throws Exception {
    get(runtime.link(at("/f"), at("/other")));
    killWithAPatchUnderWay(moment);
    assertThat(runtime.content("/other")).isEqualTo(runtime.content("/f"));
  }

  private void killWithAPatchUnderWay(Moment moment) throws Exception {
    helper.holdRequests();
    byte[] content = changed(MEGABYTE, "changed");
    save("/f", content);
    awaitHeld(1);
    assertThat(helper.releaseOne()).isTrue();
    awaitHeld(1);
    runtime.holdRequests(); // what this process would do without the helper does not happen
    helper.goDownAt(moment);
    assertThat(helper.releaseOne()).isTrue();
    assertThat(helper.isUp()).isFalse();
    writeBack.close();
    runtime.disconnect();
    runtime.release();
    runtime.reconnect();
    writeBack = open(0);
    flush();
    assertThat(runtime.content("/f")).isEqualTo(content);
    assertThat(writeBack.conflicts()).isEmpty();
  }

  @Test
  void blocks_areNoMoreThanAnAnswerHolds() {
    assertThat(Patching.blockBytes(MEGABYTE)).isEqualTo(4096);
    assertThat(Patching.blockBytes(16 * MEGABYTE)).isEqualTo(4096);
    assertThat(Patching.blockBytes(16 * MEGABYTE + 1)).isEqualTo(8192);
    assertThat(Patching.blockBytes(Pace.LARGE_FILE_BYTES)).isEqualTo(16 * 1024);
    assertThat(Patching.mostLiteralBytes(4 * MEGABYTE)).isEqualTo(3 * MEGABYTE);
    assertThat(Patching.mostLiteralBytes(64 * MEGABYTE)).isEqualTo(8 * MEGABYTE);
  }
}
