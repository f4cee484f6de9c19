package colabfs.control;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames over one blocking socket.
 *
 * <p>Threading: any thread sends, whole frames at a time, and waits while the peer does not read;
 * one thread receives.
 */
final class FrameChannel implements AutoCloseable {
  /** More than any request: a command line is below 128 KiB. A longer frame is a broken peer. */
  static final int MAX_PAYLOAD_BYTES = 1024 * 1024;

  private static final int HEADER_BYTES = 5;
  private static final Logger LOG = System.getLogger(FrameChannel.class.getName());

  private final SocketChannel socket;

  /** Keeps frames whole. Nothing else is taken under it. */
  private final ReentrantLock sending = new ReentrantLock();

  @GuardedBy("sending")
  private final ByteBuffer outgoingHeader = ByteBuffer.allocate(HEADER_BYTES);

  private final ByteBuffer incomingHeader = ByteBuffer.allocate(HEADER_BYTES);

  FrameChannel(SocketChannel socket) {
    this.socket = socket;
  }

  /** Waits until the peer has taken it, as far as the socket's buffer does not hold it. */
  void send(FrameType type, ByteBuffer payload) throws IOException {
    if (payload.remaining() > MAX_PAYLOAD_BYTES) {
      throw new IOException("frame too long: " + payload.remaining());
    }
    sending.lock();
    try {
      outgoingHeader.clear();
      outgoingHeader.put((byte) type.number()).putInt(payload.remaining()).flip();
      ByteBuffer[] parts = {outgoingHeader, payload.duplicate()};
      while (parts[0].hasRemaining() || parts[1].hasRemaining()) {
        socket.write(parts);
      }
    } finally {
      sending.unlock();
    }
  }

  void send(FrameType type, String text) throws IOException {
    send(type, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  void send(FrameType type, int number) throws IOException {
    send(type, ByteBuffer.allocate(Integer.BYTES).putInt(0, number));
  }

  /**
   * Waits for the next frame; null when the peer has closed.
   *
   * @throws IOException also when what comes is no frame
   */
  @Nullable Frame receive() throws IOException {
    incomingHeader.clear();
    if (!fill(incomingHeader)) {
      return null;
    }
    incomingHeader.flip();
    int number = incomingHeader.get();
    int length = incomingHeader.getInt();
    FrameType type = FrameType.of(number);
    if (type == null || length < 0 || length > MAX_PAYLOAD_BYTES) {
      throw new IOException("not a frame: type %d, length %d".formatted(number, length));
    }
    ByteBuffer payload = ByteBuffer.allocate(length);
    if (!fill(payload)) {
      throw new IOException("the peer closed within a frame");
    }
    return new Frame(type, payload.flip());
  }

  private boolean fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (socket.read(buffer) < 0) {
        if (buffer.position() == 0) {
          return false;
        }
        throw new IOException("the peer closed within a frame");
      }
    }
    return true;
  }

  /** What comes and goes after the frames: both ends must know that there are no more. */
  SocketBytes rest() {
    return new SocketBytes(socket);
  }

  /** Sends nothing more; the peer sees the end, and can still answer. */
  void endOutput() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "shutdown", e); // it is closed already
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "close", e); // the socket is gone all the same
    }
  }
}
