package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.control.ControlException.Reason;
import colabfs.core.RemotePath;
import colabfs.fs.WarmReport;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A warming that is asked for over the socket. */
@Timeout(60)
final class WarmRequestTest {
  private static final Path MOUNTPOINT = Path.of("/mnt/somewhere");
  private static final RemotePath ODD = RemotePath.of("/dir/it's \"odd\"\n\u00fc");
  private static final WarmReport REPORT = new WarmReport(1, 1L << 40, 2, 3, 4, 5, 1L << 41);

  @TempDir(factory = ShortTempDir.class)
  Path directory;

  private final FakeMount mount = new FakeMount();
  private final List<PendingFigures> told = new CopyOnWriteArrayList<>();
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
  void warm_tellsPathBoundAndProgress_andHasItsReport() throws Exception {
    assertThat(client.warm(ODD, 4096, told::add, new CompletableFuture<>())).isEqualTo(REPORT);
    assertThat(mount.below).isEqualTo(ODD);
    assertThat(mount.maxBytes).isEqualTo(4096);
    assertThat(told).containsExactly(new PendingFigures(7, 1L << 33, 0, 0));
  }

  @Test
  void failedWarm_hasItsReasonAndText() {
    mount.failure = new ControlException(Reason.FAILED, "no helper; see 'colabfs status'");
    assertThatThrownBy(() -> client.warm(ODD, 1, told::add, new CompletableFuture<>()))
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(Reason.FAILED))
        .hasMessage("no helper; see 'colabfs status'");
  }

  @Test
  void warmThatIsGivenUp_isEndedAndAnswered() {
    mount.waits = true;
    CompletableFuture<Void> givenUp = new CompletableFuture<>();
    assertThatThrownBy(() -> client.warm(ODD, 1, left -> givenUp.complete(null), givenUp))
        .isInstanceOfSatisfying(
            ControlException.class, e -> assertThat(e.reason()).isEqualTo(Reason.GIVEN_UP));
  }

  @Test
  void clientThatIsKilled_endsItsWarm() throws Exception {
    mount.waits = true;
    try (FrameChannel channel = connect()) {
      channel.send(FrameType.REQUEST, RequestJson.write(new Request.Warm(ODD, 1)));
      assertThat(channel.receive()).isNotNull();
    }
    Awaitility.await().untilAsserted(() -> assertThat(mount.gaveUp).isTrue());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"version\":1,\"command\":\"warm\",\"max_bytes\":1}",
        "{\"version\":1,\"command\":\"warm\",\"path\":\"/\"}",
        "{\"version\":1,\"command\":\"warm\",\"path\":\"/\",\"max_bytes\":-1}",
        "{\"version\":1,\"command\":\"warm\",\"path\":\"/../a\",\"max_bytes\":1}"
      })
  void nonsense_isAnsweredWithAnError(String request) throws Exception {
    try (FrameChannel channel = connect()) {
      channel.send(FrameType.REQUEST, request);
      assertThat(Objects.requireNonNull(channel.receive()).type()).isEqualTo(FrameType.ERROR);
    }
    assertThat(mount.below).isNull();
  }

  private FrameChannel connect() throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(server.socket()));
    return new FrameChannel(socket);
  }

  private static final class FakeMount extends IdleMount {
    volatile @Nullable RemotePath below;
    volatile long maxBytes;
    volatile @Nullable ControlException failure;
    volatile boolean waits;
    volatile boolean gaveUp;

    @Override
    public WarmReport warm(RemotePath path, long maxFileBytes, Follower follower)
        throws ControlException {
      below = path;
      maxBytes = maxFileBytes;
      ControlException thrown = failure;
      if (thrown != null) {
        throw thrown;
      }
      follower.left(new PendingFigures(7, 1L << 33, 0, 0));
      if (waits) {
        Awaitility.await().until(follower::hasLeft);
        gaveUp = true;
        throw new ControlException(Reason.GIVEN_UP, "interrupted");
      }
      return REPORT;
    }
  }
}
