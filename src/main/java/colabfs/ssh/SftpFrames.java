package colabfs.ssh;

import java.net.ProtocolException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Makes packets of the bytes that arrive, however they are cut. A packet that lies whole in what
 * arrived is not copied. Threading: the link's thread.
 */
final class SftpFrames {

  /** Takes one packet; the reply is valid during the call only. */
  interface Sink {
    void packet(SftpReply reply) throws ProtocolException;
  }

  /**
   * The longest packet that is believed. The longest answer that we ask for is 255 KiB; OpenSSH
   * keeps listings under 256 KiB too (SFTP_MAX_MSG_LENGTH), and others are given some room.
   */
  static final int MAX_PACKET_BYTES = 1 << 20;

  private final Sink sink;
  private int length;
  private int lengthBytesSeen;
  private @Nullable ByteBuffer partial;

  SftpFrames(Sink sink) {
    this.sink = sink;
  }

  void received(ByteBuffer bytes) throws ProtocolException {
    while (bytes.hasRemaining()) {
      if (partial != null) {
        fill(partial, bytes);
      } else if (readLength(bytes)) {
        beginPacket(bytes);
      }
    }
  }

  private boolean readLength(ByteBuffer bytes) throws ProtocolException {
    while (lengthBytesSeen < Integer.BYTES && bytes.hasRemaining()) {
      length = (length << 8) | (bytes.get() & 0xff);
      lengthBytesSeen++;
    }
    if (lengthBytesSeen < Integer.BYTES) {
      return false;
    }
    if (length <= 0 || length > MAX_PACKET_BYTES) {
      throw new ProtocolException(
          "an SFTP packet of %d bytes".formatted(Integer.toUnsignedLong(length)));
    }
    return true;
  }

  private void beginPacket(ByteBuffer bytes) throws ProtocolException {
    int size = length;
    length = 0;
    lengthBytesSeen = 0;
    if (bytes.remaining() < size) {
      partial = ByteBuffer.allocate(size);
      return;
    }
    ByteBuffer body = bytes.slice(bytes.position(), size);
    bytes.position(bytes.position() + size);
    sink.packet(new SftpReply(body, false));
  }

  private void fill(ByteBuffer packet, ByteBuffer bytes) throws ProtocolException {
    int count = Math.min(packet.remaining(), bytes.remaining());
    packet.put(packet.position(), bytes, bytes.position(), count);
    packet.position(packet.position() + count);
    bytes.position(bytes.position() + count);
    if (!packet.hasRemaining()) {
      partial = null;
      sink.packet(new SftpReply(packet.flip(), true));
    }
  }
}
