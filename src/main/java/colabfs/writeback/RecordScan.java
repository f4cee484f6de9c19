package colabfs.writeback;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads a record file from its beginning as far as its records are good.
 *
 * <p>Threading: one thread. However long the file is, a window of two records is all it holds.
 */
final class RecordScan {
  private static final int WINDOW_BYTES = 2 * RecordFormat.MAX_RECORD_BYTES;

  private final Disk.OpenFile file;
  private long sizeBytes;
  private final RecordFormat format;
  private final ByteBuffer window;
  private long windowAt;
  private int windowBytes;
  private long end = RecordFormat.HEADER_BYTES;
  private long records;

  /** Where in the window the next record is. */
  private int at;

  RecordScan(Disk.OpenFile file, RecordFormat format) throws IOException {
    this.file = file;
    this.sizeBytes = file.sizeBytes();
    this.format = format;
    this.window = ByteBuffer.allocate(WINDOW_BYTES);
  }

  /** The file has grown: what was appended comes next. */
  void grown() throws IOException {
    sizeBytes = file.sizeBytes();
    windowBytes = 0;
  }

  /** Where the good records end that were read. */
  long end() {
    return end;
  }

  /** How many good records were read; the last one's sequence number too. */
  long records() {
    return records;
  }

  long bytesBehindEnd() {
    return sizeBytes - end;
  }

  /** Whether a good record comes next: then the following four are about it. */
  boolean hasNext() throws IOException {
    at = recordAt(end);
    return at >= 0 && RecordFormat.sequenceAt(window, at) == records + 1;
  }

  int type() {
    return RecordFormat.typeAt(window, at);
  }

  /** Good until the next call of anything here but these four. */
  ByteBuffer payload() {
    int length = RecordFormat.lengthAt(window, at);
    return window.slice(at + RecordFormat.HEAD_BYTES, length).asReadOnlyBuffer();
  }

  long payloadPosition() {
    return end + RecordFormat.HEAD_BYTES;
  }

  void skip() {
    end += RecordFormat.HEAD_BYTES + RecordFormat.lengthAt(window, at);
    records++;
  }

  /**
   * Whether there is a good record anywhere behind the end: then what is in between was one too.
   */
  boolean hasLaterRecord() throws IOException {
    for (long here = end; here + RecordFormat.HEAD_BYTES <= sizeBytes; here++) {
      if (recordAt(here) >= 0) {
        return true;
      }
    }
    return false;
  }

  /** Where in the window the good record at that place is, with a number not had yet; or -1. */
  private int recordAt(long position) throws IOException {
    int head = load(position, RecordFormat.HEAD_BYTES);
    if (head < 0 || !RecordFormat.isHead(window, head, records + 1)) {
      return -1;
    }
    int whole = load(position, RecordFormat.HEAD_BYTES + RecordFormat.lengthAt(window, head));
    return whole >= 0 && format.isRecord(window, whole) ? whole : -1;
  }

  /** Where in the window these bytes of the file are; -1 when the file ends before. */
  private int load(long position, int count) throws IOException {
    if (position + count > sizeBytes) {
      return -1;
    }
    if (position < windowAt || position + count > windowAt + windowBytes) {
      windowAt = position;
      windowBytes = (int) Math.min(WINDOW_BYTES, sizeBytes - position);
      readFully(file, position, window.array(), 0, windowBytes);
    }
    return (int) (position - windowAt);
  }

  static void readFully(Disk.OpenFile file, long position, byte[] into, int offset, int count)
      throws IOException {
    for (int done = 0; done < count; ) {
      int got = file.read(position + done, into, offset + done, count - done);
      if (got < 0) {
        throw new EOFException("it ends at byte " + (position + done));
      }
      done += got;
    }
  }
}
