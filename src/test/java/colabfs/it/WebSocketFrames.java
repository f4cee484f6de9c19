package colabfs.it;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A WebSocket's frames as a server sees them (RFC 6455, section 5.2).
 *
 * <p>Threading: one thread reads, any thread sends.
 */
final class WebSocketFrames {
  static final int FIN = 0x80;
  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  private static final int MASKED = 0x80;
  private static final int TWO_BYTES = 126;
  private static final int EIGHT_BYTES = 127;
  private static final int FRAGMENT_BYTES = 100;

  private final DataInputStream in;
  private final DataOutputStream out;
  private final byte[] mask = new byte[4];
  private byte[] payload = new byte[64 * 1024];
  private int length;

  WebSocketFrames(DataInputStream in, DataOutputStream out) {
    this.in = in;
    this.out = out;
  }

  /** Waits for a frame, and gives its kind. */
  int next() throws IOException {
    int first = in.readUnsignedByte();
    int second = in.readUnsignedByte();
    if ((second & MASKED) == 0) {
      throw new IOException("a client's frame is not masked");
    }
    long told = second & ~MASKED;
    told = told == TWO_BYTES ? in.readUnsignedShort() : told == EIGHT_BYTES ? in.readLong() : told;
    in.readFully(mask);
    length = Math.toIntExact(told);
    if (length > payload.length) {
      payload = new byte[length];
    }
    in.readFully(payload, 0, length);
    for (int i = 0; i < length; i++) {
      payload[i] ^= mask[i & 3];
    }
    return first & 0x0f;
  }

  /** What the last frame held, up to {@link #length}. */
  byte[] payload() {
    return payload;
  }

  int length() {
    return length;
  }

  /** Sends one frame of less than 64 KiB, at once. */
  void send(int first, byte[] bytes, int count) throws IOException {
    byte[] head =
        count < TWO_BYTES
            ? new byte[] {(byte) first, (byte) count}
            : new byte[] {(byte) first, TWO_BYTES, (byte) (count >> 8), (byte) count};
    byte[] whole = new byte[head.length + count];
    System.arraycopy(head, 0, whole, 0, head.length);
    System.arraycopy(bytes, 0, whole, head.length, count);
    synchronized (out) {
      out.write(whole);
      out.flush();
    }
  }

  /** Sends a message in many small fragments, with pings between some. */
  void sendInFragments(byte[] bytes, int count) throws IOException {
    for (int at = 0; at < count; at += FRAGMENT_BYTES) {
      int size = Math.min(FRAGMENT_BYTES, count - at);
      byte[] part = new byte[size];
      System.arraycopy(bytes, at, part, 0, size);
      boolean isLast = at + size == count;
      send((isLast ? FIN : 0) | (at == 0 ? BINARY : CONTINUATION), part, size);
      if (at % (10 * FRAGMENT_BYTES) == 0) {
        send(FIN | PING, new byte[] {7}, 1);
      }
    }
  }

  /** The closing frame. */
  void sayGoodbye(int code, String reason) throws IOException {
    byte[] words = reason.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[2 + words.length];
    bytes[0] = (byte) (code >> 8);
    bytes[1] = (byte) code;
    System.arraycopy(words, 0, bytes, 2, words.length);
    send(FIN | CLOSE, bytes, bytes.length);
  }

  /** Begins a frame that claims to be 2^62 bytes long, and fills it until nobody takes more. */
  void sendEndlessFrame() throws IOException {
    synchronized (out) {
      out.write(new byte[] {(byte) (FIN | BINARY), EIGHT_BYTES});
      out.writeLong(1L << 62);
      byte[] zeros = new byte[64 * 1024];
      while (true) {
        out.write(zeros);
      }
    }
  }
}
