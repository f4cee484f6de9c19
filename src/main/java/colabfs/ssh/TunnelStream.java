package colabfs.ssh;

import colabfs.remote.RemoteStream;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.AbstractChannel;
import org.apache.sshd.common.channel.ChannelAsyncOutputStream;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one forwarded connection over its channel. What arrives waits here until it is read,
 * bounded by the channel's window; what is sent waits for its share of the link.
 *
 * <p>Threading: one thread reads and one writes, both may wait; MINA's threads never do.
 */
final class TunnelStream implements RemoteStream {

  /** Half a megabyte at 80 ms is 6 MiB/s a connection, and what one may put before file answers. */
  static final long WINDOW_BYTES = 512 * 1024;

  /** The largest payload that every server takes (RFC 4253, section 6.1). */
  private static final int PACKET_BYTES = 32 * 1024;

  /**
   * A server that acknowledges nothing for so long, with a share on its way, may wait for more
   * before it does; or nobody reads there, and then the window is the bound.
   */
  private static final Duration SILENT_SERVER = Duration.ofSeconds(3);

  /** As much as any server's window. */
  private static final long MOST_PATIENCE = 64;

  private final Ends channel;
  private final Traffic traffic;
  private final TunnelShare share;
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  /** Guards what follows; the share's own lock is taken, and no future ended, under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<byte[]> received = new ArrayDeque<>();

  /** How much of the first of {@link #received} was read. */
  @GuardedBy("lock")
  private int taken;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private long unacknowledged;

  @GuardedBy("lock")
  private long patienceFactor = 1;

  /** What the channel can do beside what all channels can. */
  interface Ends {
    AbstractChannel channel();

    ChannelAsyncOutputStream sink();

    void sendEnd() throws IOException;
  }

  TunnelStream(Ends channel, Traffic traffic, TunnelShare share) {
    this.channel = channel;
    this.traffic = traffic;
    this.share = share;
  }

  /** Where a channel's data goes to. */
  static ChannelAsyncOutputStream sinkOf(AbstractChannel channel) {
    return new ChannelAsyncOutputStream(channel, SshConstants.SSH_MSG_CHANNEL_DATA);
  }

  /** On MINA's thread: the window bounds how much there can be. */
  void receive(byte[] data, int offset, int length) {
    traffic.received(length);
    byte[] own = new byte[length];
    System.arraycopy(data, offset, own, 0, length);
    lock.lock();
    try {
      if (!closed) {
        received.add(own);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The other side sends no more. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The channel is gone; what was received before an end in order can still be read. */
  void gone() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    over.complete(null);
  }

  /** The server has taken so many bytes. */
  void acknowledged(long bytes) {
    lock.lock();
    try {
      unacknowledged = Math.max(0, unacknowledged - bytes);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public InputStream in() {
    return new In();
  }

  @Override
  public OutputStream out() {
    return new Out();
  }

  @Override
  public CompletableFuture<Void> closed() {
    return over.copy();
  }

  @Override
  public void close() {
    gone();
    channel.channel().close(false); // not at once: the server is to hear of it
  }

  private final class In extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      int count = take(into, offset, length);
      AbstractChannel source = channel.channel();
      if (count > 0 && !source.isClosing()) {
        source.getLocalWindow().release(count);
      }
      return count;
    }
  }

  private int take(byte[] into, int offset, int length) throws IOException {
    lock.lock();
    try {
      while (received.isEmpty() && !ended && !closed) {
        changed.await();
      }
      byte[] first = received.peek();
      if (first == null) {
        if (ended) {
          return -1;
        }
        throw new IOException("the connection to the runtime was lost");
      }
      int count = Math.min(length, first.length - taken);
      System.arraycopy(first, taken, into, offset, count);
      taken += count;
      if (taken == first.length) {
        received.remove();
        taken = 0;
      }
      return count;
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      lock.unlock();
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  private final class Out extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      int done = 0;
      while (done < length) {
        int count = Math.min(PACKET_BYTES, length - done);
        byte[] own = new byte[count];
        System.arraycopy(from, offset + done, own, 0, count);
        send(own);
        done += count;
      }
    }

    /** Tells the server, unless the channel has ended already. */
    @Override
    public void close() throws IOException {
      if (!channel.channel().isClosing()) {
        channel.sendEnd();
      }
    }
  }

  private void send(byte[] bytes) throws IOException {
    try {
      awaitShare(bytes.length);
      traffic.sent(bytes.length);
      IoWriteFuture write = channel.sink().writeBuffer(new ByteArrayBuffer(bytes));
      write.addListener(done -> wake());
      lock.lock();
      try {
        while (!write.isDone() && !closed) {
          changed.await();
        }
      } finally {
        lock.unlock();
      }
      if (!write.isDone() || !write.isWritten()) {
        throw new IOException("the connection was closed by the other side", reason(write));
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static @Nullable Throwable reason(IoWriteFuture write) {
    return write.isDone() ? write.getException() : null;
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The share's own lock is taken under this one. */
  private void awaitShare(int bytes) throws IOException, InterruptedException {
    boolean waiting = false;
    long left = SILENT_SERVER.toNanos();
    lock.lock();
    try {
      while (!closed
          && unacknowledged > 0
          && unacknowledged + bytes > share.bytes() * patienceFactor) {
        if (!waiting) {
          waiting = true;
          share.begin();
          continue;
        }
        left = changed.awaitNanos(left);
        if (left <= 0) {
          patienceFactor = Math.min(MOST_PATIENCE, 2 * patienceFactor);
          left = SILENT_SERVER.toNanos();
        }
      }
      if (closed) {
        throw new IOException("the connection was closed by the other side");
      }
      unacknowledged += bytes;
    } finally {
      lock.unlock();
      if (waiting) {
        share.end();
      }
    }
  }
}
