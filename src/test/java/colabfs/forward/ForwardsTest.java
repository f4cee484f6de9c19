package colabfs.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.forward.ForwardSpec.Kind;
import colabfs.remote.LinkState;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Beginning and stopping forwards, on a runtime that a test plays. */
@Timeout(60)
final class ForwardsTest {
  private final FakePorts ports = new FakePorts();
  private final FakeLink link = new FakeLink();
  private final Forwards forwards = new Forwards(ports, link);

  @AfterEach
  void close() {
    forwards.close();
  }

  @Test
  void severalWithOneThatFails_leaveNothing() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int free = freePort();
      assertThatThrownBy(
              () ->
                  forwards.add(
                      List.of(
                          spec(Kind.REMOTE, "9000"),
                          spec(Kind.LOCAL, Integer.toString(free)),
                          spec(Kind.LOCAL, Integer.toString(taken.getLocalPort())))))
          .isInstanceOf(ForwardException.class)
          .hasMessageContaining("in use by another program");
      assertThat(forwards.list()).isEmpty();
      assertThat(ports.listening).isEmpty();
      assertThat(isOpen(free)).isFalse();
    }
  }

  @Test
  void refusedRemotePort_takesTheOthersBack() throws Exception {
    int free = freePort();
    ports.refusesListening = true;
    assertThatThrownBy(
            () ->
                forwards.add(
                    List.of(spec(Kind.LOCAL, Integer.toString(free)), spec(Kind.REMOTE, "9000"))))
        .hasMessageContaining("9001:localhost:9000");
    assertThat(isOpen(free)).isFalse();
  }

  @Test
  void sameTwice_isRefused_andTellsHowToStop() throws Exception {
    int free = freePort();
    forwards.add(List.of(spec(Kind.LOCAL, Integer.toString(free))));
    assertThatThrownBy(() -> forwards.add(List.of(spec(Kind.DYNAMIC, Integer.toString(free)))))
        .hasMessageContaining("colabfs forward --stop -L " + free);
    forwards.add(List.of(spec(Kind.REMOTE, Integer.toString(free)))); // that is another machine
  }

  @Test
  void portZero_isToldWhichItIs_andOwnPortOfTheRuntimeToo() throws Exception {
    List<ForwardStatus> begun =
        forwards.add(List.of(spec(Kind.LOCAL, "0:db:80"), spec(Kind.REMOTE, "0:db:80")));
    assertThat(begun.get(0).spec().port()).isPositive();
    assertThat(begun.get(1).spec().port()).isEqualTo(FakePorts.GIVEN);
  }

  @Test
  void stop_takesPortWordsAndFlag() throws Exception {
    int port = freePort();
    String text = Integer.toString(port);
    forwards.add(List.of(spec(Kind.LOCAL, text), spec(Kind.REMOTE, text)));
    assertThatThrownBy(() -> forwards.stop(List.of(text)))
        .hasMessageContaining("more than one")
        .hasMessageContaining("-R " + text);
    assertThat(forwards.stop(List.of("-R " + text))).hasSize(1);
    assertThat(ports.listening).isEmpty();
    assertThatThrownBy(() -> forwards.stop(List.of("-R " + text))).hasMessageContaining("--list");
    assertThat(forwards.stop(List.of(text + ":localhost:" + text))).hasSize(1);
    assertThat(forwards.stop(List.of("all"))).isEmpty();
    assertThat(isOpen(port)).isFalse();
  }

  @Test
  void remotePort_isAskedForAgain_untilTheServerHasIt() throws Exception {
    forwards.add(List.of(spec(Kind.REMOTE, "9000")));
    link.turn(false);
    ports.cut();
    assertThat(forwards.list().get(0).open()).isFalse();
    ports.refusesListening = true; // the old connection holds it
    link.turn(true);
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(forwards.list().get(0).trouble()).contains("refused by the test"));
    ports.refusesListening = false;
    Awaitility.await().untilAsserted(() -> assertThat(forwards.list().get(0).open()).isTrue());
    assertThat(forwards.list().get(0).trouble()).isNull();
  }

  @Test
  void stoppedRemotePort_isNotAskedForAgain() throws Exception {
    forwards.add(List.of(spec(Kind.REMOTE, "9000"), spec(Kind.REMOTE, "9001")));
    link.turn(false);
    ports.cut();
    forwards.stop(List.of("9000"));
    link.turn(true);
    Awaitility.await().untilAsserted(() -> assertThat(ports.listening).containsExactly(9001));
  }

  @Test
  void serverThatForwardsNothing_isToldOfAtOnce() throws Exception {
    ports.refusal = Errno.EACCES;
    int free = freePort();
    assertThatThrownBy(() -> forwards.add(List.of(spec(Kind.LOCAL, Integer.toString(free)))))
        .hasMessageContaining("AllowTcpForwarding");
    assertThat(isOpen(free)).isFalse();
  }

  @Test
  void linkThatIsAway_isNoReasonToRefuseALocalPort() throws Exception {
    ports.refusal = Errno.EACCES;
    link.turn(false);
    int free = freePort();
    ForwardStatus begun = forwards.add(List.of(spec(Kind.LOCAL, Integer.toString(free)))).get(0);
    assertThat(begun.open()).isFalse();
    assertThat(begun.trouble()).contains("away");
    assertThat(isOpen(free)).isTrue();
  }

  @Test
  void targetThatDoesNotAnswer_isSeenInTheList_andTheCallerCutOff() throws Exception {
    int free = freePort();
    forwards.add(List.of(spec(Kind.LOCAL, Integer.toString(free))));
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), free)) {
      socket.setSoTimeout(10_000);
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(java.net.SocketException.class);
    }
    assertThat(forwards.list().get(0).trouble()).contains("refused by the test");
  }

  @Test
  void afterClose_nothingIsBegun() throws Exception {
    forwards.close();
    int free = freePort();
    assertThatThrownBy(() -> forwards.add(List.of(spec(Kind.LOCAL, Integer.toString(free)))))
        .isInstanceOf(ForwardException.class);
    assertThat(isOpen(free)).isFalse();
  }

  private static ForwardSpec spec(Kind kind, String text) {
    return ForwardSpec.parse(kind, text);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Who is let in and cut off before the connect has returned sees a reset. */
  private static boolean isOpen(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
      return true;
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).contains("reset");
    }
  }

  private static final class FakeLink implements LinkState {
    private final List<Consumer<Boolean>> listeners = new ArrayList<>();
    private volatile boolean up = true;

    void turn(boolean now) {
      up = now;
      listeners.forEach(listener -> listener.accept(now));
    }

    @Override
    public boolean isUp() {
      return up;
    }

    @Override
    public void onChange(Consumer<Boolean> listener) {
      listeners.add(listener);
    }
  }

  /** Nothing answers on this runtime; it listens where it is asked to. */
  private static final class FakePorts implements RemotePorts {
    static final int GIVEN = 40_000;

    final List<Integer> listening = new CopyOnWriteArrayList<>();
    private final List<FakeListener> open = new CopyOnWriteArrayList<>();
    volatile Errno refusal = Errno.EIO;
    volatile boolean refusesListening;

    @Override
    public CompletableFuture<RemoteStream> connect(String host, int port) {
      return CompletableFuture.failedFuture(new FsException(refusal, "refused by the test"));
    }

    @Override
    public CompletableFuture<Listener> listen(String host, int port, Consumer<Visit> visitors) {
      if (refusesListening) {
        return CompletableFuture.failedFuture(new FsException(Errno.EACCES, "refused by the test"));
      }
      FakeListener listener = new FakeListener(port == 0 ? GIVEN : port);
      open.add(listener);
      listening.add(listener.port);
      return CompletableFuture.completedFuture(listener);
    }

    void cut() {
      open.forEach(FakeListener::close);
    }

    private final class FakeListener implements Listener {
      private final Integer port;
      private volatile boolean over;

      FakeListener(int port) {
        this.port = port;
      }

      @Override
      public int port() {
        return port;
      }

      @Override
      public boolean isOver() {
        return over;
      }

      @Override
      public void close() {
        over = true;
        listening.remove(port);
      }
    }
  }
}
