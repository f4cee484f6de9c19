package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteShell;
import colabfs.remote.RuntimeId;
import colabfs.restore.PendingList;
import colabfs.restore.RememberedTree;
import colabfs.restore.Restore;
import colabfs.restore.RestoreRules;
import colabfs.ssh.Admission;
import colabfs.writeback.PendingChange.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which connections a mount may use, when. */
@Timeout(60)
final class NewRuntimeTest {
  private static final String BOOT = "11111111-2222-3333-4444-555555555555";
  private static final String OTHER_BOOT = "21111111-2222-3333-4444-555555555555";
  private static final RuntimeId ONE = new RuntimeId(null, BOOT, "SHA256:one");
  private static final RuntimeId ONE_AGAIN = new RuntimeId(null, OTHER_BOOT, "SHA256:one");
  private static final RuntimeId TWO = new RuntimeId(null, BOOT, "SHA256:two");
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private RememberedTree tree = new RememberedTree();
  private final PendingList pending = new PendingList();
  private final List<String> told = Collections.synchronizedList(new ArrayList<>());
  private NewRuntime guard = guard(MountOptions.OnNewRuntime.ASK, null);

  private NewRuntime guard(MountOptions.OnNewRuntime mode, @Nullable Path kept) {
    return new NewRuntime(
        new NewRuntime.Local() {
          @Override
          public KnownTree tree() {
            return tree;
          }

          @Override
          public Restore.Pending pending() {
            return pending;
          }

          @Override
          public void forget() {
            told.add("forget");
          }

          @Override
          public void startOver() {
            told.add("start over");
          }

          @Override
          public void settle() {
            told.add("settle");
          }
        },
        new RuntimeRecord(kept),
        mode,
        InstantSource.system());
  }

  /** A connection that comes in, and the thread that has it decided on. */
  private final class Coming implements Admission.Arrival {
    private final RuntimeId id;
    private final CompletableFuture<String> over = new CompletableFuture<>();
    private final CompletableFuture<Void> admitted;

