package colabfs.ssh;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many bytes forwarded streams may have on their way to the server, over all of them: what is
 * in the link's queues stands before every file request.
 *
 * <p>A busy stream's share is the total divided by the busy ones, so one that nobody reads on the
 * other side holds up no other.
 *
 * <p>Threading: any thread. The lock guards the count, and nothing is taken under it.
 */
final class TunnelShare {

  /** 100 Mbit/s at 80 ms; on a link of 10 Mbit/s a file request waits 0.8 s at worst. */
  static final long TOTAL_BYTES = 1 << 20;

  /** OpenSSH acknowledges after 96 KiB (channels.c: three packets): less would stand still. */
  static final long LEAST_BYTES = 160 * 1024;

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private int busy;

  /** One more stream has more to send than it may. */
  void begin() {
    lock.lock();
    try {
      busy++;
    } finally {
      lock.unlock();
    }
  }

  /** It has not any more. */
  void end() {
    lock.lock();
    try {
      busy--;
    } finally {
      lock.unlock();
    }
  }

  /** What one stream may have on its way now. */
  long bytes() {
    lock.lock();
    try {
      return Math.max(LEAST_BYTES, TOTAL_BYTES / Math.max(1, busy));
    } finally {
      lock.unlock();
    }
  }
}
