package colabfs.ssh;

import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One packet from the server, being read: its type, and its fields in the order of the calls.
 * Nothing in it is believed: a field that reaches past the packet is a {@link ProtocolException},
 * after which the channel is closed. Threading: one thread.
 */
final class SftpReply {
  private final int type;
  private final ByteBuffer fields;
  private final boolean owned;

  /**
   * @param body type and what follows
   * @param owned whether the bytes stay as they are after the call
   */
  SftpReply(ByteBuffer body, boolean owned) throws ProtocolException {
    if (!body.hasRemaining()) {
      throw new ProtocolException("an SFTP packet without a type");
    }
    this.type = body.get() & 0xff;
    this.fields = body;
    this.owned = owned;
  }

  int type() {
    return type;
  }

  boolean hasMore() {
    return fields.hasRemaining();
  }

  int remaining() {
    return fields.remaining();
  }

  int int32() throws ProtocolException {
    need(Integer.BYTES);
    return fields.getInt();
  }

  long uint32() throws ProtocolException {
    return Integer.toUnsignedLong(int32());
  }

  long int64() throws ProtocolException {
    need(Long.BYTES);
    return fields.getLong();
  }

  byte[] bytes() throws ProtocolException {
    byte[] content = new byte[length()];
    fields.get(content);
    return content;
  }

  /** A string for people or for our own eyes, where a wrong letter does no harm. */
  String text() throws ProtocolException {
    return new String(bytes(), StandardCharsets.UTF_8);
  }

  void skipString() throws ProtocolException {
    int length = length();
    fields.position(fields.position() + length);
  }

  /** A string's content, the receiver's own; not copied where the packet is nobody else's. */
  ByteBuffer content() throws ProtocolException {
    if (!owned) {
      return ByteBuffer.wrap(bytes());
    }
    int length = length();
    ByteBuffer content = fields.slice(fields.position(), length);
    fields.position(fields.position() + length);
    return content;
  }

  private int length() throws ProtocolException {
    int length = int32();
    need(length);
    return length;
  }

  private void need(int bytes) throws ProtocolException {
    if (bytes < 0 || bytes > fields.remaining()) {
      throw new ProtocolException(
          "an SFTP packet of type %d ends %d bytes into a field of %d"
              .formatted(type, fields.remaining(), Integer.toUnsignedLong(bytes)));
    }
  }
}
