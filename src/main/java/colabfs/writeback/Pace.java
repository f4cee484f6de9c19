package colabfs.writeback;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets what writes a large file go on as fast as the runtime takes it: what is in the journal is
 * safe at once, but its writer hears so only when as much has been sent. So a file of any length
 * needs only so much of the local disk.
 *
 * <p>While nothing is sent, because the link is down or the runtime refuses the file, nobody is
 * held back: then the journal takes what the local disk has room for.
 *
 * <p>Threading: any thread.
 */
final class Pace {
  /** Files up to this length are never held back, and reach the runtime whole. */
  static final long LARGE_FILE_BYTES = 64L << 20;

  /** So much of a large file goes to the runtime at a time. */
  static final long PART_BYTES = 32L << 20;

  /** So much of a large file waits in the journal: what is being sent, and what comes next. */
  private static final long AHEAD_BYTES = LARGE_FILE_BYTES + 2 * PART_BYTES;

  private final Executor executor;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Deque<Held> held = new ArrayDeque<>();

  @GuardedBy("lock")
  private long sentBytes;

  @GuardedBy("lock")
  private boolean sending = true;

  private record Held(int lengthBytes, CompletableFuture<Void> answer) {}

  /**
   * @param executor answers those that were held back
   */
  Pace(Executor executor) {
    this.executor = executor;
  }

  /**
   * When a write that is in the journal is to be answered.
   *
   * @param waitingBytes so much of the file waits, with this write
   */
  CompletableFuture<Void> answer(long fileBytes, long waitingBytes, int lengthBytes) {
    lock.lock();
    try {
      if (!sending || fileBytes <= LARGE_FILE_BYTES || waitingBytes <= AHEAD_BYTES) {
        return CompletableFuture.completedFuture(null);
      }
      Held last = new Held(lengthBytes, new CompletableFuture<>());
      held.add(last);
      return last.answer();
    } finally {
      lock.unlock();
    }
  }

  /** So many bytes more have reached the runtime. */
  void sent(int bytes) {
    lock.lock();
    try {
      sentBytes = held.isEmpty() ? 0 : sentBytes + bytes;
      while (!held.isEmpty() && held.element().lengthBytes() <= sentBytes) {
        Held first = held.remove();
        sentBytes -= first.lengthBytes();
        answer(first);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether anything is being sent; if not, nobody is held back. */
  void sending(boolean now) {
    lock.lock();
    try {
      sending = now;
    } finally {
      lock.unlock();
    }
    if (!now) {
      release();
    }
  }

  /** Those who wait go on, as what they wait for may not come. */
  void release() {
    List<Held> all;
    lock.lock();
    try {
      all = new ArrayList<>(held);
      held.clear();
      sentBytes = 0;
    } finally {
      lock.unlock();
    }
    all.forEach(this::answer);
  }

  private void answer(Held waiting) {
    var unused = waiting.answer().completeAsync(() -> null, executor);
  }
}
