package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.Follower;
import colabfs.control.MountStatus;
import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import colabfs.control.Samples;
import colabfs.control.Unmounted;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class UnsentTest {
  private static final Path JOURNAL = Path.of("/state/journal/p-0123");
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  private final FakePendingChanges pending = new FakePendingChanges();
  private final FakeFiles files = new FakeFiles();
  private volatile @Nullable String linkTrouble;

  private Unsent unsent() {
    return unsent(mount(JOURNAL), pending);
  }

  private Unsent withSync() {
    return unsent(mount(null), null);
  }

  private Unsent unsent(RunningMount mount, @Nullable FakePendingChanges changes) {
    UnsentText text = new UnsentText(mount, () -> linkTrouble);
    return new Unsent(files, changes, mount, PATIENCE, text);
  }

  private static RunningMount mount(@Nullable Path journal) {
    return new RunningMount(
        "p", Path.of("/mnt/m"), "/content", false, journal, ProcessIdentity.own(), Samples.THEN);
  }

  @Test
  void flush_drainsOpenFilesFirst_andTakesTheMountsPatience() throws Exception {
    Unsent unsent = unsent();
    unsent.flush(RemotePath.of("/a"), null, Follower.NOBODY);
    assertThat(files.drains).isEqualTo(1);
    assertThat(pending.flushed).isEqualTo(RemotePath.of("/a"));
    assertThat(pending.stalled).isEqualTo(PATIENCE);
    unsent.flush(RemotePath.ROOT, Duration.ofSeconds(3), Follower.NOBODY);
    assertThat(pending.stalled).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void flushThatNobodyFollows_isStopped() throws Exception {
    pending.endless = true;
    pending.changes = List.of(Samples.RENAME);
    Impatient follower = new Impatient();
    assertFails(Reason.GIVEN_UP, () -> unsent().flush(RemotePath.ROOT, null, follower))
        .contains("the mount goes on");
    assertThat(follower.told).isEqualTo(new PendingFigures(1, 0, 0, 0));
    assertThat(pending.wasStopped()).isTrue();
  }

  @Test
  void command_withARefusedChange_isNotRun_andTheFilesAreNamed() {
    pending.changes = IntStream.range(0, 5).mapToObj(n -> refused(n, "/dir/" + n)).toList();
    pending.failure = new FsException(Errno.EACCES, "/dir/0 is not on the runtime");
    assertFails(Reason.UNSENT, () -> unsent().arriveBefore(Follower.NOBODY))
        .startsWith("not run, because")
        .contains("/mnt/m/dir/0 (permission denied), ", "/mnt/m/dir/2", " and 2 more")
        .contains("colabfs pending retry", "colabfs pending discard")
        .endsWith("--no-flush");
    assertThat(pending.flushed).isEqualTo(RemotePath.ROOT);
  }

  @Test
  void command_withTheLinkDown_saysWhatIsUnsentAndWhy() {
    pending.changes = List.of(waiting(1, "/a"), waiting(2, "/a"), waiting(3, "/b"));
    pending.failure = new FsException(Errno.ETIMEDOUT, "nothing has arrived for 20 s");
    assertFails(Reason.UNSENT, () -> unsent().arriveBefore(Follower.NOBODY))
        .contains("nothing has arrived for 20 s; unsent are /mnt/m/a, /mnt/m/b.");
    linkTrouble = "connection refused";
    assertFails(Reason.UNSENT, () -> unsent().arriveBefore(Follower.NOBODY))
        .contains("the connection is down: connection refused; unsent are /mnt/m/a, /mnt/m/b.")
        .contains("Try again when the runtime answers");
  }

  @Test
  void unmountThatCannotSend_saysWhereItIsAndWhatToDo() {
    pending.changes = List.of(waiting(1, "/a"));
    pending.failure = new FsException(Errno.ENOTCONN, "not connected");
    assertFails(Reason.UNSENT, () -> unsent().arriveBeforeUnmount(Follower.NOBODY))
        .contains("nothing was unmounted")
        .contains("kept in " + JOURNAL)
        .contains("--force: the next mount of 'p' sends it");
  }

  @Test
  void unmount_isNotDoneForSomebodyWhoLeft() {
    Impatient gone = new Impatient();
    assertFails(Reason.GIVEN_UP, () -> unsent().arriveBeforeUnmount(gone));
  }

  @Test
  void unmountWithSync_thatCannotSend_offersToLoseIt() {
    files.failure = new FsException(Errno.EIO, "write /a: the connection went");
    assertFails(Reason.UNSENT, () -> withSync().arriveBeforeUnmount(Follower.NOBODY))
        .contains("write /a", "nothing was unmounted")
        .endsWith("--force to give it up")
        .doesNotContain("kept");
    assertFails(Reason.UNSENT, () -> withSync().arriveBefore(Follower.NOBODY))
        .contains("Save it again");
  }

  @Test
  void forcedUnmount_waitsNoLongerThanItMay_andKeepsTheRest() throws Exception {
    pending.endless = true;
    pending.changes = List.of(Samples.REFUSED);
    files.bytes = 7;
    Unsent unsent = unsent();
    unsent.arriveWithin(Duration.ofMillis(300), Follower.NOBODY);
    assertThat(pending.wasStopped()).isTrue();
    assertThat(unsent.leftBehind())
        .isEqualTo(new Unmounted(7, new PendingFigures(1, 1536, 1, 0), JOURNAL));
    assertThat(withSync().leftBehind())
        .isEqualTo(new Unmounted(7, new PendingFigures(0, 0, 0, 0), null));
  }

  @Test
  void status_namesTheFirstRefusedOnes_andCountsAll() {
    pending.changes = IntStream.range(0, 300).mapToObj(n -> refused(n, "/" + n)).toList();
    pending.conflicts = Collections.nCopies(40, Samples.CONFLICT);
    files.bytes = 5;
    MountStatus.Pending shown = Objects.requireNonNull(unsent().shown());
    assertThat(shown.figures()).isEqualTo(new PendingFigures(300, 0, 300, 40));
    assertThat(shown.refused()).hasSize(MountStatus.Pending.MAX_SHOWN);
    assertThat(shown.conflicts()).hasSize(MountStatus.Pending.MAX_SHOWN);
    assertThat(unsent().figures().bytes()).isEqualTo(5);
    assertThat(withSync().shown()).isNull();
  }

  @Test
  void pending_isWhatTouchesThePath() {
    pending.changes = List.of(Samples.REFUSED, Samples.RENAME, waiting(3, "/directory"));
    assertThat(unsent().pending(RemotePath.of("/dir")))
        .containsExactly(Samples.REFUSED, Samples.RENAME);
    assertThat(unsent().pending(RemotePath.ROOT)).hasSize(3);
    assertThat(withSync().pending(RemotePath.ROOT)).isEmpty();
  }

  @Test
  void retry_countsWhatWasRefused() throws Exception {
    pending.changes = List.of(Samples.REFUSED, Samples.RENAME);
    assertThat(unsent().retry()).isEqualTo(1);
    assertThat(pending.retries).isEqualTo(1);
  }

  @Test
  void export_goesToANewOrEmptyDirectoryAlone() throws Exception {
    pending.changes = List.of(Samples.REFUSED);
    Path target = directory.resolve("new/one");
    assertThat(unsent().export(RemotePath.ROOT, target)).containsExactly(target.resolve("f"));
    assertFails(Reason.FAILED, () -> unsent().export(RemotePath.ROOT, target))
        .contains("is not empty", "name a new or an empty directory");
    assertFails(Reason.FAILED, () -> unsent().export(RemotePath.of("/no"), target))
        .contains("nothing is pending at or below /mnt/m/no");
    Path file = Files.createFile(directory.resolve("file"));
    assertFails(Reason.FAILED, () -> unsent().export(RemotePath.ROOT, file))
        .contains("is not complete", "the journal still has everything");
  }

  @Test
  void export_intoTheMountItself_isRefused_alsoThroughALink() throws IOException {
    pending.changes = List.of(Samples.REFUSED);
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("/mnt/m"));
    assertFails(Reason.FAILED, () -> unsent().export(RemotePath.ROOT, link.resolve("x")))
        .contains("is inside of the mount");
  }

  @Test
  void discard_givesUpWhatIsThere_andSaysWhenThereIsNothing() throws Exception {
    pending.changes = List.of(Samples.REFUSED, Samples.RENAME);
    assertThat(unsent().discard(RemotePath.of("/dir"))).containsExactly(Samples.REFUSED);
    assertFails(Reason.FAILED, () -> unsent().discard(RemotePath.of("/other")))
        .contains("nothing is pending at or below /mnt/m/other");
  }

  @Test
  void conflicts_areListedAndDismissed() {
    pending.conflicts = List.of(Samples.CONFLICT, Samples.GONE);
    assertThat(unsent().conflicts()).hasSize(2);
    assertThat(unsent().dismiss(RemotePath.of("/dir"))).isEqualTo(1);
    assertThat(unsent().conflicts()).containsExactly(Samples.CONFLICT);
    assertThat(withSync().conflicts()).isEmpty();
    assertThat(withSync().dismiss(RemotePath.ROOT)).isZero();
  }

  @Test
  void withoutWriteBack_thereIsNothingToDecideOn() {
    assertFails(Reason.FAILED, () -> withSync().retry()).contains("mounted without write-back");
    assertFails(Reason.FAILED, () -> withSync().discard(RemotePath.ROOT))
        .contains("mounted without write-back");
    assertFails(Reason.FAILED, () -> withSync().export(RemotePath.ROOT, directory))
        .contains("mounted without write-back");
  }

  private static AbstractStringAssert<?> assertFails(Reason reason, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .message();
  }

  private static PendingChange refused(int number, String path) {
    return change(number, path, PendingChange.State.REFUSED, Errno.EACCES);
  }

  private static PendingChange waiting(int number, String path) {
    return change(number, path, PendingChange.State.WAITING, null);
  }

  private static PendingChange change(
      int number, String path, PendingChange.State state, @Nullable Errno error) {
    return new PendingChange(
        number,
        PendingChange.Kind.WRITE,
        RemotePath.of(path),
        null,
        0,
        state,
        error,
        null,
        Samples.THEN);
  }

  /** Leaves when it has been told something, or at once when there is nothing to wait for. */
  private static final class Impatient implements Follower {
    volatile @Nullable PendingFigures told;

    @Override
    public void left(PendingFigures figures) {
      told = figures;
    }

    @Override
    public boolean hasLeft() {
      return true;
    }
  }

  private static final class FakeFiles implements Unsent.OpenFiles {
    int drains;
    volatile long bytes;
    volatile @Nullable FsException failure;

    @Override
    public void drain() throws FsException {
      drains++;
      FsException thrown = failure;
      if (thrown != null) {
        throw thrown;
      }
    }

    @Override
    public long unsentBytes() {
      return bytes;
    }
  }
}
