package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.ControlException.Reason;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import colabfs.restore.RestoreRules;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is asked about a new runtime, over the socket. */
@Timeout(60)
final class RestoreRequestsTest {
  private static final Path MOUNTPOINT = Path.of("/mnt/somewhere");
  private static final RemotePath ODD = RemotePath.of("/dir/it's \"odd\"\n\u00fc");

  @TempDir(factory = ShortTempDir.class)
  Path directory;

  private final FakeMount mount = new FakeMount();
  private ControlServer server;
  private ControlClient client;

  @BeforeEach
  void listen() throws IOException {
    RunningMounts list = new RunningMounts(directory);
    server = ControlServer.listen(list.socketOf(MOUNTPOINT), mount, line -> null);
    client = new ControlClient(list, MOUNTPOINT);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  @Test
  void report_ofAnyLength_comesAsItIs() throws Exception {
    mount.report =
        new RestoreReport(
            Stream.concat(
                    Stream.of(
                        new Item(Outcome.FAILED, FileType.SYMLINK, ODD, 0, "no room\nleft"),
                        new Item(Outcome.TOO_LARGE, FileType.REGULAR, ODD, 1L << 40, null)),
                    IntStream.range(0, 5000)
                        .mapToObj(
                            i ->
                                new Item(
                                    Outcome.SENT, FileType.DIRECTORY, ODD.child("d" + i), 0, null)))
                .toList(),
            false);
    List<PendingFigures> told = new ArrayList<>();
    assertThat(client.restore(List.of("*.log"), 5, true, told::add, new CompletableFuture<>()))
        .isEqualTo(mount.report);
    assertThat(mount.dryRun).isTrue();
    assertThat(told).containsExactly(new PendingFigures(7, 8, 0, 0));
    mount.report = new RestoreReport(List.of(), true);
    assertThat(client.restore(List.of(), 5, false, left -> {}, new CompletableFuture<>()).whole())
        .isTrue();
    assertThat(mount.dryRun).isFalse();
  }

  @Test
  void givenUp_isTold() {
    mount.waits = true;
    CompletableFuture<Void> givenUp = CompletableFuture.completedFuture(null);
    assertThatThrownBy(() -> client.restore(List.of(), 5, false, left -> {}, givenUp))
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(Reason.GIVEN_UP));
  }

  @Test
  void takeAsItIs_isDone_orSaysWhyNot() throws Exception {
    client.takeAsItIs();
    assertThat(mount.taken).isTrue();
    mount.failure = new ControlException(Reason.FAILED, "nothing to decide; see status");
    assertThatThrownBy(client::takeAsItIs).hasMessage("nothing to decide; see status");
  }

  @Test
  void requestWithoutASize_isRefused() {
    assertThatThrownBy(() -> RequestJson.read("{\"version\":1,\"command\":\"restore\"}"))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(
            () -> RequestJson.read("{\"version\":1,\"command\":\"restore\",\"max_bytes\":-1}"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void requestThatDoesNotSayHow_sendsNothing() throws Exception {
    assertThat(RequestJson.read("{\"version\":1,\"command\":\"restore\",\"max_bytes\":1}"))
        .isEqualTo(new Request.Restore(List.of(), 1, true));
  }

  private static final class FakeMount extends IdleMount {
    volatile RestoreReport report = new RestoreReport(List.of(), true);
    volatile boolean dryRun;
    volatile boolean waits;
    volatile boolean taken;
    volatile @Nullable ControlException failure;

    @Override
    public RestoreReport restore(RestoreRules rules, boolean wanted, Follower follower)
        throws ControlException {
      dryRun = wanted;
      follower.left(new PendingFigures(7, 8, 0, 0));
      if (waits) {
        Awaitility.await().until(follower::hasLeft);
        throw new ControlException(Reason.GIVEN_UP, "interrupted");
      }
      return report;
    }

    @Override
    public void takeAsItIs() throws ControlException {
      ControlException refused = failure;
      if (refused != null) {
        throw refused;
      }
      taken = true;
    }
  }
}
