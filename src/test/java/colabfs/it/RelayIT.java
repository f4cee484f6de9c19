package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RelayIT {
  private ServerSocket echo;

  /** An echo server. */
  @BeforeEach
  void listen() throws IOException {
    echo = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread accept = new Thread(this::serve);
    accept.setDaemon(true);
    accept.start();
  }

  @AfterEach
  void close() throws IOException {
    echo.close();
  }

  @Test
  void smallMessage_takesTheRoundTrip() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ofMillis(80), 6_250_000);
        Socket socket = connect(relay)) {
      for (int i = 0; i < 9; i++) {
        assertThat(roundTrip(socket, 100)).isGreaterThanOrEqualTo(Duration.ofMillis(80));
      }
    }
  }

  @Test
  void bulk_neverExceedsTheRate() throws IOException {
    int bytes = 6_250_000; // one second at 50 Mbit/s
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ofMillis(80), 6_250_000);
        Socket socket = connect(relay)) {
      long began = System.nanoTime();
      byte[] content = new byte[bytes];
      OutputStream out = socket.getOutputStream();
      Thread writer = new Thread(() -> writeQuietly(out, content));
      writer.start();
      socket.getInputStream().readNBytes(bytes);
      assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(1_050_000_000L);
      // Counted after they were handed on.
      Awaitility.await().untilAsserted(() -> assertThat(relay.bytesUp()).isEqualTo(bytes));
      Awaitility.await().untilAsserted(() -> assertThat(relay.bytesDown()).isEqualTo(bytes));
    }
  }

  @Test
  void noLimit_carriesBytes() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ZERO, 0);
        Socket socket = connect(relay)) {
      roundTrip(socket, 100);
      roundTrip(socket, 100);
    }
  }

  @Test
  void halfClose_reachesTheOtherEndAfterTheBytes() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ofMillis(20), 0);
        Socket socket = connect(relay)) {
      socket.getOutputStream().write("all of it".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo("all of it");
    }
  }

  @Test
  void cut_resetsOpenConnectionsAndTakesNewOnes() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ofMillis(10), 0);
        Socket first = connect(relay)) {
      roundTrip(first, 10);
      relay.cut();
      assertThatThrownBy(() -> roundTrip(first, 10)).isInstanceOf(IOException.class);
      try (Socket second = connect(relay)) {
        roundTrip(second, 10);
      }
    }
  }

  @Test
  void refuse_turnsNewConnectionsAwayAndKeepsOpenOnes() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ZERO, 0);
        Socket open = connect(relay)) {
      roundTrip(open, 10);
      relay.refuse(true);
      assertThatThrownBy(() -> connect(relay).close()).isInstanceOf(ConnectException.class);
      roundTrip(open, 10);
      relay.refuse(false);
      try (Socket again = connect(relay)) {
        roundTrip(again, 10);
      }
    }
  }

  @Test
  void stall_movesNothingUntilItEnds() throws IOException {
    try (Relay relay = Relay.start(echo.getLocalPort(), Duration.ofMillis(10), 0);
        Socket socket = connect(relay)) {
      roundTrip(socket, 10);
      relay.stall(true);
      socket.getOutputStream().write(42);
      socket.setSoTimeout(300);
      InputStream in = socket.getInputStream();
      assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);
      relay.stall(false);
      socket.setSoTimeout(5_000);
      assertThat(in.read()).isEqualTo(42);
    }
  }

  private static Socket connect(Relay relay) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), relay.port());
    socket.setTcpNoDelay(true);
    return socket;
  }

  private static Duration roundTrip(Socket socket, int bytes) throws IOException {
    long began = System.nanoTime();
    socket.getOutputStream().write(new byte[bytes]);
    new DataInputStream(socket.getInputStream()).readFully(new byte[bytes]);
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private static void writeQuietly(OutputStream out, byte[] content) {
    try {
      out.write(content);
    } catch (IOException e) {
      // the reader sees the end of it
    }
  }

  private void serve() {
    while (!echo.isClosed()) {
      try {
        Socket socket = echo.accept();
        Thread thread = new Thread(() -> echo(socket));
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void echo(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException e) {
      // the client went
    }
  }
}
