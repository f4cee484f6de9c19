package colabfs.fs;

import static colabfs.fs.TestMount.path;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.FakeTreeHelper;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a mount makes of a helper on the runtime. */
@Timeout(60)
final class HelperTest {
  private final TestMount mount = new TestMount(TestMount.settings(true, false));
  private final FakeTreeHelper helper = new FakeTreeHelper(mount.remote);
  private final Kernel kernel = new Kernel();

  /** What the kernel is told. */
  private static final class Kernel implements KernelCache {
    final List<String> told = new CopyOnWriteArrayList<>();
    volatile boolean trusted;

    @Override
    public void attrsChanged(RemotePath path) {
      told.add("attrs " + path);
    }

    @Override
    public void contentChanged(RemotePath path) {
      told.add("content " + path);
    }

    @Override
    public void nameChanged(RemotePath path) {
      told.add("name " + path);
    }

    @Override
    public void treeChanged(RemotePath directory) {
      told.add("tree " + directory);
    }

    @Override
    public void trust(boolean newsFlow) {
      trusted = newsFlow;
    }
  }

  @BeforeEach
  void files() {
    for (String directory : List.of("/a", "/b", "/c", "/c/d")) {
      mount.remote.putDirectory(directory);
      for (int i = 0; i < 5; i++) {
        mount.remote.put(directory + "/f" + i, directory + i);
      }
    }
  }

  @AfterEach
  void close() {
    mount.fs.close();
  }

  private void begin() {
    mount.fs.use(helper, kernel);
    Awaitility.await().until(() -> kernel.trusted);
    caughtUp();
    mount.remote.resetCalls();
  }

  private void caughtUp() {
    mount.fs.lookAgain(false);
  }

  @Test
  @DisplayName(
      "Once the helper has told of the tree, a look asks the runtime nothing, for an hour.")
  void lookingAround_asksNothing() throws FsException {
    begin();
    for (int minute = 0; minute < 50; minute += 10) {
      assertThat(mount.names("/c")).containsExactly("d", "f0", "f1", "f2", "f3", "f4");
      assertThat(mount.names("/c/d")).hasSize(5);
      assertThat(mount.exists("/c/d/f3")).isTrue();
      assertThat(mount.exists("/c/d/none")).isFalse();
      mount.pass(Duration.ofMinutes(10));
    }
    assertThat(mount.remote.calls()).isZero();
    assertThat(helper.calls(FakeTreeHelper.Op.SNAPSHOT)).isEqualTo(1);
  }

  @Test
  @DisplayName("Small files come many at a time, and all of a tree after three of its directories.")
  void reading_asksSeldom() throws FsException {
    begin();
    for (String directory : List.of("/a", "/b", "/c", "/c/d")) {
      for (int i = 0; i < 5; i++) {
        assertThat(mount.read(directory + "/f" + i)).isEqualTo(directory + i);
      }
    }
    assertThat(mount.remote.calls()).isZero();
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isLessThanOrEqualTo(9);
    int before = helper.calls(FakeTreeHelper.Op.CONTENTS);
    for (int i = 0; i < 5; i++) {
      assertThat(mount.read("/c/d/f" + i)).isEqualTo("/c/d" + i);
    }
    assertThat(helper.calls(FakeTreeHelper.Op.CONTENTS)).isEqualTo(before);
  }

  @Test
  @DisplayName("What somebody else changes on the runtime shows at once, and the kernel is told.")
  void foreignChanges_show() throws FsException {
    begin();
    assertThat(mount.read("/a/f1")).isEqualTo("/a1");
    kernel.told.clear();
    mount.remote.put("/a/f1", "other content");
    mount.remote.put("/a/new", "new");
    mount.remote.remove("/a/f2");
    caughtUp();
    assertThat(mount.read("/a/f1")).isEqualTo("other content");
    assertThat(mount.read("/a/new")).isEqualTo("new");
    assertThat(mount.exists("/a/f2")).isFalse();
    assertThat(kernel.told).contains("content /a/f1", "name /a/new", "name /a/f2");
  }

  @Test
  @DisplayName("A change that leaves length and second as they were shows, too.")
  void sameLengthAndSecond_shows() throws FsException {
    begin();
    assertThat(mount.read("/a/f1")).isEqualTo("/a1");
    mount.pass(Duration.ofMillis(5));
    mount.remote.put("/a/f1", "/A1");
    caughtUp();
    assertThat(mount.read("/a/f1")).isEqualTo("/A1");
  }

