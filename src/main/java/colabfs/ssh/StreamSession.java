package colabfs.ssh;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoService;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;

/**
 * An SSH session's ground over a {@link ByteStream}. When the stream ends, the connection is lost;
 * when the session is closed, the stream is.
 *
 * <p>Threading: two threads of its own, since such streams only block.
 */
final class StreamSession extends AbstractCloseable implements IoSession {
  private static final System.Logger LOG = System.getLogger(StreamSession.class.getName());

  /** As large as a pipe (pipe(7)), and two of SSH's largest packets. */
  private static final int READ_BYTES = 64 * 1024;

  private static final AtomicLong IDS = new AtomicLong();

  private final IoService service;
  private final IoHandler handler;
  private final ByteStream stream;
  private final SocketAddress address;
  private final long id = IDS.incrementAndGet();
  private final Map<Object, Object> attributes = new ConcurrentHashMap<>();
  private final BlockingQueue<PendingWrite> writes = new LinkedBlockingQueue<>();

  /** Guards what follows; nothing else is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition resumed = lock.newCondition();
  private boolean suspended;

  private static final class PendingWrite extends AbstractIoWriteFuture {
    private final Buffer buffer;

    PendingWrite(Object id, Buffer buffer) {
      super(id, null);
      this.buffer = buffer;
    }

    void done(Object result) {
      setValue(result);
    }
  }

  /** What MINA has for an address. */
  private static final class StreamAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    private final String text;

    StreamAddress(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Over a stream that is open, and the session's from now on. */
  StreamSession(IoService service, IoHandler handler, ByteStream stream) {
    this.service = service;
    this.handler = handler;
    this.stream = stream;
    this.address = new StreamAddress(stream.toString());
  }

  /** Begins to deliver what comes. */
  void start() {
    daemon("read", this::read).start();
    daemon("write", this::write).start();
  }

  private Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, "colabfs-stream-" + name + "-" + id);
    thread.setDaemon(true);
    return thread;
  }

  private void read() {
    byte[] bytes = new byte[READ_BYTES];
    try {
      while (!isClosing()) {
        awaitResume();
        int count = stream.read(bytes);
        if (count < 0) {
          throw new EOFException(stream.ending());
        }
        handler.messageReceived(this, new ByteArrayBuffer(bytes, 0, count));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(e);
    } catch (Exception e) {
      fail(e);
    }
  }

  private void awaitResume() throws InterruptedException {
    lock.lock();
    try {
      while (suspended && !isClosing()) {
        resumed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    while (true) {
      PendingWrite next = null;
      try {
        next = writes.take();
        if (isClosing()) {
          next.done(closed());
          failWrites();
          return;
        }
        Buffer buffer = next.buffer;
        stream.write(buffer.array(), buffer.rpos(), buffer.available());
        next.done(true);
      } catch (IOException e) {
        endWrites(next, e);
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        fail(e);
        return;
      }
    }
  }

  private static EOFException closed() {
    return new EOFException("the session is closed");
  }

  /** What cannot be written to has ended: why, its end tells better than the write. */
  private void endWrites(PendingWrite failed, IOException cause) {
    IOException reason = cause;
    try {
      reason = new IOException(stream.ending(), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    failed.done(reason);
    fail(reason);
    failWrites();
  }

  private void fail(Exception reason) {
    if (isClosing()) {
      return;
    }
    try {
      handler.exceptionCaught(this, reason);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.DEBUG, "while telling that a stream ended", e);
    }
    close(true);
  }

  @Override
  public IoWriteFuture writeBuffer(Buffer buffer) throws IOException {
    if (isClosing()) {
      throw closed();
    }
    PendingWrite write = new PendingWrite(id, buffer);
    writes.add(write);
    if (isClosing()) {
      failWrites(); // the writer may have gone between the look and the add
    }
    return write;
  }

  private void failWrites() {
    for (PendingWrite left = writes.poll(); left != null; left = writes.poll()) {
      left.done(closed());
    }
  }

  @Override
  protected void doCloseImmediately() {
    resumeRead();
    stream.close();
    writes.add(new PendingWrite(id, new ByteArrayBuffer())); // wakes the writer, which then ends
    try {
      handler.sessionClosed(this);
    } catch (Exception e) {
      LOG.log(System.Logger.Level.DEBUG, "while telling that a session is closed", e);
    }
    super.doCloseImmediately();
  }

  @Override
  public void suspendRead() {
    setSuspended(true);
  }

  @Override
  public void resumeRead() {
    setSuspended(false);
  }

  private void setSuspended(boolean value) {
    lock.lock();
    try {
      suspended = value;
      resumed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void shutdownOutputStream() throws IOException {
    stream.shutdownOutput();
  }

  @Override
  public long getId() {
    return id;
  }

  @Override
  public @Nullable Object getAttribute(Object key) {
    return attributes.get(key);
  }

  @Override
  public @Nullable Object setAttribute(Object key, Object value) {
    return attributes.put(key, value);
  }

  @Override
  public @Nullable Object setAttributeIfAbsent(Object key, Object value) {
    return attributes.putIfAbsent(key, value);
  }

  @Override
  public @Nullable Object removeAttribute(Object key) {
    return attributes.remove(key);
  }

  @Override
  public SocketAddress getRemoteAddress() {
    return address;
  }

  @Override
  public SocketAddress getLocalAddress() {
    return address;
  }

  @Override
  public SocketAddress getAcceptanceAddress() {
    return address;
  }

  @Override
  public IoService getService() {
    return service;
  }

  @Override
  public String toString() {
    return "StreamSession[" + id + ", " + address + "]";
  }
}
