package colabfs.writeback;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one record file, as docs/JOURNAL.md has them. The header goes into the check of each
 * record, so that no record of another file passes.
 *
 * <p>Threading: immutable.
 */
final class RecordFormat {
  static final int HEADER_BYTES = 40;

  /** What stands before a payload: check, length, sequence number, type. */
  static final int HEAD_BYTES = 4 + 4 + 8 + 1;

  static final int MAX_RECORD_BYTES = HEAD_BYTES + RecordFile.MAX_PAYLOAD_BYTES;

  /** Sequence numbers are below this; a scan for records hardly ever takes other bytes for one. */
  static final long SEQUENCE_LIMIT = 1L << 40;

  private static final byte[] MAGIC = {'c', 'o', 'l', 'a', 'b', 'f', 's', 'J'};
  private static final int VERSION = 1;
  private static final int VERSION_AT = 8;
  private static final int ID_AT = 12;
  private static final int ID_BYTES = 16;
  private static final int SALT_BYTES = 8;
  private static final int CHECK_AT = ID_AT + ID_BYTES + SALT_BYTES;
  private static final int LENGTH_AT = 4;
  private static final int SEQUENCE_AT = 8;
  private static final int TYPE_AT = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] header;

  private RecordFormat(byte[] header) {
    this.header = header;
  }

  /** Of a journal that begins. */
  static RecordFormat ofNewJournal() {
    return ofNewFile(random(ID_BYTES));
  }

  /** Of the next file of the same journal. */
  RecordFormat ofNextFile() {
    return ofNewFile(Arrays.copyOfRange(header, ID_AT, ID_AT + ID_BYTES));
  }

  private static RecordFormat ofNewFile(byte[] id) {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.put(MAGIC).putInt(VERSION).put(id).put(random(SALT_BYTES));
    header.putInt(checkOfHeader(header.array()));
    return new RecordFormat(header.array());
  }

  /**
   * Of a file that is there.
   *
   * @param begin the first bytes of the file, {@link #HEADER_BYTES} unless it is shorter
   * @return null when it is no header
   * @throws IOException a later version of this program wrote it
   */
  static @Nullable RecordFormat of(byte[] begin) throws IOException {
    if (begin.length != HEADER_BYTES
        || !Arrays.equals(begin, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
        || ByteBuffer.wrap(begin).getInt(CHECK_AT) != checkOfHeader(begin)) {
      return null;
    }
    int version = ByteBuffer.wrap(begin).getInt(VERSION_AT);
    if (version != VERSION) {
      throw new IOException(
          "its format is "
              + version
              + ", and this colabfs knows "
              + VERSION
              + " only. Use the colabfs that wrote it, or a newer one.");
    }
    return new RecordFormat(begin.clone());
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  private static int checkOfHeader(byte[] header) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, CHECK_AT);
    return (int) crc.getValue();
  }

  byte[] header() {
    return header.clone();
  }

  /** The journal's id, its first 32 bits in hexadecimal. */
  String shortId() {
    return HexFormat.of().formatHex(header, ID_AT, ID_AT + 4);
  }

  /** Completes a record of which the payload is in its place. */
  void seal(byte[] record, int payloadBytes, long sequence, int type) {
    ByteBuffer head = ByteBuffer.wrap(record);
    head.putInt(LENGTH_AT, payloadBytes);
    head.putLong(SEQUENCE_AT, sequence);
    head.put(TYPE_AT, (byte) type);
    head.putInt(0, checkOfRecord(head.limit(HEAD_BYTES + payloadBytes).position(LENGTH_AT)));
  }

  private int checkOfRecord(ByteBuffer afterCheck) {
    CRC32C crc = new CRC32C();
    crc.update(header, 0, HEADER_BYTES);
    crc.update(afterCheck);
    return (int) crc.getValue();
  }

  /**
   * Whether these bytes can be a record's head: then {@link #lengthAt} is a possible length.
   *
   * @param least the lowest sequence number that is looked for
   */
  static boolean isHead(ByteBuffer bytes, int at, long least) {
    long sequence = sequenceAt(bytes, at);
    int length = lengthAt(bytes, at);
    return sequence >= least
        && sequence < SEQUENCE_LIMIT
        && length >= 0
        && length <= RecordFile.MAX_PAYLOAD_BYTES;
  }

  static int lengthAt(ByteBuffer bytes, int at) {
    return bytes.getInt(at + LENGTH_AT);
  }

  static long sequenceAt(ByteBuffer bytes, int at) {
    return bytes.getLong(at + SEQUENCE_AT);
  }

  static int typeAt(ByteBuffer bytes, int at) {
    return bytes.get(at + TYPE_AT) & 0xff;
  }

  /** Whether it is a whole record of this file; all of it must be in the buffer. */
  boolean isRecord(ByteBuffer bytes, int at) {
    int checkedBytes = HEAD_BYTES - LENGTH_AT + lengthAt(bytes, at);
    return bytes.getInt(at) == checkOfRecord(bytes.slice(at + LENGTH_AT, checkedBytes));
  }
}