    Coming(RuntimeId id) {
      this.id = id;
      this.admitted =
          CompletableFuture.runAsync(
              () -> {
                try {
                  guard.admit(this);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
    }

    void isAdmitted() throws Exception {
      admitted.get(10, TimeUnit.SECONDS);
    }

    Coming isHeld() {
      Awaitility.await().until(() -> guard.arrival() == this);
      assertThat(admitted).isNotDone();
      return this;
    }

    @Override
    public RuntimeId runtimeId() {
      return id;
    }

    @Override
    public String root() {
      return "/content";
    }

    @Override
    public RemoteFs fs() {
      return runtime;
    }

    @Override
    public RemoteShell shell() {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<String> over() {
      return over;
    }

    @Override
    public void explain(String reason) {
      told.add(reason);
    }

    @Override
    public void turnAwayCalls() {
      told.add("turn away");
    }
  }

  /** A runtime with one file, which the mount has read. */
  private void serve(RuntimeId id) {
    runtime.put("/old", "old");
    tree.file("/old", "old");
    assertThat(guard.begin(id, runtime.list(RemotePath.ROOT))).isFalse();
  }

  private RestoreRules rules() {
    return new RestoreRules(List.of(), RestoreRules.DEFAULT_MAX_BYTES);
  }

  private static Restore.Progress quiet() {
    return new Restore.Progress() {
      @Override
      public void left(int names, long bytes) {}

      @Override
      public boolean isGivenUp() {
        return false;
      }
    };
  }

  @Test
  void sameRuntime_isAdmitted() throws Exception {
    serve(ONE);
    new Coming(ONE).isAdmitted();
    assertThat(guard.difference()).isNull();
    assertThat(told).isEmpty();
  }

  @Test
  void anotherRuntime_isHeld_untilTheTreeIsRestored() throws Exception {
    serve(ONE);
    runtime.remove("/old");
    Coming coming = new Coming(TWO).isHeld();
    assertThat(guard.difference()).isNotNull();
    assertThat(told).hasSize(1).first().asString().contains("host key", "colabfs restore --fresh");
    assertThat(guard.plan(rules(), PATIENCE, runtime).items()).hasSize(1);
    assertThat(runtime.exists("/old")).isFalse();
    assertThat(coming.admitted).isNotDone();
    assertThat(guard.restore(rules(), PATIENCE, quiet()).whole()).isTrue();
    coming.isAdmitted();
    assertThat(runtime.text("/old")).isEqualTo("old");
    assertThat(told.subList(1, told.size())).containsExactly("settle", "turn away", "start over");
    assertThat(guard.difference()).isNull();
    new Coming(TWO).isAdmitted();
  }

  @Test
  void anotherRuntime_isTakenAsItIs() throws Exception {
    serve(ONE);
    Coming coming = new Coming(TWO).isHeld();
    guard.takeAsItIs(PATIENCE);
    coming.isAdmitted();
    assertThat(told.subList(1, told.size())).containsExactly("forget", "turn away", "start over");
  }

  @Test
  void emptiedRoot_isHeld_butNotOneThatWasEmptiedHere() throws Exception {
    serve(ONE);
    runtime.remove("/old");
    Coming coming = new Coming(ONE).isHeld();
    assertThat(told.get(0)).contains("root is empty");
    coming.over.complete("cut");
    coming.isAdmitted(); // it is over, which its owner sees
    tree = new RememberedTree().directory("/", 0755);
    new Coming(ONE).isAdmitted();
    assertThat(guard.difference()).isNull();
  }

  @Test
  void startedAgain_withSomethingMissing_isHeld() throws Exception {
    serve(ONE);
    runtime.put("/sample_data", "x");
    new Coming(ONE_AGAIN).isAdmitted();
    runtime.remove("/old");
    new Coming(ONE).isHeld().over.complete("cut");
    assertThat(told.get(0)).contains("started again", "'old' is gone");
  }

  @Test
  void nothingKnownAndNothingPending_isNoReasonToHold() throws Exception {
    assertThat(guard.begin(ONE, runtime.list(RemotePath.ROOT))).isFalse();
    new Coming(TWO).isAdmitted();
    assertThat(told).containsExactly("forget", "turn away", "start over");
  }

  @Test
  void heldConnectionThatGoes_isDecidedOnAnewWhenItComesBack() throws Exception {
    serve(ONE);
    runtime.remove("/old");
    Coming first = new Coming(TWO).isHeld();
    first.over.complete("cut");
    first.isAdmitted();
    assertThat(guard.difference()).isNotNull();
    assertThat(guard.arrival()).isNull();
    assertThatThrownBy(() -> guard.restore(rules(), Duration.ofMillis(10), quiet()))
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN));
    Coming second = new Coming(TWO).isHeld();
    guard.restore(rules(), PATIENCE, quiet());
    second.isAdmitted();
  }

  @Test
  void oldRuntimeThatAnswersAgain_isAdmitted() throws Exception {
    serve(ONE);
    Coming coming = new Coming(TWO).isHeld();
    coming.over.complete("the profile was changed back");
    coming.isAdmitted();
    new Coming(ONE).isAdmitted();
    assertThat(guard.difference()).isNull();
  }

  @Test
  void restoreThatFails_keepsHolding_alsoWhenTheRootIsNotEmptyAnyMore() throws Exception {
    serve(ONE);
    tree.file("/large", "0123456789");
    runtime.remove("/old");
    runtime.capacity(5);
    Coming coming = new Coming(ONE).isHeld();
    assertThat(guard.restore(rules(), PATIENCE, quiet()).whole()).isFalse();
    runtime.putDirectory("/left"); // as a restore leaves what it could make
    coming.over.complete("cut");
    coming.isAdmitted();
    Coming again = new Coming(ONE).isHeld();
    runtime.capacity(100);
    assertThat(guard.restore(rules(), PATIENCE, quiet()).whole()).isTrue();
    again.isAdmitted();
    assertThat(runtime.text("/large")).isEqualTo("0123456789");
  }

  @Test
  void decidedBefore_goesOnByItself() throws Exception {
    guard = guard(MountOptions.OnNewRuntime.RESTORE, null);
    serve(ONE);
    runtime.remove("/old");
    new Coming(TWO).isAdmitted();
    assertThat(runtime.text("/old")).isEqualTo("old");
    guard = guard(MountOptions.OnNewRuntime.FRESH, null);
    serve(ONE);
    runtime.remove("/old");
    new Coming(TWO).isAdmitted();
    assertThat(runtime.exists("/old")).isFalse();
  }

  @Test
  void restoreByItselfThatFails_isHeld() throws Exception {
    guard = guard(MountOptions.OnNewRuntime.RESTORE, null);
    serve(ONE);
    runtime.remove("/old");
    runtime.capacity(1);
    Coming coming = new Coming(TWO).isHeld();
    Awaitility.await().until(() -> told.contains("settle"));
    assertThat(coming.admitted).isNotDone();
    coming.over.complete("cut");
  }

  @Test
  void nextMount_leavesAnotherRuntime_onlyWhenSomethingIsPending() throws Exception {
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    serve(ONE);
    guard.close();
    tree = new RememberedTree();
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    pending.add(Kind.WRITE, "/new");
    assertThat(guard.begin(TWO, runtime.list(RemotePath.ROOT))).isTrue();
    assertThat(guard.difference()).isNotNull();
    Coming coming = new Coming(TWO).isHeld();
    guard.takeAsItIs(PATIENCE);
    coming.isAdmitted();
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    assertThat(guard.begin(TWO, runtime.list(RemotePath.ROOT))).isFalse();
    runtime.remove("/old");
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    assertThat(guard.begin(TWO, runtime.list(RemotePath.ROOT))).as("it was emptied").isTrue();
  }

  @Test
  void nextMount_withNothingPending_takesWhatAnswers() {
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    serve(ONE);
    guard.close();
    guard = guard(MountOptions.OnNewRuntime.ASK, directory);
    assertThat(guard.begin(TWO, runtime.list(RemotePath.ROOT))).isFalse();
    assertThat(new RuntimeRecord(directory).read())
        .isEqualTo(new RuntimeRecord.Known(TWO, true, false));
  }

  @Test
  void withoutANewRuntime_thereIsNothingToDecide() {
    serve(ONE);
    assertThatThrownBy(() -> guard.takeAsItIs(PATIENCE)).hasMessageContaining("no new runtime");
  }
}
