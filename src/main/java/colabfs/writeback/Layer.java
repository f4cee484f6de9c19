package colabfs.writeback;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Changes of one file's content that go to the runtime together: bytes, by their place in the
 * journal, over what lies below. Threading: guarded by its owner's lock.
 */
final class Layer {
  /** The place of bytes that are needed no more. */
  static final long NOWHERE = -1;

  private final NavigableMap<Long, Extent> extents = new TreeMap<>();

  /** So many bytes of what lies below still show. */
  private long visibleBelow;

  private long sizeBytes;

  /** Of all extents. */
  private long bytes;

  /** Bytes that follow one another in the file and in the journal. */
  record Extent(long offset, int length, long position) {
    long end() {
      return offset + length;
    }

    private Extent from(long start) {
      long there = position == NOWHERE ? NOWHERE : position + (start - offset);
      return new Extent(start, (int) (end() - start), there);
    }

    private Extent upTo(long end) {
      return new Extent(offset, (int) (end - offset), position);
    }
  }

  /** Over a file of that size, nothing changed yet. */
  Layer(long sizeBelow) {
    this.visibleBelow = sizeBelow;
    this.sizeBytes = sizeBelow;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** What is below this offset, and not written here, is the content below; the rest is zeroes. */
  long visibleBelow() {
    return visibleBelow;
  }

  /** Nothing of what lies below shows. */
  boolean isWhole() {
    return visibleBelow == 0 || isCovered(visibleBelow);
  }

  long bytes() {
    return bytes;
  }

  void write(long offset, int length, long position) {
    long end = offset + length;
    remove(offset, end);
    put(new Extent(offset, length, position));
    sizeBytes = Math.max(sizeBytes, end);
  }

  void cut(long newSizeBytes) {
    if (newSizeBytes < sizeBytes) {
      remove(newSizeBytes, Long.MAX_VALUE);
      visibleBelow = Math.min(visibleBelow, newSizeBytes);
    }
    sizeBytes = newSizeBytes;
  }

  /** In the order of their offsets. */
  List<Extent> extents() {
    return new ArrayList<>(extents.values());
  }

  /** The parts of a range that are written here, in order, cut to the range. */
  List<Extent> within(long start, long end) {
    List<Extent> found = new ArrayList<>();
    Map.Entry<Long, Extent> before = extents.lowerEntry(start);
    if (before != null && before.getValue().end() > start) {
      found.add(clip(before.getValue(), start, end));
    }
    for (Extent extent : extents.subMap(start, end).values()) {
      found.add(clip(extent, start, end));
    }
    return found;
  }

  private static Extent clip(Extent extent, long start, long end) {
    Extent late = extent.offset() < start ? extent.from(start) : extent;
    return late.end() > end ? late.upTo(end) : late;
  }

  private boolean isCovered(long end) {
    long at = 0;
    for (Extent extent : extents.values()) {
      if (extent.offset() > at) {
        return false;
      }
      at = Math.max(at, extent.end());
      if (at >= end) {
        return true;
      }
    }
    return at >= end;
  }

  private void put(Extent extent) {
    Extent old = extents.put(extent.offset(), extent);
    bytes += extent.length() - (old == null ? 0 : old.length());
  }

  private void remove(long start, long end) {
    Map.Entry<Long, Extent> before = extents.lowerEntry(start);
    if (before != null && before.getValue().end() > start) {
      Extent old = before.getValue();
      put(old.upTo(start));
      if (old.end() > end) {
        put(old.from(end));
      }
    }
    NavigableMap<Long, Extent> covered = extents.subMap(start, true, end, false);
    Extent last = covered.isEmpty() ? null : covered.lastEntry().getValue();
    for (Extent gone : covered.values()) {
      bytes -= gone.length();
    }
    covered.clear();
    if (last != null && last.end() > end) {
      put(last.from(end));
    }
  }
}
