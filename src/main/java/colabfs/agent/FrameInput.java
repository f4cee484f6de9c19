package colabfs.agent;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the helper's frames. Nothing is allocated for what has not been promised to be short.
 *
 * <p>Threading: one thread, which waits.
 */
final class FrameInput {

  /** More than that is printed by no login that wants to run commands. */
  private static final int MOST_PRINTED_BYTES = 64 * 1024;

  private static final int BUFFER_BYTES = 64 * 1024;

  private final InputStream in;
  private final Runnable heard;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int end;

  /**
   * @param heard told whenever something arrives
   */
  FrameInput(InputStream in, Runnable heard) {
    this.in = in;
    this.heard = heard;
  }

  /** Skips what the login's shell prints; EOFException when the helper never says a word. */
  void awaitMagic() throws IOException {
    int matched = 0;
    for (int skipped = 0; matched < Protocol.MAGIC.length; skipped++) {
      if (skipped > MOST_PRINTED_BYTES) {
        throw new ProtocolException("the login prints too much before the helper begins");
      }
      if (at == end && !fill()) {
        throw new EOFException("the helper ended before it said a word");
      }
      byte next = buffer[at++];
      if (next == Protocol.MAGIC[matched]) {
        matched++;
      } else {
        matched = next == Protocol.MAGIC[0] ? 1 : 0; // its first letter is nowhere else in it
      }
    }
  }

  /** The next frame; null at the end; EOFException in the middle of one. */
  @Nullable Frame read() throws IOException {
    if (at == end && !fill()) {
      return null;
    }
    int length = ByteBuffer.wrap(take(Integer.BYTES)).getInt();
    if (length < Protocol.HEAD_BYTES || length > Protocol.FRAME_BYTES) {
      throw new ProtocolException("a frame of " + Integer.toUnsignedString(length) + " bytes");
    }
    ByteBuffer frame = ByteBuffer.wrap(take(length));
    int kind = Byte.toUnsignedInt(frame.get());
    int request = frame.getInt();
    return new Frame(kind, request, frame);
  }

  private byte[] take(int length) throws IOException {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      if (at == end && !fill()) {
        throw new EOFException("the helper ended in the middle of a frame");
      }
      int count = Math.min(length - done, end - at);
      System.arraycopy(buffer, at, bytes, done, count);
      at += count;
      done += count;
    }
    return bytes;
  }

  private boolean fill() throws IOException {
    int count = in.read(buffer, 0, buffer.length);
    at = 0;
    end = Math.max(count, 0);
    if (count > 0) {
      heard.run();
    }
    return count > 0;
  }
}
