package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.writeback.Layer.Extent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A content without holes, read from the journal in parts of any length. Threading: any thread, as
 * it does not change.
 */
final class WholeContent {
  private final Journal journal;
  private final NavigableMap<Long, Extent> extents = new TreeMap<>();
  private final long sizeBytes;

  /**
   * @param extents one after the other from the beginning to the end
   */
  WholeContent(Journal journal, List<Extent> extents) {
    this.journal = journal;
    long end = 0;
    for (Extent extent : extents) {
      if (extent.offset() != end) {
        throw new IllegalArgumentException("a hole at " + end);
      }
      this.extents.put(extent.offset(), extent);
      end = extent.end();
    }
    this.sizeBytes = end;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** Fills the buffer from that place on. */
  void read(long offset, ByteBuffer into) throws FsException {
    long end = offset + into.remaining();
    for (Map.Entry<Long, Extent> at = extents.floorEntry(offset);
        at != null && at.getKey() < end;
        at = extents.higherEntry(at.getKey())) {
      Extent extent = at.getValue();
      long from = Math.max(offset, extent.offset());
      int bytes = (int) (Math.min(end, extent.end()) - from);
      ByteBuffer part = into.slice(into.position(), bytes);
      if (!journal.read(extent.position() + (from - extent.offset()), part)) {
        throw new FsException(Errno.EIO, "given up while it was compared");
      }
      into.position(into.position() + bytes);
    }
  }
}
