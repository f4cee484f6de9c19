package colabfs.ssh;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries changes of a connection to listeners: noted in order, told in the same order by one
 * thread at a time, whichever comes first.
 *
 * <p>Threading: any thread; the lock guards what is untold, and no listener is called under it.
 */
final class LinkNews {
  private static final System.Logger LOG = System.getLogger(LinkNews.class.getName());

  private final List<Consumer<Boolean>> listeners = new CopyOnWriteArrayList<>();

  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Queue<Boolean> untold = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean telling;

  void listen(Consumer<Boolean> listener) {
    listeners.add(listener);
  }

  /** Notes a change; may be called under a lock that orders the changes. */
  void note(boolean up) {
    lock.lock();
    try {
      untold.add(up);
    } finally {
      lock.unlock();
    }
  }

  /** Tells what was noted, unless another thread is at it and will. Called under no lock. */
  void tell() {
    for (Boolean up = next(true); up != null; up = next(false)) {
      for (Consumer<Boolean> listener : listeners) {
        try {
          listener.accept(up);
        } catch (RuntimeException e) {
          LOG.log(System.Logger.Level.ERROR, "a listener to the connection failed", e);
        }
      }
    }
  }

  /** The next change to be told by this thread; null when there is none, or another tells it. */
  private @Nullable Boolean next(boolean first) {
    lock.lock();
    try {
      if (first && telling) {
        return null;
      }
      Boolean up = untold.poll();
      telling = up != null;
      return up;
    } finally {
      lock.unlock();
    }
  }
}
