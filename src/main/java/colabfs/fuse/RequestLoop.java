package colabfs.fuse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import jnr.constants.platform.Errno;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * Serves one mount: reads requests from /dev/fuse on Java threads and hands them to libfuse, which
 * calls back on the same thread.
 *
 * <p>libfuse's own loop would do it on threads of C, which come and go and which the JVM would have
 * to attach and detach around each call.
 *
 * <p>Threading: a thread is started whenever nobody would be left to read the next request: when
 * one arrives, so that none waits behind a slow one, and when a thread ends.
 */
final class RequestLoop {
  /** More requests at once than this wait their turn; each thread has a buffer of 132 KiB. */
  private static final int MAX_THREADS = 128;

  /** As libfuse's default for idle threads: beyond it a thread ends. */
  private static final int MAX_IDLE = 10;

  private static final int EINTR = Errno.EINTR.intValue();
  private static final int EAGAIN = Errno.EAGAIN.intValue();

  private final Libraries.LibFuse fuse;
  private final Pointer session;
  private final Pointer channel;
  private final long bufferBytes;
  private final Passage passage;
  private final Runnable ended;
  private final ThreadFactory factory;

  /** Guards the counts; nothing is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private int threads;

  @GuardedBy("lock")
  private int idle;

  @GuardedBy("lock")
  private int started;

  /** What requests go through; each is served on one thread. */
  interface Passage {
    /** A request has come; returns the channel over which it is to be answered. */
    Pointer channelFor(Pointer request, Pointer otherwise);

    /** It was served. */
    void served();

    /** The thread serves no more. */
    void left();

    /** Lets all pass. */
    Passage OPEN =
        new Passage() {
          @Override
          public Pointer channelFor(Pointer request, Pointer otherwise) {
            return otherwise;
          }

          @Override
          public void served() {}

          @Override
          public void left() {}
        };
  }

  /**
   * @param passage is told of each request
   * @param ended runs once, on the last thread, when the mount is gone
   */
  RequestLoop(
      Libraries.LibFuse fuse, Pointer session, Pointer channel, Passage passage, Runnable ended) {
    this(fuse, session, channel, passage, ended, Thread::new);
  }

  /** The same on threads that come from elsewhere, or that do not come. */
  RequestLoop(
      Libraries.LibFuse fuse,
      Pointer session,
      Pointer channel,
      Passage passage,
      Runnable ended,
      ThreadFactory factory) {
    this.fuse = fuse;
    this.session = session;
    this.channel = channel;
    this.bufferBytes = fuse.fuse_chan_bufsize(channel);
    this.passage = passage;
    this.ended = ended;
    this.factory = factory;
  }

  /**
   * Begins to serve.
   *
   * @throws OutOfMemoryError when the system gives no thread for it
   */
  void start() {
    lock.lock();
    try {
      startThreadLocked();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void startThreadLocked() {
    Thread thread = factory.newThread(this::serve);
    thread.setName("fuse-" + (started + 1));
    thread.setDaemon(true);
    thread.start();
    threads++;
    idle++;
    started++;
  }

  private void serve() {
    boolean waiting = true;
    try {
      Runtime runtime = Runtime.getSystemRuntime();
      Pointer buffer = Memory.allocateDirect(runtime, Math.toIntExact(bufferBytes));
      Pointer channelSlot = Memory.allocateDirect(runtime, Long.BYTES, true);
      do {
        channelSlot.putPointer(0, channel);
        int bytes = fuse.fuse_chan_recv(channelSlot, buffer, bufferBytes);
        if (bytes == -EINTR || bytes == -EAGAIN) {
          continue;
        }
        if (bytes <= 0) { // unmounted (libfuse says 0), or a device that cannot be read any more
          fuse.fuse_session_exit(session);
          return;
        }
        busy();
        waiting = false;
        fuse.fuse_session_process(session, buffer, bytes, passage.channelFor(buffer, channel));
        passage.served();
        waiting = idleAgain();
      } while (waiting);
    } finally {
      try {
        passage.left();
      } finally {
        leave(waiting);
      }
    }
  }

  private void busy() {
    lock.lock();
    try {
      idle--;
      startIfNobodyReadsLocked();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void startIfNobodyReadsLocked() {
    if (idle == 0 && threads < MAX_THREADS) {
      try {
        startThreadLocked();
      } catch (OutOfMemoryError ignored) {
        // The system gives no more threads: those that are there serve, one request after another.
      }
    }
  }

  /**
   * Whether this thread is still wanted. One that is not does not count as idle from here on,
   * though it takes a while to end: or all the others could go on its account.
   */
  private boolean idleAgain() {
    lock.lock();
    try {
      if (idle >= MAX_IDLE) {
        return false;
      }
      idle++;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A thread ends.
   *
   * @param waiting it counts as idle: the mount is gone, or it could not even read. Otherwise it
   *     was not wanted, or serving failed; the others may all have become busy since, with no room
   *     for one more beside it, so that nobody reads.
   */
  private void leave(boolean waiting) {
    boolean last;
    lock.lock();
    try {
      threads--;
      if (waiting) {
        idle--;
      } else {
        startIfNobodyReadsLocked();
      }
      last = threads == 0;
    } finally {
      lock.unlock();
    }
    if (last) {
      ended.run();
    }
  }
}
