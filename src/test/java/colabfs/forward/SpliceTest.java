package colabfs.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.remote.RemoteStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How ends and breaks travel from one side to the other. */
@Timeout(30)
final class SpliceTest {
  private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

  private Socket local;
  private SocketEnd near;

  @BeforeEach
  void connect() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      local = new Socket(server.getInetAddress(), server.getLocalPort());
      near = new SocketEnd(server.accept());
    }
  }

  @AfterEach
  void close() throws IOException {
    local.close();
    near.close();
  }

  @Test
  void endThere_isAnEndHere_whileTheOtherDirectionGoesOn() throws Exception {
    Far far = new Far(new ByteArrayInputStream(HELLO));
    CompletableFuture<Void> joined = join(far);
    assertThat(local.getInputStream().readAllBytes()).isEqualTo(HELLO);
    local.getOutputStream().write(HELLO);
    local.shutdownOutput();
    joined.get(20, TimeUnit.SECONDS);
    assertThat(far.sent.toByteArray()).isEqualTo(HELLO);
    assertThat(far.outputEnded).isTrue();
  }

  @Test
  void breakThere_isAResetHere() throws Exception {
    Far far =
        new Far(
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("cut by the test");
              }

              @Override
              public int read(byte[] into, int offset, int length) throws IOException {
                throw new IOException("cut by the test");
              }
            });
    join(far).get(20, TimeUnit.SECONDS);
    assertThatThrownBy(() -> local.getInputStream().readAllBytes())
        .isInstanceOf(SocketException.class);
    assertThat(far.closed()).isDone();
  }

  @Test
  void closedThere_isNotWaitedForHere() throws Exception {
    Far far = new Far(InputStream.nullInputStream());
    CompletableFuture<Void> joined = join(far);
    assertThat(local.getInputStream().read()).isEqualTo(-1);
    far.close(); // and who sits here says nothing more
    joined.get(20, TimeUnit.SECONDS);
    assertThat(near.socket().isClosed()).isTrue();
  }

  private CompletableFuture<Void> join(Far far) {
    return CompletableFuture.runAsync(() -> Splice.join(near, far, "test"));
  }

  private static final class Far implements RemoteStream {
    final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    volatile boolean outputEnded;
    private final InputStream in;
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    Far(InputStream in) {
      this.in = in;
    }

    @Override
    public InputStream in() {
      return in;
    }

    @Override
    public OutputStream out() {
      return new OutputStream() {
        @Override
        public void write(int value) {
          sent.write(value);
        }

        @Override
        public void close() {
          outputEnded = true;
        }
      };
    }

    @Override
    public CompletableFuture<Void> closed() {
      return over;
    }

    @Override
    public void close() {
      over.complete(null);
    }
  }
}
