package colabfs.fuse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import jnr.ffi.Pointer;
import org.jspecify.annotations.Nullable;
import ru.serce.jnrfuse.struct.FuseOperations;

/**
 * Stands for /dev/fuse and libfuse's session, as far as {@link RequestLoop} calls them: a request
 * is a piece of work that runs where it is processed.
 *
 * <p>Threading: any thread.
 */
final class FakeKernel implements Libraries.LibFuse {
  private static final long BUFFER_BYTES = Integer.BYTES;

  /** Numbers of requests, or what recv is to say instead. */
  @GuardedBy("this")
  private final Queue<Integer> queue = new ArrayDeque<>();

  @GuardedBy("this")
  private final List<Runnable> requests = new ArrayList<>();

  @GuardedBy("this")
  private @Nullable Integer end;

  @GuardedBy("this")
  private int readers;

  @GuardedBy("this")
  private int serving;

  @GuardedBy("this")
  private int mostServed;

  @GuardedBy("this")
  private int served;

  @GuardedBy("this")
  private boolean sessionIsOver;

  synchronized void send(Runnable request) {
    queue.add(requests.size());
    requests.add(request);
    notify();
  }

  /**
   * Lets one call of recv fail.
   *
   * @param errno negative
   */
  synchronized void sendError(int errno) {
    queue.add(errno);
    notify();
  }

  /** From now on each call of recv returns that. */
  synchronized void end(int received) {
    if (end == null) {
      end = received;
    }
    notifyAll();
  }

  /** Threads that are in recv. */
  synchronized int readers() {
    return readers;
  }

  synchronized int waitingRequests() {
    return queue.size();
  }

  /** The most requests that were served at once. */
  synchronized int mostServed() {
    return mostServed;
  }

  /** Requests that were handed on, failed ones too. */
  synchronized int served() {
    return served;
  }

  synchronized boolean sessionIsOver() {
    return sessionIsOver;
  }

  @Override
  public long fuse_chan_bufsize(Pointer channel) {
    return BUFFER_BYTES;
  }

  @Override
  public synchronized int fuse_chan_recv(Pointer channelSlot, Pointer buffer, long bytes) {
    readers++;
    try {
      while (queue.isEmpty() && end == null) {
        wait();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      readers--;
    }
    if (end != null) {
      return end;
    }
    int next = queue.remove();
    if (next < 0) {
      return next;
    }
    buffer.putInt(0, next);
    return Integer.BYTES;
  }

  @Override
  public void fuse_session_process(Pointer session, Pointer buffer, long bytes, Pointer channel) {
    if (bytes != Integer.BYTES) {
      throw new AssertionError("a request of " + bytes + " bytes");
    }
    Runnable request;
    synchronized (this) {
      served++;
      serving++;
      mostServed = Math.max(mostServed, serving);
      request = requests.get(buffer.getInt(0));
    }
    try {
      request.run();
    } finally {
      synchronized (this) {
        serving--;
      }
    }
  }

  @Override
  public synchronized void fuse_session_exit(Pointer session) {
    sessionIsOver = true;
  }

  @Override
  public @Nullable Pointer fuse_setup(
      int argumentCount,
      Pointer arguments,
      FuseOperations operations,
      long operationsBytes,
      Pointer mountpointSlot,
      Pointer multithreadedSlot,
      @Nullable Pointer userData) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Pointer fuse_get_session(Pointer fuse) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Pointer fuse_session_next_chan(Pointer session, @Nullable Pointer before) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void fuse_teardown(Pointer fuse, Pointer mountpoint) {
    throw new UnsupportedOperationException();
  }
}
