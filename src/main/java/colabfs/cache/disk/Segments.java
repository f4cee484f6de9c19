package colabfs.cache.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of content in numbered files, written one after the other; the oldest file goes first. A
 * record is 32 bytes of header and the block, and is checked as a whole when it is read.
 *
 * <p>Threading: one thread appends and deletes, any may read.
 */
final class Segments implements AutoCloseable {
  static final int HEADER_BYTES = 32;
  private static final int MAGIC = 0x434f4231;
  private static final String SUFFIX = ".blocks";

  /** At so many segments the oldest is about two hundredths of the whole. */
  private static final int SEGMENTS = 64;

  private static final long MIN_SEGMENT_BYTES = 256 << 10;
  private static final long MAX_SEGMENT_BYTES = 1 << 30;

  private final Path directory;
  private final long segmentBytes;
  private final ConcurrentSkipListMap<Integer, Segment> all = new ConcurrentSkipListMap<>();

  /** Where a block is. */
  record Place(int segment, int position, int lengthBytes) {}

  /** What a record says of itself. */
  record Header(long content, long block, Place place) {}

  /** One file. */
  private static final class Segment {
    private final Path file;
    private final FileChannel channel;

    /** Written by the one thread, read by any. */
    private volatile long sizeBytes;

    Segment(Path file, FileChannel channel, long sizeBytes) {
      this.file = file;
      this.channel = channel;
      this.sizeBytes = sizeBytes;
    }

    long sizeBytes() {
      return sizeBytes;
    }
  }

  /** Opens what is in the directory, each file up to its last whole record. */
  Segments(Path directory, long maxBytes) throws IOException {
    this.directory = directory;
    this.segmentBytes =
        Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, maxBytes / SEGMENTS));
    boolean done = false;
    try {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
        for (Path file : files) {
          open(file);
        }
      }
      cutTornTail();
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  private void open(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    int number;
    try {
      number = Integer.parseInt(name.substring(0, name.length() - SUFFIX.length()));
    } catch (NumberFormatException e) {
      Files.delete(file); // none of ours, and in the way of what is
      return;
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    all.put(number, new Segment(file, channel, channel.size()));
  }

  /** What a killed process had begun to write is cut, so that records follow one another. */
  private void cutTornTail() throws IOException {
    Map.Entry<Integer, Segment> last = all.lastEntry();
    if (last == null) {
      return;
    }
    Segment segment = last.getValue();
    long end = 0;
    for (Header header : headers(last.getKey(), segment)) {
      end = header.place().position() + (long) HEADER_BYTES + header.place().lengthBytes();
    }
    segment.channel.truncate(end);
    segment.sizeBytes = end;
  }

  /** Writes a block; what it overwrites in the index is not given back before its segment goes. */
  Place append(long content, long block, byte[] bytes) throws IOException {
    Map.Entry<Integer, Segment> last = all.lastEntry();
    if (last == null || last.getValue().sizeBytes() >= segmentBytes) {
      last = begin(last == null ? 1 : last.getKey() + 1);
    }
    Segment segment = last.getValue();
    int position = (int) segment.sizeBytes();
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    putHeader(header, content, block, bytes);
    write(segment.channel, header.flip(), position);
    write(segment.channel, ByteBuffer.wrap(bytes), position + (long) HEADER_BYTES);
    segment.sizeBytes = position + (long) HEADER_BYTES + bytes.length;
    return new Place(last.getKey(), position, bytes.length);
  }

  private static void write(FileChannel channel, ByteBuffer bytes, long position)
      throws IOException {
    for (long at = position; bytes.hasRemaining(); ) {
      at += channel.write(bytes, at);
    }
  }

  private Map.Entry<Integer, Segment> begin(int number) throws IOException {
    Path file = directory.resolve("%08d%s".formatted(number, SUFFIX));
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(
                StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Segment segment = new Segment(file, channel, 0);
    all.put(number, segment);
    return Map.entry(number, segment);
  }

  /** Big-endian: magic, length, content, block, CRC-32C of those and the bytes, and of the rest. */
  private static void putHeader(ByteBuffer record, long content, long block, byte[] bytes) {
    int start = record.position();
    record.putInt(MAGIC).putInt(bytes.length).putLong(content).putLong(block);
    CRC32C sum = new CRC32C();
    sum.update(record.slice(start, record.position() - start));
    sum.update(bytes);
    record.putInt((int) sum.getValue());
    CRC32C head = new CRC32C();
    head.update(record.slice(start, record.position() - start));
    record.putInt((int) head.getValue());
  }

  /** The block, or null when that place holds something else, or nothing whole. */
  byte @Nullable [] read(long content, long block, Place place) throws IOException {
    Segment segment = all.get(place.segment());
    if (segment == null || place.position() < 0 || place.lengthBytes() < 0) {
      return null;
    }
    long end = (long) place.position() + HEADER_BYTES + place.lengthBytes();
    if (end > segment.sizeBytes()) {
      return null;
    }
    ByteBuffer record = ByteBuffer.allocate(HEADER_BYTES + place.lengthBytes());
    if (!fill(segment.channel, record, place.position())) {
      return null;
    }
    byte[] bytes = new byte[place.lengthBytes()];
    record.get(HEADER_BYTES, bytes);
    ByteBuffer right = ByteBuffer.allocate(HEADER_BYTES);
    putHeader(right, content, block, bytes);
    return right.flip().equals(record.slice(0, HEADER_BYTES)) ? bytes : null;
  }

  private static boolean fill(FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int got = channel.read(into, at);
      if (got < 0) {
        return false;
      }
      at += got;
    }
    return true;
  }

  /** Whether the place is among the older half of what is here. */
  boolean isOld(Place place) {
    if (all.size() < 2) {
      return false;
    }
    return place.segment() - all.firstKey() < (all.lastKey() - all.firstKey() + 1) / 2;
  }

  long bytes() {
    return all.values().stream().mapToLong(Segment::sizeBytes).sum();
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** Deletes the oldest file; what was in it, as far as that can be told. */
  List<Header> deleteOldest() throws IOException {
    Map.Entry<Integer, Segment> oldest = all.pollFirstEntry();
    if (oldest == null) {
      return List.of();
    }
    Segment segment = oldest.getValue();
    List<Header> gone = headers(oldest.getKey(), segment);
    segment.channel.close();
    Files.deleteIfExists(segment.file);
    return gone;
  }

  private static List<Header> headers(int number, Segment segment) throws IOException {
    List<Header> found = new ArrayList<>();
    ByteBuffer head = ByteBuffer.allocate(HEADER_BYTES);
    long position = 0;
    while (position + HEADER_BYTES <= segment.sizeBytes()
        && fill(segment.channel, head.clear(), position)) {
      CRC32C sum = new CRC32C();
      sum.update(head.array(), 0, HEADER_BYTES - Integer.BYTES);
      int length = head.getInt(Integer.BYTES);
      long next = position + HEADER_BYTES + length;
      boolean whole =
          head.getInt(0) == MAGIC
              && head.getInt(HEADER_BYTES - Integer.BYTES) == (int) sum.getValue()
              && length >= 0
              && next <= segment.sizeBytes();
      if (!whole) {
        break;
      }
      Place place = new Place(number, (int) position, length);
      found.add(new Header(head.getLong(8), head.getLong(16), place));
      position = next;
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    for (Segment segment : all.values()) {
      segment.channel.close();
    }
  }
}
