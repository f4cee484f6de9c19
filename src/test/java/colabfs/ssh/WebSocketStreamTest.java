package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class WebSocketStreamTest {
  private final FakeSocket socket = new FakeSocket();
  private final WebSocketStream stream = new WebSocketStream("the gateway");
  private final byte[] into = new byte[8];

  @BeforeEach
  void open() {
    stream.onOpen(socket);
  }

  private void piece(String text) {
    var unused =
        stream.onBinary(socket, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), false);
  }

  private String read() throws InterruptedException {
    int count = stream.read(into);
    return count < 0 ? "(end)" : new String(into, 0, count, StandardCharsets.UTF_8);
  }

  @Test
  void pieces_areReadTogether_andAsManyMoreAreAskedFor() throws Exception {
    assertThat(socket.requested).isEqualTo(64);
    piece("abc");
    piece("def");
    piece("ghijk");
    assertThat(socket.requested).as("nothing is asked for before it is read").isEqualTo(64);
    assertThat(read()).isEqualTo("abcdefgh");
    assertThat(socket.requested).isEqualTo(66);
    assertThat(read()).isEqualTo("ijk");
    assertThat(socket.requested).isEqualTo(67);
  }

  @Test
  void whatHoldsNoBytes_costsNoPlace() {
    piece("");
    var ping = stream.onPing(socket, ByteBuffer.allocate(1));
    var pong = stream.onPong(socket, ByteBuffer.allocate(1));
    assertThat(ping).isNull();
    assertThat(pong).isNull();
    assertThat(socket.requested).isEqualTo(67);
  }

  @Test
  void end_comesAfterWhatHasArrived_withItsReason() throws Exception {
    piece("last");
    var unused = stream.onClose(socket, 1013, "main\u001b[2Jtenance");
    assertThat(read()).isEqualTo("last");
    assertThat(read()).isEqualTo("(end)");
    assertThat(stream.ending())
        .isEqualTo("the gateway closed the WebSocket (1013: 'main?[2Jtenance')");
    assertThatThrownBy(() -> stream.write(into, 0, 1)).hasMessage(stream.ending());
  }

  @Test
  void firstReason_isTheOneThatCounts() {
    stream.onError(socket, new IOException("reset"));
    var unused = stream.onClose(socket, 1000, "");
    assertThat(stream.ending()).isEqualTo("the WebSocket broke: reset");
  }

  @Test
  void close_endsWhoReadsAndWhoWrites_saysGoodbye_andHangsUp() throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Future<Integer> reading = threads.submit(() -> stream.read(into));
      Future<?> writing =
          threads.submit(
              () -> {
                stream.write(new byte[] {1, 2, 3}, 1, 2);
                return null;
              });
      assertThat(socket.sent.get(10, TimeUnit.SECONDS))
          .isEqualTo(ByteBuffer.wrap(new byte[] {2, 3}));
      stream.close();
      assertThat(reading.get(10, TimeUnit.SECONDS)).isEqualTo(-1);
      assertThatThrownBy(() -> writing.get(10, TimeUnit.SECONDS))
          .hasCauseInstanceOf(IOException.class);
      assertThat(socket.calls).containsExactly("close 1000", "abort");
      stream.close();
      assertThat(socket.calls).hasSize(2);
    } finally {
      threads.shutdownNow();
    }
  }

  /** Notes what is asked of it, and never finishes sending bytes. */
  private static final class FakeSocket implements WebSocket {
    private final CompletableFuture<ByteBuffer> sent = new CompletableFuture<>();
    private final List<String> calls = new ArrayList<>();
    private long requested;

    @Override
    public CompletableFuture<WebSocket> sendBinary(ByteBuffer bytes, boolean last) {
      sent.complete(bytes);
      return new CompletableFuture<>();
    }

    @Override
    public CompletableFuture<WebSocket> sendClose(int status, String reason) {
      calls.add("close " + status);
      return CompletableFuture.completedFuture(this);
    }

    @Override
    public void request(long count) {
      requested += count;
    }

    @Override
    public void abort() {
      calls.add("abort");
    }

    @Override
    public CompletableFuture<WebSocket> sendText(CharSequence text, boolean last) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<WebSocket> sendPing(ByteBuffer message) {
      throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<WebSocket> sendPong(ByteBuffer message) {
      throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable String getSubprotocol() {
      return null;
    }

    @Override
    public boolean isOutputClosed() {
      return false;
    }

    @Override
    public boolean isInputClosed() {
      return false;
    }
  }
}
