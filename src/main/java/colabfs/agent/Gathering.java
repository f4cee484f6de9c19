package colabfs.agent;

import java.nio.ByteBuffer;

/**
 * A stream's bytes that are not read yet: what chunks cut in two is put together. Holds one chunk
 * and the beginning of one record at most.
 */
final class Gathering {
  private ByteBuffer unread = ByteBuffer.allocate(0);

  /** Adds a chunk behind what is left of those before. */
  void add(ByteBuffer chunk) {
    if (!unread.hasRemaining()) {
      unread = chunk;
      return;
    }
    unread =
        ByteBuffer.allocate(unread.remaining() + chunk.remaining()).put(unread).put(chunk).flip();
  }

  /** Whether that many bytes are there. */
  boolean has(int bytes) {
    return unread.remaining() >= bytes;
  }

  /** Looks at a number without taking it; it must be there. */
  int peekShort(int offset) {
    return Short.toUnsignedInt(unread.getShort(unread.position() + offset));
  }

  int peekByte(int offset) {
    return Byte.toUnsignedInt(unread.get(unread.position() + offset));
  }

  /** What is there, to be taken from. */
  ByteBuffer unread() {
    return unread;
  }
}
