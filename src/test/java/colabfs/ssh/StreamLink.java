package colabfs.ssh;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/** SFTP over two streams: a server's process, or a channel of MINA's. Two threads, one each way. */
final class StreamLink implements SftpLink {
  private static final int CHUNK_BYTES = 64 * 1024;

  private final InputStream from;
  private final OutputStream to;
  private final Runnable onClose;
  private final ExecutorService sender = Executors.newSingleThreadExecutor();
  private final ExecutorService receiver = Executors.newSingleThreadExecutor();
  private final AtomicBoolean closed = new AtomicBoolean();

  StreamLink(InputStream from, OutputStream to, Runnable onClose) {
    this.from = from;
    this.to = to;
    this.onClose = onClose;
  }

  /** A server of OpenSSH's that speaks SFTP on its standard input and output. */
  static StreamLink ofOpenSsh() throws IOException {
    Process server =
        new ProcessBuilder("/usr/lib/openssh/sftp-server")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return new StreamLink(server.getInputStream(), server.getOutputStream(), server::destroy);
  }

  @Override
  public void start(Listener listener) {
    receiver.execute(() -> receive(listener));
  }

  private void receive(Listener listener) {
    byte[] chunk = new byte[CHUNK_BYTES];
    IOException reason = new EOFException("the server has ended");
    try {
      for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
        listener.received(ByteBuffer.wrap(chunk, 0, count));
      }
    } catch (IOException e) {
      reason = e;
    }
    listener.closed(reason);
  }

  @Override
  public void send(ByteBuffer bytes) {
    if (!closed.get()) {
      sender.execute(() -> write(bytes));
    }
  }

  private void write(ByteBuffer bytes) {
    try {
      to.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
      to.flush();
    } catch (IOException e) {
      close(); // the receiver sees the end too
    }
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    onClose.run();
    sender.shutdown();
    receiver.shutdown();
  }
}
