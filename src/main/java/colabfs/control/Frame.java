package colabfs.control;

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

  byte[] bytes() {
    byte[] bytes = new byte[payload.remaining()];
    payload.duplicate().get(bytes);
    return bytes;
  }
}
