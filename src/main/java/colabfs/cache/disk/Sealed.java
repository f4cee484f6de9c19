package colabfs.cache.disk;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Values of the index with a checksum over their key and themselves, so that one that was damaged,
 * or came under another key, is none. Threading: any thread, no state.
 */
final class Sealed {
  private Sealed() {}

  /** A key of text. */
  static byte[] key(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] seal(byte[] key, byte[] value) {
    return ByteBuffer.allocate(value.length + Integer.BYTES)
        .putInt(sum(key, value, 0, value.length))
        .put(value)
        .array();
  }

  /** What was sealed; null when it is damaged, or there is nothing. */
  static @Nullable ByteBuffer open(byte[] key, byte @Nullable [] sealed) {
    if (sealed == null || sealed.length < Integer.BYTES) {
      return null;
    }
    ByteBuffer value = ByteBuffer.wrap(sealed);
    int length = sealed.length - Integer.BYTES;
    return value.getInt() == sum(key, sealed, Integer.BYTES, length) ? value : null;
  }

  private static int sum(byte[] key, byte[] value, int offset, int length) {
    CRC32C sum = new CRC32C();
    sum.update(key);
    sum.update(value, offset, length);
    return (int) sum.getValue();
  }

  static void putText(ByteBuffer into, byte[] text) {
    into.putInt(text.length).put(text);
  }

  static String text(ByteBuffer from) {
    int length = from.getInt();
    if (length < 0 || length > from.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] text = new byte[length];
    from.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
