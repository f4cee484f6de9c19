package colabfs.ssh;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket's binary frames as a byte stream; where frames begin and end means nothing. Pings are
 * answered by java.net.http itself.
 *
 * <p>At most {@link #PIECES} pieces of what has come are kept, each a part of one of the HTTP
 * client's buffers (16 KiB); a frame of any length comes in such pieces. Who does not read holds
 * the sender up by TCP.
 *
 * <p>Threading: as {@link ByteStream}; the HTTP client's threads deliver.
 */
final class WebSocketStream implements ByteStream, WebSocket.Listener {

  /** 1 MiB: what 100 MB/s need while a reader is away for 10 ms. */
  private static final int PIECES = 64;

  /** So that a goodbye that nobody takes holds nothing up. */
  private static final Duration GOODBYE = Duration.ofSeconds(1);

  private static final int MAX_REASON = 200;

  private final String name;

  /** Ends, with the reason, when nothing more can be sent. */
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  /** Guards what follows; nothing else is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<ByteBuffer> arrived = new ArrayDeque<>();

  @GuardedBy("lock")
  private @Nullable WebSocket socket;

  @GuardedBy("lock")
  private @Nullable String end;

  /** Becomes open when a WebSocket has it as its listener. */
  WebSocketStream(String name) {
    this.name = name;
  }

  @Override
  public void onOpen(WebSocket opened) {
    lock.lock();
    try {
      socket = opened;
    } finally {
      lock.unlock();
    }
    opened.request(PIECES);
  }

  @Override
  public @Nullable CompletionStage<?> onBinary(WebSocket from, ByteBuffer piece, boolean last) {
    if (!piece.hasRemaining()) {
      from.request(1);
      return null;
    }
    lock.lock();
    try {
      arrived.addLast(piece);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer message) {
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
    ended("the gateway sent text where SSH was expected: '" + printable(text.toString()) + "'");
    from.abort();
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
    String said = reason.isBlank() ? "" : ": '" + printable(reason) + "'";
    ended("the gateway closed the WebSocket (" + status + said + ")");
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    String text = error.getMessage();
    ended("the WebSocket broke: " + (text == null ? error.getClass().getName() : printable(text)));
  }

  /** Of what others say, a line that moves no cursor. */
  static String printable(String text) {
    String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
    return plain.length() > MAX_REASON ? plain.substring(0, MAX_REASON) + "..." : plain;
  }

  private void ended(String why) {
    lock.lock();
    try {
      if (end == null) {
        end = why;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    over.completeExceptionally(new IOException(why));
  }

  @Override
  public int read(byte[] into) throws InterruptedException {
    int count = 0;
    int emptied = 0;
    WebSocket from;
    lock.lock();
    try {
      while (arrived.isEmpty() && end == null) {
        changed.await();
      }
      while (count < into.length && !arrived.isEmpty()) {
        ByteBuffer piece = arrived.getFirst();
        int part = Math.min(piece.remaining(), into.length - count);
        piece.get(into, count, part);
        count += part;
        if (!piece.hasRemaining()) {
          arrived.removeFirst();
          emptied++;
        }
      }
      from = socket;
    } finally {
      lock.unlock();
    }
    if (emptied > 0 && from != null) {
      from.request(emptied);
    }
    return count == 0 ? -1 : count;
  }

  @Override
  public void write(byte[] from, int offset, int length) throws IOException, InterruptedException {
    WebSocket to = open();
    if (to == null) {
      throw new IOException(ending());
    }
    try {
      CompletableFuture<WebSocket> sent =
          to.sendBinary(ByteBuffer.wrap(from, offset, length), true);
      Object unused = CompletableFuture.anyOf(sent, over).get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      ended("the WebSocket broke: " + (cause == null ? "closed" : printable(cause.toString())));
      throw new IOException(ending(), cause);
    }
  }

  /** The socket, unless it has ended. */
  private @Nullable WebSocket open() {
    lock.lock();
    try {
      return end == null ? socket : null;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shutdownOutput() {
    WebSocket to = open();
    if (to != null) {
      var unused = to.sendClose(WebSocket.NORMAL_CLOSURE, "");
    }
  }

  @Override
  public String ending() {
    lock.lock();
    try {
      return end == null ? "the WebSocket ended" : end;
    } finally {
      lock.unlock();
    }
  }

  /** Says goodbye, so that the gateway lets the next connection in at once. */
  @Override
  public void close() {
    WebSocket to = open();
    ended("the WebSocket was closed here");
    if (to != null) {
      var unused =
          to.sendClose(WebSocket.NORMAL_CLOSURE, "")
              .orTimeout(GOODBYE.toMillis(), TimeUnit.MILLISECONDS)
              .whenComplete((sent, failure) -> to.abort());
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
