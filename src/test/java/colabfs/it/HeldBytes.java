package colabfs.it;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The bytes under way in one direction of one relayed connection, bounded. */
final class HeldBytes implements AutoCloseable {
  /** Some bytes and when they come out; none at all stand for the end of the stream. */
  record Chunk(ByteBuffer bytes, long dueNanos) {}

  private final int maxBytes;

  private final Queue<Chunk> chunks = new ArrayDeque<>();
  private int heldBytes;
  private boolean closed;

  HeldBytes(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Copies bytes in; waits for room. Drops them when closed. */
  synchronized void put(byte[] buffer, int length, long dueNanos) throws InterruptedException {
    while (heldBytes + length > maxBytes && heldBytes > 0 && !closed) {
      wait();
    }
    if (!closed) {
      chunks.add(new Chunk(ByteBuffer.wrap(Arrays.copyOf(buffer, length)), dueNanos));
      heldBytes += length;
      notifyAll();
    }
  }

  /** The oldest bytes; waits for some. Null when closed and empty. */
  synchronized @Nullable Chunk take() throws InterruptedException {
    while (chunks.isEmpty() && !closed) {
      wait();
    }
    Chunk chunk = chunks.poll();
    if (chunk != null) {
      heldBytes -= chunk.bytes().remaining();
      notifyAll();
    }
    return chunk;
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
