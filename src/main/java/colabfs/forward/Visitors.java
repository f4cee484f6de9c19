package colabfs.forward;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The connections of one forward: each on a thread of its own, at most so many at once.
 *
 * <p>Threading: any thread. The lock guards what is below it; nothing is taken under it.
 */
final class Visitors {
  private static final Logger LOG = System.getLogger(Visitors.class.getName());

  /** Each takes two threads; a browser opens six to a site. */
  static final int MOST = 256;

  private final String name;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final Set<Splice.Near> open = new LinkedHashSet<>();

  @GuardedBy("lock")
  private long total;

  @GuardedBy("lock")
  private boolean closed;

  Visitors(String name) {
    this.name = name;
  }

  /** Serves one; false when there are too many, or nobody is let in any more. */
  boolean serve(Splice.Near visitor, Runnable work) {
    lock.lock();
    try {
      if (closed || open.size() >= MOST) {
        return false;
      }
      open.add(visitor);
      total++;
    } finally {
      lock.unlock();
    }
    Thread thread = new Thread(() -> run(visitor, work), name);
    thread.setDaemon(true);
    thread.start();
    return true;
  }

  private void run(Splice.Near visitor, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a forwarded connection", e);
      visitor.abort();
    } finally {
      lock.lock();
      try {
        open.remove(visitor);
      } finally {
        lock.unlock();
      }
    }
  }

  int openNow() {
    lock.lock();
    try {
      return open.size();
    } finally {
      lock.unlock();
    }
  }

  long soFar() {
    lock.lock();
    try {
      return total;
    } finally {
      lock.unlock();
    }
  }

  /** Lets nobody in any more, and breaks off who is there. */
  void close() {
    List<Splice.Near> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(open);
    } finally {
      lock.unlock();
    }
    left.forEach(Splice.Near::abort);
  }
}
