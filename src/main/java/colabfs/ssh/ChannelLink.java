package colabfs.ssh;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.client.channel.ChannelSubsystem;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one SFTP subsystem over an SSH channel. What arrives is handed on without a copy, on
 * MINA's thread; what is sent waits in a queue until the server's window has room, small packets
 * together in one.
 *
 * <p>Threading: any thread may send; nothing here blocks, but for MINA itself while keys are
 * exchanged anew.
 */
final class ChannelLink implements SftpLink {
  private static final System.Logger LOG = System.getLogger(ChannelLink.class.getName());

  /** The largest SSH packet that every server takes (RFC 4253, section 6.1). */
  private static final int GATHER_BYTES = 32 * 1024;

  private final Traffic traffic;
  private final Subsystem channel;

  /** Guards the queue; nothing is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Deque<ByteBuffer> queue = new ArrayDeque<>();
  private boolean writing;

  private volatile @Nullable Listener listener;
  private volatile boolean refused;

  private ChannelLink(Traffic traffic, boolean requested) {
    this.traffic = traffic;
    this.channel = new Subsystem(requested);
  }

  /**
   * Opens a channel and asks for SFTP on it; ends when the channel is there, before the server has
   * said whether it has SFTP (a refusal closes the link).
   *
   * @param requested whether the server was asked for this very channel before
   */
  static CompletableFuture<ChannelLink> open(
      ClientSession session, Traffic traffic, boolean requested) {
    ChannelLink link = new ChannelLink(traffic, requested);
    CompletableFuture<ChannelLink> opened = new CompletableFuture<>();
    try {
      session.getService(ConnectionService.class).registerChannel(link.channel);
      link.channel
          .open()
          .addListener(
              open -> {
                if (open.isOpened()) {
                  opened.complete(link);
                } else {
                  Throwable reason = open.getException();
                  opened.completeExceptionally(
                      reason == null ? new IOException("the channel was not opened") : reason);
                }
              });
    } catch (IOException | RuntimeException e) {
      opened.completeExceptionally(e);
    }
    return opened;
  }

  /** Whether the server has said that it has no SFTP. */
  boolean isRefused() {
    return refused;
  }

  @Override
  public void start(Listener newListener) {
    listener = newListener;
    channel.addCloseFutureListener(
        closed ->
            newListener.closed(
                new EOFException(
                    refused ? "the server has no SFTP subsystem" : "the SFTP channel was closed")));
  }

  @Override
  public void send(ByteBuffer bytes) {
    traffic.sent(bytes.remaining());
    lock.lock();
    try {
      queue.addLast(bytes);
      if (writing) {
        return;
      }
      writing = true;
    } finally {
      lock.unlock();
    }
    pump();
  }

  /** Writes until the queue is empty or the window full; then the last write's end calls again. */
  private void pump() {
    while (true) {
      ByteArrayBuffer next = gather();
      if (next == null) {
        return;
      }
      IoWriteFuture write;
      try {
        write = channel.getAsyncIn().writeBuffer(next);
      } catch (IOException | RuntimeException e) {
        fail(e);
        return;
      }
      if (!write.isDone()) {
        write.addListener(
            done -> {
              if (done.isWritten()) {
                pump();
              } else {
                fail(done.getException());
              }
            });
        return;
      }
      if (!write.isWritten()) {
        fail(write.getException());
        return;
      }
    }
  }

  private @Nullable ByteArrayBuffer gather() {
    lock.lock();
    try {
      ByteBuffer first = queue.pollFirst();
      if (first == null) {
        writing = false;
        return null;
      }
      ByteBuffer second = queue.peekFirst();
      if (first.hasArray()
          && (second == null || first.remaining() + second.remaining() > GATHER_BYTES)) {
        return new ByteArrayBuffer(
            first.array(), first.arrayOffset() + first.position(), first.remaining());
      }
      byte[] bytes = new byte[Math.max(first.remaining(), GATHER_BYTES)];
      ByteBuffer into = ByteBuffer.wrap(bytes).put(first);
      while (!queue.isEmpty() && queue.getFirst().remaining() <= into.remaining()) {
        into.put(queue.removeFirst());
      }
      return new ByteArrayBuffer(bytes, 0, into.position());
    } finally {
      lock.unlock();
    }
  }

  /** The writer stays marked as writing: nothing more is sent to a channel that failed. */
  private void fail(@Nullable Throwable reason) {
    LOG.log(System.Logger.Level.DEBUG, "sending on the SFTP channel failed: {0}", reason);
    channel.close(true);
  }

  @Override
  public void close() {
    channel.close(false);
  }

  private final class Subsystem extends ChannelSubsystem {
    private final boolean requested;

    Subsystem(boolean requested) {
      super("sftp");
      this.requested = requested;
      setStreaming(Streaming.Async);
    }

    @Override
    public synchronized OpenFuture open() throws IOException {
      if (!requested) {
        return super.open();
      }
      OpenFuture future = new DefaultOpenFuture(toString(), futureLock);
      openFuture = future;
      return future;
    }

    @Override
    protected void doOpen() throws IOException {
      super.doOpen();
      asyncOut = null; // data goes to the listener instead
      asyncErr = null;
    }

    @Override
    protected void doWriteData(byte[] data, int offset, long length) throws IOException {
      Listener receiver = listener;
      if (receiver != null && !isClosing()) {
        traffic.received(length);
        receiver.received(ByteBuffer.wrap(data, offset, (int) length));
      }
      getLocalWindow().release(length);
    }

    @Override
    protected void doWriteExtendedData(byte[] data, int offset, long length) throws IOException {
      String text = new String(data, offset, (int) length, StandardCharsets.UTF_8).strip();
      LOG.log(System.Logger.Level.INFO, "the SFTP server says: {0}", text);
      getLocalWindow().release(length);
    }

    @Override
    public void handleFailure() throws IOException {
      refused = true;
      super.handleFailure();
    }
  }
}
