package colabfs.agent;

import static colabfs.agent.Soon.await;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.SnapshotBounds;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the helper starts, goes and comes back. */
@Timeout(60)
final class AgentLifeTest {
  private static final SnapshotBounds ALL =
      new SnapshotBounds(100_000, 100, Duration.ofSeconds(30));
  private static final AgentSettings QUICK =
      new AgentSettings(
          Duration.ofSeconds(20),
          Duration.ofMillis(200),
          Duration.ofMillis(800),
          Duration.ofMillis(20),
          3,
          Duration.ofMinutes(1),
          Duration.ofMillis(20));

  @TempDir Path root;

  private final LocalShell shell = new LocalShell();
  private final TestLink link = new TestLink(true);
  private final Seen seen = new Seen();
  private AgentTree tree = new AgentTree(shell, new TestLink(false), () -> "/");

  @AfterEach
  void end() {
    tree.close();
    shell.processes().forEach(Process::destroyForcibly);
  }

  private void start(AgentSettings settings) {
    tree.close();
    tree = new AgentTree(shell, link, root::toString, settings, System::nanoTime);
    tree.listen(seen);
  }

  @Test
  void withoutAConnection_nothingIsStarted_andCallsFailAtOnce() {
    link.set(false);
    start(QUICK);
    assertNotConnected(tree.snapshot(RemotePath.ROOT, ALL, seen));
    assertNotConnected(tree.contents(List.of(RemotePath.ROOT), 1, seen));
    assertThat(shell.processes()).isEmpty();
    assertThat(tree.status().up()).isFalse();
    link.set(true);
    await().until(tree::isUp);
    await().until(() -> seen.words().equals(List.of("up")));
  }

