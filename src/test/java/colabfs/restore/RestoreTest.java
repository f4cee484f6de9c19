package colabfs.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import colabfs.writeback.PendingChange.Kind;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is sent to a new runtime, and what is not. */
@Timeout(60)
final class RestoreTest {
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final RememberedTree tree = new RememberedTree();
  private final PendingList pending = new PendingList();

  private static final Restore.Progress QUIET =
      new Restore.Progress() {
        @Override
        public void left(int names, long bytes) {}

        @Override
        public boolean isGivenUp() {
          return false;
        }
      };

  private Restore restore(String... excludes) {
    return new Restore(
        tree,
        pending,
        runtime,
        new RestoreRules(List.of(excludes), RestoreRules.DEFAULT_MAX_BYTES));
  }

  @Test
  void everythingKnown_isSent_withModeAndTime() throws Exception {
    tree.directory("/d", 0500)
        .file("/d/run.sh", "#!/bin/sh\n", 0750)
        .file("/d/e/empty", "")
        .link("/l", "d/run.sh");
    RestoreReport report = restore().send(QUIET);
    assertThat(report.whole()).isTrue();
    assertThat(outcomes(report))
        .containsExactly("SENT /d", "SENT /d/e", "SENT /d/e/empty", "SENT /d/run.sh", "SENT /l");
    assertThat(runtime.text("/d/run.sh")).isEqualTo("#!/bin/sh\n");
    assertThat(runtime.attrs("/d/run.sh").permissions()).isEqualTo(0750);
    assertThat(runtime.attrs("/d/run.sh").mtimeNanos()).isEqualTo(RememberedTree.MTIME_NANOS);
    assertThat(runtime.attrs("/d").permissions()).isEqualTo(0500);
    assertThat(runtime.attrs("/d").mtimeNanos()).isEqualTo(RememberedTree.MTIME_NANOS);
    assertThat(runtime.exists("/d/e/empty")).isTrue();
    assertThat(names("/")).containsExactly("d", "l");
    assertThat(names("/d")).containsExactly("e", "run.sh");
  }

  @Test
  void plan_tellsTheSame_andTouchesNothing() throws Exception {
    tree.file("/d/f", "12345").link("/unseen", null).unread("/data", 7);
    runtime.put("/there", "x");
    RestoreReport plan = restore().plan();
    assertThat(outcomes(plan))
        .containsExactly("SENT /d", "SENT /d/f", "NOT_KNOWN /data", "NOT_KNOWN /unseen");
    assertThat(names("/")).containsExactly("there");
  }

  @Test
  void whatIsThere_stays_andADifferenceIsTold() throws Exception {
    tree.file("/same", "abc").file("/other", "abc").file("/dir/f", "x").link("/l", "here");
    runtime.put("/same", "xyz");
    runtime.put("/other", "longer");
    runtime.put("/dir", "a file");
    runtime.putLink("/l", "elsewhere");
    RestoreReport report = restore().send(QUIET);
    assertThat(outcomes(report))
        .containsExactly(
            "DIFFERS /dir", "DIFFERS /dir/f", "THERE /l", "DIFFERS /other", "THERE /same");
    assertThat(runtime.text("/same")).isEqualTo("xyz");
    assertThat(runtime.text("/other")).isEqualTo("longer");
    assertThat(runtime.text("/dir")).isEqualTo("a file");
    assertThat(report.whole()).isTrue();
  }

  @Test
  void whatIsMadeBySomebodyMeanwhile_stays() throws Exception {
    tree.file("/f", "ours");
    tree.reading = () -> runtime.put("/f", "theirs");
    assertThat(outcomes(restore().send(QUIET))).containsExactly("DIFFERS /f");
    assertThat(runtime.text("/f")).isEqualTo("theirs");
    assertThat(names("/")).containsExactly("f");
  }

  @Test
  void largeAndExcluded_areNotSent() throws Exception {
    tree.file("/large", "123456")
        .file("/keep.log", "k")
        .file("/x.log", "x")
        .file("/node_modules/m/f", "m")
        .file("/.colabfsignore", "*.log\n!keep.log\n");
    Restore restore =
        new Restore(tree, pending, runtime, new RestoreRules(List.of("node_modules/"), 5));
    assertThat(outcomes(restore.send(QUIET)))
        .containsExactly("TOO_LARGE /.colabfsignore", "SENT /keep.log", "TOO_LARGE /large");
    assertThat(names("/")).containsExactly("keep.log");
  }

  @Test
  void pendingChanges_findTheirNamesAsTheyWere() throws Exception {
    tree.file("/new", "n").file("/moved/f", "f").file("/made/in", "i").file("/clean", "c");
    pending
        .add(Kind.WRITE, "/new")
        .add(Kind.RENAME, "/old/place", "/moved")
        .add(Kind.MKDIR, "/made")
        .add(Kind.RENAME, "/in", "/made/in")
        .add(Kind.RENAME, "/clean2", "/clean")
        .add(Kind.RENAME, "/clean1", "/clean2")
        .add(Kind.UNLINK, "/gone/below/it");
    assertThat(restore().send(QUIET).whole()).isTrue();
    assertThat(runtime.text("/old/place/f")).isEqualTo("f");
    assertThat(runtime.text("/in")).isEqualTo("i");
    assertThat(runtime.text("/clean2")).isEqualTo("c");
    assertThat(names("/")).containsExactly("clean2", "gone", "in", "old");
    assertThat(names("/gone")).containsExactly("below");
  }

