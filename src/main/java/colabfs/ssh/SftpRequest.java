package colabfs.ssh;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.sshd.sftp.common.SftpConstants;

/**
 * One request being written: length, type, id, then its fields in the order of the calls
 * (draft-ietf-secsh-filexfer-02). Threading: one thread until it is sent.
 */
final class SftpRequest {
  /** Length, type and id. */
  static final int HEADER_BYTES = 9;

  private static final int LENGTH_FIELD_BYTES = 4;
  private static final int ID_AT = 5;
  private static final int SMALL_BYTES = 256;

  private byte[] bytes;
  private int end = HEADER_BYTES;

  private SftpRequest(int type, int expectedBytes) {
    bytes = new byte[expectedBytes];
    bytes[LENGTH_FIELD_BYTES] = (byte) type;
  }

  static SftpRequest of(int type) {
    return new SftpRequest(type, SMALL_BYTES);
  }

  /** A request whose fields take about that many bytes, so that nothing is copied twice. */
  static SftpRequest of(int type, int fieldBytes) {
    return new SftpRequest(type, HEADER_BYTES + fieldBytes);
  }

  static SftpRequest extended(String name) {
    return of(SftpConstants.SSH_FXP_EXTENDED).string(name);
  }

  SftpRequest uint32(long value) {
    room(Integer.BYTES);
    put32(end, (int) value);
    end += Integer.BYTES;
    return this;
  }

  SftpRequest uint64(long value) {
    return uint32(value >>> 32).uint32(value);
  }

  SftpRequest string(String text) {
    return string(text.getBytes(StandardCharsets.UTF_8));
  }

  SftpRequest string(byte[] content) {
    uint32(content.length);
    room(content.length);
    System.arraycopy(content, 0, bytes, end, content.length);
    end += content.length;
    return this;
  }

  /** What remains in the buffer, whose position stays. */
  SftpRequest string(ByteBuffer content) {
    int length = content.remaining();
    uint32(length);
    room(length);
    content.duplicate().get(bytes, end, length);
    end += length;
    return this;
  }

  /** The whole packet, to be sent under that id. */
  ByteBuffer packet(int id) {
    put32(0, end - LENGTH_FIELD_BYTES);
    put32(ID_AT, id);
    return ByteBuffer.wrap(bytes, 0, end);
  }

  private void room(int more) {
    if (end + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(end + more, bytes.length * 2));
    }
  }

  private void put32(int at, int value) {
    bytes[at] = (byte) (value >>> 24);
    bytes[at + 1] = (byte) (value >>> 16);
    bytes[at + 2] = (byte) (value >>> 8);
    bytes[at + 3] = (byte) value;
  }
}