  @Test
  void aKilledHelper_failsWhatIsAsked_andComesBack() {
    start(QUICK);
    await().until(tree::isUp);
    stop(shell.last());
    CompletableFuture<Boolean> asked = tree.snapshot(RemotePath.ROOT, ALL, seen);
    shell.last().destroyForcibly();
    assertNotConnected(asked);
    await().until(() -> seen.words().equals(List.of("up", "down", "up")));
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen)).succeedsWithin(Duration.ofSeconds(9));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 17, 30, 300, 600, 1_000, 4_000})
  void aHelperThatIsCutOff_anywhere_comesBack(int bytes) throws IOException {
    for (int i = 0; i < 300; i++) {
      Files.createFile(root.resolve("a-file-of-that-number-" + i));
    }
    shell.through(
        in -> {
          shell.through(uncut -> uncut);
          return new CutShort(in, bytes);
        });
    start(QUICK);
    await()
        .until(
            () -> {
              CompletableFuture<Boolean> asked = tree.snapshot(RemotePath.ROOT, ALL, seen);
              asked.handle((whole, failure) -> whole).get(9, SECONDS);
              return shell.processes().size() == 2 && !asked.isCompletedExceptionally();
            });
    assertThat(seen.listings.get(RemotePath.ROOT)).hasSize(300);
  }

  @Test
  void withoutPython_itSaysSo_andTriesAgainOnlyWithTheNextConnection() {
    shell.rewrite(line -> line.replace("python3", "/not/there/python3"));
    start(QUICK);
    await().until(() -> tree.status().reason().contains("no python3"));
    assertThat(shell.processes()).hasSize(1);
    assertNotConnected(tree.snapshot(RemotePath.ROOT, ALL, seen));
    shell.rewrite(line -> line);
    link.set(false);
    link.set(true);
    await().until(tree::isUp);
    assertThat(shell.processes()).hasSize(2);
  }

  @Test
  void withAnOldPython_itSaysSo() {
    shell.rewrite(line -> line.replace("(3,8)", "(4,0)"));
    start(QUICK);
    await().until(() -> tree.status().reason().contains("older than 3.8"));
    assertThat(shell.processes()).hasSize(1);
  }

  @Test
  void aHelperThatAlwaysFails_isTriedAFewTimes_andTellsWhy() {
    shell.rewrite(line -> "echo broken >&2; exit 1");
    start(QUICK);
    await().until(() -> shell.processes().size() == QUICK.tries());
    await().during(Duration.ofMillis(300)).until(() -> shell.processes().size() == QUICK.tries());
    assertThat(tree.status().reason()).contains("exit status 1").contains("broken");
  }

  @Test
  void aRootThatIsNotThere_isTold() {
    tree.close();
    tree = new AgentTree(shell, link, () -> "/not/there", QUICK, System::nanoTime);
    await().until(() -> tree.status().reason().contains("cannot serve the directory"));
  }

  @Test
  void aLostConnection_endsIt_andTheNextOneStartsAnother() {
    start(QUICK);
    await().until(tree::isUp);
    stop(shell.last());
    CompletableFuture<Boolean> asked = tree.snapshot(RemotePath.ROOT, ALL, seen);
    link.set(false);
    assertNotConnected(asked);
    await().until(() -> seen.words().equals(List.of("up", "down")));
    link.set(true);
    await().until(() -> seen.words().equals(List.of("up", "down", "up")));
  }

  @Test
  void aSilentHelper_isGivenUp_andAnotherStarted() {
    start(QUICK);
    await().until(tree::isUp);
    stop(shell.last());
    assertNotConnected(tree.snapshot(RemotePath.ROOT, ALL, seen));
    await().until(() -> seen.words().equals(List.of("up", "down", "up")));
  }

  @Test
  void aHelperThatIsNotAsked_mayBeSilent() {
    start(QUICK);
    await().until(tree::isUp);
    await().during(Duration.ofMillis(1500)).until(() -> seen.words().equals(List.of("up")));
  }

  @Test
  void aHelperThatNeverGreets_isGivenUp() {
    shell.rewrite(line -> "exec sleep 1000");
    start(
        new AgentSettings(
            Duration.ofMillis(100),
            QUICK.askAfter(),
            QUICK.silence(),
            QUICK.firstPause(),
            2,
            QUICK.lasting(),
            QUICK.tick()));
    await().until(() -> tree.status().reason().contains("did not answer within"));
  }

  @Test
  void aLoginThatPrintsSomethingFirst_doesNoHarm() {
    shell.rewrite(line -> "echo 'Welcome, colabfs-helper-colabfs'; printf colabfs-hel; " + line);
    start(QUICK);
    await().until(tree::isUp);
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen)).succeedsWithin(Duration.ofSeconds(9));
  }

  @Test
  void aListenerOrSinkThatFails_keepsNothingFromTheOthers() {
    start(QUICK);
    await().until(tree::isUp);
    CompletableFuture<Boolean> failing =
        tree.snapshot(
            RemotePath.ROOT,
            ALL,
            (directory, entries, watched) -> {
              throw new IllegalStateException("of the test");
            });
    assertFails(Errno.EIO, failing);
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen)).succeedsWithin(Duration.ofSeconds(9));
    assertThat(shell.processes()).hasSize(1);
  }

  @Test
  void close_endsTheHelper_andStartsNoOther() {
    start(QUICK);
    await().until(tree::isUp);
    tree.close();
    assertThat(shell.last().onExit()).succeedsWithin(Duration.ofSeconds(9));
    link.set(false);
    link.set(true);
    await().during(Duration.ofMillis(200)).until(() -> shell.processes().size() == 1);
    assertThat(tree.isUp()).isFalse();
  }

  /** Ends after so many bytes, and with it the process. */
  private static final class CutShort extends FilterInputStream {
    private int left;

    CutShort(InputStream in, int bytes) {
      super(in);
      this.left = bytes;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = left == 0 ? -1 : super.read(bytes, offset, Math.min(length, left));
      left -= Math.max(count, 0);
      return count;
    }
  }

  /** It answers no more, and is still there. */
  private static void stop(Process process) {
    try {
      new ProcessBuilder("kill", "-STOP", Long.toString(process.pid()))
          .start()
          .waitFor(9, TimeUnit.SECONDS);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertNotConnected(CompletableFuture<?> future) {
    assertFails(Errno.ENOTCONN, future);
  }

  private static void assertFails(Errno errno, CompletableFuture<?> future) {
    assertThatThrownBy(() -> future.get(9, SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }
}
