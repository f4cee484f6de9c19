package colabfs.agent;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Pieces of a stream, compressed where that makes them shorter. */
final class Chunks {

  /** Whether it is compressed, and its length when it is not. */
  private static final int HEAD_BYTES = 1 + Integer.BYTES;

  /** Shorter than that nothing shrinks. */
  private static final int WORTH_BYTES = 64;

  private Chunks() {}

  /**
   * What a chunk holds. However much it claims or expands to, no more than a chunk may hold is
   * allocated.
   */
  static ByteBuffer open(ByteBuffer payload) throws ProtocolException {
    int encoding = Fields.readByte(payload);
    int length = Fields.readBounded(payload, Protocol.CHUNK_BYTES, "length of a chunk");
    if (encoding == 0) {
      if (payload.remaining() != length) {
        throw new ProtocolException("a chunk of another length than it says");
      }
      return payload.slice();
    }
    byte[] bytes = new byte[length];
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(payload);
      int done = 0;
      while (done < length) {
        int count = inflater.inflate(bytes, done, length - done);
        if (count == 0) {
          break;
        }
        done += count;
      }
      boolean isWhole = done == length && inflater.inflate(new byte[1]) == 0;
      if (!isWhole || !inflater.finished() || encoding != 1) {
        throw new ProtocolException("a chunk of another length than it says");
      }
      return ByteBuffer.wrap(bytes);
    } catch (DataFormatException e) {
      throw new ProtocolException("a chunk that cannot be read");
    } finally {
      inflater.end();
    }
  }

  /** A frame with a piece of what belongs to a request. */
  static ByteBuffer bodyFrame(int request, ByteBuffer piece) {
    return frame(Protocol.BODY, request, 0, head -> {}, piece);
  }

  /**
   * A frame that ends with a chunk, and begins with so many bytes that are put by somebody else.
   */
  static ByteBuffer frame(
      int kind, int request, int headBytes, Consumer<ByteBuffer> head, ByteBuffer piece) {
    int length = piece.remaining();
    byte[] small = new byte[length];
    int smallLength = length > WORTH_BYTES ? deflate(piece.duplicate(), small) : length;
    boolean isSmaller = smallLength < length;
    int bytes = HEAD_BYTES + (isSmaller ? smallLength : length);
    ByteBuffer frame = Frame.prepare(kind, request, headBytes + bytes);
    head.accept(frame);
    frame.put((byte) (isSmaller ? 1 : 0)).putInt(length);
    if (isSmaller) {
      frame.put(small, 0, smallLength);
    } else {
      frame.put(piece.duplicate());
    }
    return frame.flip();
  }

  /** The length that it was written in; that of the piece when it does not fit. */
  private static int deflate(ByteBuffer piece, byte[] small) {
    int length = piece.remaining();
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      deflater.setInput(piece);
      deflater.finish();
      int written = deflater.deflate(small);
      return deflater.finished() ? written : length;
    } finally {
      deflater.end();
    }
  }
}
