package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the bulk bytes in flight in one direction, so that the link is full and no queue grows in
 * it behind which a small request would wait. The bound itself is {@link BulkPace}'s.
 *
 * <p>Threading: any thread; none ever waits, requests do. The lock guards the figures and the
 * queue; nothing is sent or ended under it.
 */
final class BulkWindow {

  /** A request that may have to wait for its turn. */
  interface Request {
    /** Sends it. The future ends with how many bytes of content were moved. Null: not any more. */
    @Nullable CompletableFuture<Integer> start();

    /** Its turn never came. */
    void giveUp(FsException reason);
  }

  private final LongSupplier nanoTime;
  private final long patienceNanos;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final BulkPace pace;

  @GuardedBy("lock")
  private final Deque<Waiting> queue = new ArrayDeque<>();

  /** One thread at a time starts requests: a request that fails at once must not nest the next. */
  @GuardedBy("lock")
  private boolean draining;

  /**
   * @param patience how long a request waits for its turn while nothing moves
   */
  BulkWindow(LongSupplier nanoTime, Duration patience) {
    this.nanoTime = nanoTime;
    this.patienceNanos = patience.toNanos();
    this.pace = new BulkPace();
  }

  /** How large one request should be, given the most that the server takes. */
  int requestBytes(int most) {
    lock.lock();
    try {
      return pace.requestBytes(most);
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes may be in flight now. */
  long windowBytes() {
    lock.lock();
    try {
      return pace.windowBytes();
    } finally {
      lock.unlock();
    }
  }

  /** Starts the request now, or when those before it leave room. */
  void submit(int bytes, Request request) {
    lock.lock();
    try {
      queue.add(new Waiting(request, bytes, nanoTime.getAsLong()));
    } finally {
      lock.unlock();
    }
    drain();
  }

  private void drain() {
    while (true) {
      Waiting next;
      BulkPace.Ticket ticket;
      lock.lock();
      try {
        if (draining) {
          return; // that thread looks again
        }
        next = queue.peek();
        if (next == null || !pace.admits(next.bytes)) {
          return;
        }
        queue.remove();
        ticket = pace.sent(next.bytes, nanoTime.getAsLong(), queue.isEmpty());
        draining = true;
      } finally {
        lock.unlock();
      }
      start(next.request, ticket);
      lock.lock();
      try {
        draining = false;
      } finally {
        lock.unlock();
      }
    }
  }

  private void start(Request request, BulkPace.Ticket ticket) {
    CompletableFuture<Integer> moved = request.start();
    if (moved == null) {
      ended(ticket, 0);
    } else {
      Chain.whenDone(
          moved,
          (count, failure) -> {
            ended(ticket, failure == null ? count : 0);
            if (failure instanceof FsException e && e.errno() == Errno.ETIMEDOUT) {
              giveUpStale(e);
            }
            drain();
          });
    }
  }

  private void ended(BulkPace.Ticket ticket, int movedBytes) {
    lock.lock();
    try {
      pace.ended(ticket, movedBytes, nanoTime.getAsLong());
    } finally {
      lock.unlock();
    }
  }

  /** Nothing moves: who has waited as long as those in flight would wait as long again. */
  private void giveUpStale(FsException reason) {
    List<Waiting> stale = new ArrayList<>();
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      while (!queue.isEmpty() && now - queue.getFirst().sinceNanos >= patienceNanos) {
        stale.add(queue.removeFirst());
      }
    } finally {
      lock.unlock();
    }
    stale.forEach(waiting -> waiting.request.giveUp(reason));
  }

  private record Waiting(Request request, int bytes, long sinceNanos) {}
}
