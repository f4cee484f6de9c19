package colabfs.control;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A command's input as the client sends it: holds at most what was granted, and grants more as the
 * command reads.
 *
 * <p>Threading: one thread puts, one reads. Errors: a client that sends more than was granted is
 * cut off.
 */
final class GrantedInput extends InputStream {
  /** What may be on its way: enough for a fast local pipe, little for many commands. */
  static final int WINDOW_BYTES = 256 * 1024;

  /** Where a grant goes. */
  interface Grants {
    void grant(int bytes) throws IOException;
  }

  private final Grants grants;

  /** Guards the queue. A grant is sent without it, as that may wait for the client. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition arrived = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<ByteBuffer> queue = new ArrayDeque<>();

  @GuardedBy("lock")
  private long outstandingBytes;

  @GuardedBy("lock")
  private boolean ended;

  /** Whoever reads has dealt with all that it got, and waits for more. */
  @GuardedBy("lock")
  private boolean idle;

  private final Condition becameIdle = lock.newCondition();

  GrantedInput(Grants grants) {
    this.grants = grants;
  }

  /** The first grant. */
  void open() throws IOException {
    grant(WINDOW_BYTES);
  }

  void put(ByteBuffer bytes) throws IOException {
    lock.lock();
    try {
      if (bytes.remaining() > outstandingBytes) {
        throw new IOException("more input than was granted");
      }
      outstandingBytes -= bytes.remaining();
      if (bytes.hasRemaining()) {
        queue.add(bytes);
      }
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until whoever reads has taken all that arrived and comes for more. */
  void awaitTaken(Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long left = patience.toNanos();
      while (!(idle && queue.isEmpty()) && !ended && left > 0) {
        left = becameIdle.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** There is no more. */
  void end() {
    lock.lock();
    try {
      ended = true;
      arrived.signalAll();
      becameIdle.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int n = take(into, offset, length);
    if (n > 0) {
      grant(n);
    }
    return n;
  }

  private int take(byte[] into, int offset, int length) throws IOException {
    lock.lock();
    try {
      ByteBuffer first = queue.peek();
      while (first == null) {
        if (ended) {
          return -1;
        }
        idle = true;
        becameIdle.signalAll();
        arrived.await();
        first = queue.peek();
      }
      idle = false;
      int n = Math.min(length, first.remaining());
      first.get(into, offset, n);
      if (!first.hasRemaining()) {
        queue.remove();
      }
      return n;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException().initCause(e);
    } finally {
      lock.unlock();
    }
  }

  private void grant(int bytes) throws IOException {
    lock.lock();
    try {
      outstandingBytes += bytes;
    } finally {
      lock.unlock();
    }
    grants.grant(bytes);
  }
}
