package colabfs.agent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is sent to the helper: questions first, between the pieces of changes; changes in their
 * order, and no more of them at once than the helper can hold.
 *
 * <p>Threading: any thread puts in, one thread sends and waits.
 */
final class Outgoing {

  /** Content of changes that are on their way; well below what the helper takes (64 MiB). */
  private static final long MOST_BYTES = 16 << 20;

  /** Changes on their way; with questions below what the helper takes (4,096). */
  private static final int MOST_CHANGES = 1024;

  /** Frames are joined to writes of this size, so that a small one is no packet of its own. */
  private static final int WRITE_BYTES = 64 * 1024;

  /** Guards what follows; nothing else is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<Message> questions = new ArrayDeque<>();

  /** Sent when no other question waits. */
  @GuardedBy("lock")
  private final Deque<Message> lastQuestions = new ArrayDeque<>();

  @GuardedBy("lock")
  private final Deque<Change> changes = new ArrayDeque<>();

  @GuardedBy("lock")
  private long bytesOnTheirWay;

  @GuardedBy("lock")
  private int changesOnTheirWay;

  @GuardedBy("lock")
  private boolean closed;

  /** What is sent for one request. */
  interface Message {
    /** The next frame; null after the last one. */
    @Nullable ByteBuffer next();
  }

  private static final class Change {
    final Message message;
    final int contentBytes;
    boolean begun;

    Change(Message message, int contentBytes) {
      this.message = message;
      this.contentBytes = contentBytes;
    }
  }

  /** A request of one frame. */
  static Message one(ByteBuffer frame) {
    return withBody(0, ByteBuffer.allocate(0), frame);
  }

  /** A request with a body before it, which is cut and compressed when its turn has come. */
  static Message withBody(int request, ByteBuffer body, ByteBuffer frame) {
    Deque<ByteBuffer> last = new ArrayDeque<>();
    last.add(frame);
    return () -> {
      int length = Math.min(body.remaining(), Protocol.BODY_BYTES);
      if (length == 0) {
        return last.poll();
      }
      ByteBuffer piece = body.slice(body.position(), length);
      body.position(body.position() + length);
      return Chunks.bodyFrame(request, piece);
    };
  }

  void ask(Message message) {
    lock.lock();
    try {
      questions.add(message);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** A long one that may wait, such as a command's input: behind all others, before changes. */
  void askLast(Message message) {
    lock.lock();
    try {
      lastQuestions.add(message);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  void change(Message message, int contentBytes) {
    lock.lock();
    try {
      changes.add(new Change(message, contentBytes));
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** A change was answered: there is room for others. */
  void answered(int contentBytes) {
    lock.lock();
    try {
      bytesOnTheirWay -= contentBytes;
      changesOnTheirWay--;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more is sent. */
  void close() {
    lock.lock();
    try {
      closed = true;
      questions.clear();
      lastQuestions.clear();
      changes.clear();
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends until it is closed.
   *
   * @param sent told after each write
   */
  void sendTo(OutputStream out, Runnable sent) throws IOException, InterruptedException {
    ByteBuffer batch = ByteBuffer.allocate(WRITE_BYTES + Protocol.FRAME_BYTES);
    while (true) {
      ByteBuffer frame = next(batch.position() == 0);
      if (frame != null) {
        batch.put(frame);
      }
      boolean isDone = frame == null && batch.position() == 0;
      if (isDone) {
        return;
      }
      if (frame == null || batch.position() >= WRITE_BYTES) {
        out.write(batch.array(), 0, batch.position());
        out.flush();
        batch.clear();
        sent.run();
      }
    }
  }

  /** The next frame; null when it is closed, or nothing is there and it is not to wait. */
  private @Nullable ByteBuffer next(boolean waiting) throws InterruptedException {
    while (true) {
      Message message;
      lock.lock();
      try {
        message = firstLocked();
        while (message == null && waiting && !closed) {
          changed.await();
          message = firstLocked();
        }
        if (message == null) {
          return null;
        }
      } finally {
        lock.unlock();
      }
      ByteBuffer frame = message.next(); // compresses: not under the lock
      if (frame != null) {
        return frame;
      }
      finished(message);
    }
  }

  @GuardedBy("lock")
  private @Nullable Message firstLocked() {
    if (!questions.isEmpty()) {
      return questions.peek();
    }
    if (!lastQuestions.isEmpty()) {
      return lastQuestions.peek();
    }
    Change change = changes.peek();
    if (change == null) {
      return null;
    }
    if (!change.begun) {
      boolean fits =
          changesOnTheirWay == 0
              || (changesOnTheirWay < MOST_CHANGES
                  && bytesOnTheirWay + change.contentBytes <= MOST_BYTES);
      if (!fits) {
        return null;
      }
      change.begun = true;
      changesOnTheirWay++;
      bytesOnTheirWay += change.contentBytes;
    }
    return change.message;
  }

  private void finished(Message message) {
    lock.lock();
    try {
      Change change = changes.peek();
      if (questions.peek() == message) {
        questions.remove();
      } else if (lastQuestions.peek() == message) {
        lastQuestions.remove();
      } else if (change != null && change.message == message) {
        changes.remove();
      }
    } finally {
      lock.unlock();
    }
  }
}
