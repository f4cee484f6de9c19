package colabfs.agent;

import java.nio.ByteBuffer;

/**
 * One frame.
 *
 * @param kind one of {@link Protocol}'s numbers
 * @param request the number of the request that it belongs to, 0 for news
 * @param payload from position to limit; big-endian
 */
record Frame(int kind, int request, ByteBuffer payload) {

  private static final int LENGTH_BYTES = 4;

  /** An empty frame's bytes with room for a payload, which is written from the position on. */
  static ByteBuffer prepare(int kind, int request, int payloadBytes) {
    return ByteBuffer.allocate(LENGTH_BYTES + Protocol.HEAD_BYTES + payloadBytes)
        .putInt(Protocol.HEAD_BYTES + payloadBytes)
        .put((byte) kind)
        .putInt(request);
  }
}