  @Test
  void pendingContent_isBasedOnWhatTheRuntimeHas() throws Exception {
    tree.file("/whole", "new").file("/part", "old and new").unread("/lost", 9).file("/kept", "k");
    runtime.put("/kept", "theirs");
    pending
        .write("/whole", 3, true)
        .write("/part", 4, false)
        .write("/lost", 5, false)
        .write("/kept", 2, true);
    RestoreReport report = restore().send(QUIET);
    assertThat(outcomes(report)).containsExactly("NOT_KNOWN /lost", "SENT /part");
    assertThat(names("/")).containsExactly("kept", "part");
    assertThat(pending.rebased).containsOnlyKeys(1L, 2L).containsEntry(1L, null);
    assertThat(pending.rebased.get(2L)).isEqualTo(runtime.attrs("/part"));
    assertThat(runtime.text("/part")).isEqualTo("old and new");
  }

  @Test
  @DisplayName(
      "A restore that is cut off leaves no half file, and goes on when it is done once more.")
  void cutOff_leavesNoHalfFile_andGoesOnTheNextTime() throws Exception {
    tree.file("/a", "0123456789").file("/b", "b");
    AtomicBoolean cut = new AtomicBoolean();
    tree.reading =
        () -> {
          if (cut.compareAndSet(false, true)) {
            runtime.disconnect();
          }
        };
    assertThatThrownBy(() -> restore().send(QUIET))
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.isConnectionFailure()).isTrue());
    assertThat(names("/")).noneMatch("a"::equals);
    runtime.reconnect();
    assertThat(restore().send(QUIET).whole()).isTrue();
    assertThat(names("/")).containsExactly("a", "b");
    assertThat(runtime.text("/a")).isEqualTo("0123456789");
  }

  @Test
  void sentBefore_forAPendingChange_isWhatThatIsBasedOn() throws Exception {
    tree.file("/part", "old and new");
    pending.write("/part", 4, false);
    assertThat(restore().send(QUIET).whole()).isTrue();
    PendingList again = new PendingList().write("/part", 4, false); // the word of it was lost
    Restore restore =
        new Restore(
            tree, again, runtime, new RestoreRules(List.of(), RestoreRules.DEFAULT_MAX_BYTES));
    assertThat(outcomes(restore.send(QUIET))).containsExactly("THERE /part");
    assertThat(again.rebased.get(1L)).isEqualTo(runtime.attrs("/part"));
  }

  @Test
  void fullRuntime_isTold_andTheRestIsSent() throws Exception {
    tree.file("/f", "12345").directory("/d", 0755);
    runtime.capacity(3);
    RestoreReport report = restore().send(QUIET);
    assertThat(report.whole()).isFalse();
    assertThat(outcomes(report)).containsExactly("SENT /d", "FAILED /f");
    assertThat(names("/")).containsExactly("d");
    runtime.capacity(100);
    assertThat(restore().send(QUIET).whole()).isTrue();
    assertThat(runtime.text("/f")).isEqualTo("12345");
  }

  @Test
  void contentThatChangesHereMeanwhile_isNotSent() throws Exception {
    tree.file("/f", "12345");
    tree.reading = () -> tree.forgetContent("/f");
    assertThat(outcomes(restore().send(QUIET))).contains("NOT_KNOWN /f");
    assertThat(names("/")).isEmpty();
  }

  @Test
  void givenUp_ends() {
    tree.file("/f", "12345");
    tree.reading = runtime::holdAnswers;
    Restore.Progress impatient =
        new Restore.Progress() {
          @Override
          public void left(int names, long bytes) {
            assertThat(names).isEqualTo(1);
          }

          @Override
          public boolean isGivenUp() {
            return true;
          }
        };
    assertThatThrownBy(() -> restore().send(impatient))
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINTR));
    runtime.release();
  }

  @Test
  void expectedInRoot_isWithoutWhatPendingChangesBring() {
    tree.file("/old", "o").file("/new", "n").file("/renamed", "r").file("/d/f", "f");
    pending.add(Kind.WRITE, "/new").add(Kind.RENAME, "/before", "/renamed");
    assertThat(Restore.expectedInRoot(tree, pending.changes()))
        .containsExactlyInAnyOrder("old", "before", "d");
    assertThat(Restore.expectedInRoot(new RememberedTree(), List.of())).isEmpty();
  }

  @Test
  void rebaseOnly_sendsNothing() throws Exception {
    tree.file("/f", "new");
    runtime.put("/there", "theirs");
    pending.write("/f", 3, true).write("/there", 3, true).write("/part", 3, false);
    Restore.rebaseOnly(pending, runtime);
    assertThat(pending.rebased).containsOnlyKeys(1L);
    assertThat(names("/")).containsExactly("there");
  }

  private List<String> names(String directory) {
    return runtime.entries(directory).stream().map(DirEntry::name).sorted().toList();
  }

  private static List<String> outcomes(RestoreReport report) {
    return report.items().stream().map(RestoreTest::text).toList();
  }

  private static String text(Item item) {
    Outcome outcome = item.outcome();
    RemotePath path = item.path();
    return outcome + " " + path;
  }
}