  @Test
  @DisplayName("A new directory on the runtime is watched, too.")
  void newDirectory_isWatched() throws FsException {
    begin();
    mount.remote.putDirectory("/a/new");
    mount.remote.put("/a/new/x", "x");
    caughtUp();
    Awaitility.await().until(() -> helper.watched().contains(path("/a/new")));
    caughtUp();
    mount.remote.put("/a/new/y", "y");
    caughtUp();
    mount.remote.resetCalls();
    assertThat(mount.names("/a/new")).containsExactly("x", "y");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName(
      "Own changes are shown as they were made when the helper tells of them, and cost no look.")
  void ownChanges_areNoNews() throws FsException {
    begin();
    mount.save("/a/own", "own");
    mount.fs.mkdir(path("/a/dir"), 0755);
    mount.fs.chmod(path("/a/f1"), 0600);
    mount.fs.rename(path("/a/f2"), path("/a/g2"));
    caughtUp();
    FileAttrs before = mount.fs.getattr(path("/a/own"));
    mount.pass(Duration.ofMinutes(5));
    mount.remote.resetCalls();
    assertThat(mount.fs.getattr(path("/a/own"))).isEqualTo(before);
    assertThat(mount.read("/a/own")).isEqualTo("own");
    assertThat(mount.fs.getattr(path("/a/f1")).permissions()).isEqualTo(0600);
    assertThat(mount.exists("/a/f2")).isFalse();
    assertThat(mount.read("/a/g2")).isEqualTo("/a2");
    assertThat(mount.remote.calls()).isZero();
  }

  @Test
  @DisplayName("When the helper goes, what it told counts for the usual time only.")
  void withoutHelper_looksAgain() throws FsException {
    begin();
    helper.down();
    Awaitility.await().until(() -> !kernel.trusted);
    assertThat(mount.exists("/a/f1")).isTrue();
    assertThat(mount.remote.calls()).isZero();
    mount.pass(Duration.ofSeconds(30));
    mount.remote.put("/a/late", "late");
    assertThat(mount.names("/a")).contains("late");
    assertThat(mount.read("/a/late")).isEqualTo("late");
  }

  @Test
  @DisplayName("When the helper comes back, everything is looked at again.")
  void helperBack_looksAgain() throws FsException {
    begin();
    helper.down();
    mount.remote.put("/b/f1", "changed unseen");
    helper.up();
    Awaitility.await().until(() -> kernel.trusted);
    caughtUp();
    assertThat(mount.read("/b/f1")).isEqualTo("changed unseen");
  }

  @Test
  @DisplayName("When news were lost, nothing of what was known is believed.")
  void lostNews_looksAgain() throws FsException {
    begin();
    helper.lose(RemotePath.ROOT);
    mount.remote.put("/c/f1", "changed unseen");
    caughtUp();
    assertThat(mount.read("/c/f1")).isEqualTo("changed unseen");
    assertThat(kernel.told).contains("tree /");
  }

  @Test
  @DisplayName("What was removed here is still known to be gone when the helper loses sight of it.")
  void lostRemoved_isGoneOffline() throws FsException {
    begin();
    mount.fs.mkdir(path("/a/dir"), 0755);
    caughtUp();
    mount.fs.rmdir(path("/a/dir"));
    helper.lose(path("/a/dir"));
    caughtUp();
    mount.remote.disconnect();
    assertThat(mount.exists("/a/dir")).isFalse();
  }

  @Test
  @DisplayName("A helper that cannot read a file leaves it to the plain way.")
  void leftOut_isReadPlainly() throws FsException {
    begin();
    helper.failNext(FakeTreeHelper.Op.CONTENTS, Errno.EIO);
    assertThat(mount.read("/a/f1")).isEqualTo("/a1");
    assertThat(mount.remote.calls(Op.OPEN)).isEqualTo(1);
  }

  @Test
  @DisplayName("Times that a program set are shown as it set them, whatever the runtime keeps.")
  void ownTimes_stay() throws FsException {
    begin();
    long nanos = 1_700_000_000_123_456_789L;
    mount.save("/a/own", "own");
    mount.fs.utimens(path("/a/own"), new AttrChange.Times(nanos, nanos));
    caughtUp();
    assertThat(mount.fs.getattr(path("/a/own")).mtimeNanos()).isEqualTo(nanos);
  }
}
