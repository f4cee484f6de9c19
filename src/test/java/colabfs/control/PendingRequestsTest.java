package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.ControlException.Reason;
import colabfs.core.RemotePath;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecSignal;
import colabfs.exec.RunningCommand;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked about pending changes, over the socket. */
@Timeout(60)
final class PendingRequestsTest {
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
  void flush_tellsPathBoundAndProgress() throws Exception {
    List<PendingFigures> told = new ArrayList<>();
    client.flush(ODD, Duration.ofMillis(1500), told::add, new CompletableFuture<>());
    assertThat(mount.below).isEqualTo(ODD);
    assertThat(mount.stalled).isEqualTo(Duration.ofMillis(1500));
    assertThat(told).containsExactly(new PendingFigures(5, 1L << 40, 1, 2));
    client.flush(RemotePath.ROOT, null, left -> {}, new CompletableFuture<>());
    assertThat(mount.stalled).isNull();
  }

  @Test
  void failedFlush_hasItsReasonAndText() {
    mount.failure = new ControlException(Reason.UNSENT, "refused; try again");
    assertThatThrownBy(
            () -> client.flush(RemotePath.ROOT, null, left -> {}, new CompletableFuture<>()))
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(Reason.UNSENT))
        .hasMessage("refused; try again");
  }

  @Test
  void flushThatIsGivenUp_isEndedAndAnswered() throws Exception {
    mount.waits = true;
    CompletableFuture<Void> givenUp = new CompletableFuture<>();
    CompletableFuture<Void> ended =
        CompletableFuture.runAsync(
            () -> {
              try {
                client.flush(RemotePath.ROOT, null, left -> givenUp.complete(null), givenUp);
              } catch (ControlException e) {
                throw new IllegalStateException(e.reason().name(), e);
              }
            });
    assertThatThrownBy(() -> ended.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseInstanceOf(ControlException.class)
        .cause()
        .hasMessage("GIVEN_UP");
  }

  @Test
  void clientThatVanishes_givesUpItsUnmount() throws Exception {
    mount.waits = true;
    FrameChannel channel = connect();
    channel.send(FrameType.REQUEST, RequestJson.write(new Request.Unmount(false)));
    assertThat(channel.receive()).isNotNull();
    channel.close();
    Awaitility.await().untilAsserted(() -> assertThat(mount.gaveUp).isTrue());
  }

  @Test
  void interruptedExec_beforeTheCommandRuns_isNotRun() throws Exception {
    mount.waits = true;
    CompletableFuture<Void> waiting = new CompletableFuture<>();
    List<PendingFigures> told = new ArrayList<>();
    ExecSession session =
        client.exec(
            new Command(List.of("true"), RemotePath.ROOT, false),
            new ExecIo(
                InputStream.nullInputStream(),
                OutputStream.nullOutputStream(),
                OutputStream.nullOutputStream()),
            left -> {
              told.add(left);
              waiting.complete(null);
            });
    var unused = waiting.thenRun(() -> session.signal(ExecSignal.INT));
    assertThatThrownBy(session::await).hasMessage("interrupted");
    assertThat(mount.flush).isFalse();
    assertThat(told.get(told.size() - 1)).isEqualTo(ControlClient.NOTHING);
  }

  @Test
  void longLists_arriveWhole() throws Exception {
    mount.changes = LongStream.range(0, 20_000).mapToObj(PendingRequestsTest::change).toList();
    assertThat(client.pending(ODD)).isEqualTo(mount.changes);
    assertThat(mount.below).isEqualTo(ODD);
    assertThat(client.discard(ODD)).isEqualTo(mount.changes);
  }

  @Test
  void changesAndConflicts_ofEveryShape_arriveAsTheyAre() throws Exception {
    mount.changes = List.of(Samples.REFUSED, Samples.RENAME);
    assertThat(client.pending(RemotePath.ROOT)).isEqualTo(mount.changes);
    assertThat(client.conflicts()).containsExactly(Samples.CONFLICT, Samples.GONE);
    assertThat(client.dismiss(ODD)).isEqualTo(2);
    assertThat(mount.below).isEqualTo(ODD);
    assertThat(client.retry()).isEqualTo(3);
  }

  @Test
  void export_tellsTheFiles() throws Exception {
    Path target = Path.of("/tmp/some where");
    assertThat(client.export(ODD, target)).containsExactly(target.resolve("f\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"version\":1,\"command\":\"discard\"}",
        "{\"version\":1,\"command\":\"discard\",\"path\":\"\"}",
        "{\"version\":1,\"command\":\"discard\",\"path\":\"/a/../b\"}",
        "{\"version\":1,\"command\":\"discard\",\"path\":\"a\"}",
        "{\"version\":1,\"command\":\"discard\",\"path\":\"/a\\u0000b\"}",
        "{\"version\":1,\"command\":\"discard\",\"path\":7}",
        "{\"version\":1,\"command\":\"export\",\"path\":\"/\",\"directory\":\"a\"}",
        "{\"version\":1,\"command\":\"export\",\"path\":\"/\",\"directory\":\"/a\\u0000\"}",
        "{\"version\":1,\"command\":\"export\",\"path\":\"/\"}",
        "{\"version\":1,\"command\":\"flush\",\"path\":\"/\",\"stalled_ms\":0}",
        "{\"version\":1,\"command\":\"flush\",\"path\":\"/\",\"stalled_ms\":1e300}",
        "{\"version\":1,\"command\":\"flush\",\"path\":\"/\",\"stalled_ms\":\"soon\"}",
        "{\"version\":1,\"command\":\"conquer\"}",
        "{\"version\":2,\"command\":\"retry\"}",
        "{\"command\":\"retry\"}",
        "[]",
        "nonsense",
        ""
      })
  void nonsense_isAnsweredWithAnError_andDoesNothing(String request) throws Exception {
    try (FrameChannel channel = connect()) {
      channel.send(FrameType.REQUEST, request);
      Frame answer = Objects.requireNonNull(channel.receive());
      assertThat(answer.type()).isEqualTo(FrameType.ERROR);
      assertThat(Messages.readError(answer.text()).getMessage()).isNotBlank();
    }
    assertThat(mount.below).isNull();
  }

  @Test
  void execOfAnOlderClient_isFlushedAndHearsNoProgress() throws Exception {
    mount.waits = true;
    try (FrameChannel channel = connect()) {
      channel.send(
          FrameType.REQUEST,
          "{\"version\":1,\"command\":\"exec\",\"directory\":\"/\",\"words\":[\"true\"]}");
      Awaitility.await().untilAsserted(() -> assertThat(mount.flush).isTrue());
      channel.endOutput();
      Frame frame = Objects.requireNonNull(channel.receive());
      assertThat(frame.type()).isEqualTo(FrameType.STDIN_ROOM);
      Frame last = channel.receive();
      assertThat(last == null || last.type() == FrameType.ERROR).isTrue();
    }
  }

  private FrameChannel connect() throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(server.socket()));
    return new FrameChannel(socket);
  }

  private static PendingChange change(long number) {
    return new PendingChange(
        number,
        PendingChange.Kind.MKDIR,
        RemotePath.of("/a directory with a name of some length/" + number),
        null,
        0,
        PendingChange.State.BLOCKED,
        null,
        null,
        Samples.THEN);
  }

  private static final class FakeMount extends IdleMount {
    volatile @Nullable RemotePath below;
    volatile @Nullable Duration stalled;
    volatile @Nullable ControlException failure;
    volatile List<PendingChange> changes = List.of();
    volatile boolean waits;
    volatile boolean gaveUp;
    volatile @Nullable Boolean flush;

    @Override
    public void flush(RemotePath path, @Nullable Duration bound, Follower follower)
        throws ControlException {
      below = path;
      stalled = bound;
      ControlException thrown = failure;
      if (thrown != null) {
        throw thrown;
      }
      follower.left(new PendingFigures(5, 1L << 40, 1, 2));
      await(follower);
    }

    private void await(Follower follower) throws ControlException {
      if (waits) {
        Awaitility.await().until(follower::hasLeft);
        gaveUp = true;
        throw new ControlException(Reason.GIVEN_UP, "interrupted");
      }
    }

    @Override
    public Unmounted unmount(boolean force, Follower follower) throws ControlException {
      follower.left(new PendingFigures(1, 2, 0, 0));
      await(follower);
      return super.unmount(force, follower);
    }

    @Override
    public RunningCommand exec(Command command, ExecIo io, Follower follower) throws ExecException {
      flush = command.flush();
      follower.left(new PendingFigures(1, 2, 0, 0));
      try {
        await(follower);
      } catch (ControlException e) {
        throw new ExecException(String.valueOf(e.getMessage()), e);
      }
      return super.exec(command, io, follower);
    }

    @Override
    public List<PendingChange> pending(RemotePath path) {
      below = path;
      return changes;
    }

    @Override
    public int retry() {
      return 3;
    }

    @Override
    public List<Path> export(RemotePath path, Path target) {
      below = path;
      return List.of(target.resolve("f\n"));
    }

    @Override
    public List<PendingChange> discard(RemotePath path) {
      below = path;
      return changes;
    }

    @Override
    public List<Conflict> conflicts() {
      return List.of(Samples.CONFLICT, Samples.GONE);
    }

    @Override
    public int dismiss(RemotePath path) {
      below = path;
      return 2;
    }
  }
}
