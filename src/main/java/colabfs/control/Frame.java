package colabfs.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** One frame as it was received; the payload is the receiver's own. */
record Frame(FrameType type, ByteBuffer payload) {

  String text() {
    return StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
  }

  /** The four bytes of an {@link FrameType#EXIT} or {@link FrameType#STDIN_ROOM}. */
  int number() {
    return payload.getInt(payload.position());
  }

  /** One of the numbers of a {@link FrameType#RESIZE}. */
  int number(int index) throws IOException {
    int at = payload.position() + index * Integer.BYTES;
    if (at + Integer.BYTES > payload.limit()) {
      throw new IOException("a frame with too few numbers");
    }
    return payload.getInt(at);
  }

  byte[] bytes() {
    byte[] bytes = new byte[payload.remaining()];
    payload.duplicate().get(bytes);
    return bytes;
  }
}
