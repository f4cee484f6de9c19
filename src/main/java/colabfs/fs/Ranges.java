package colabfs.fs;

import java.util.Map;
import java.util.TreeMap;

/** A set of byte ranges, merged where they touch. Threading: none, the holder's lock guards it. */
final class Ranges {
  private final TreeMap<Long, Long> endByStart = new TreeMap<>();

  /** Adds {@code [start, end)}. */
  void add(long start, long end) {
    if (start >= end) {
      return;
    }
    long from = start;
    long to = end;
    for (Map.Entry<Long, Long> near = endByStart.floorEntry(to);
        near != null && near.getValue() >= from;
        near = endByStart.floorEntry(to)) {
      from = Math.min(from, near.getKey());
      to = Math.max(to, near.getValue());
      endByStart.remove(near.getKey());
    }
    endByStart.put(from, to);
  }

  /** Whether any byte of {@code [start, end)} is in it. */
  boolean overlaps(long start, long end) {
    Map.Entry<Long, Long> before = endByStart.lowerEntry(end);
    return start < end && before != null && before.getValue() > start;
  }

  void clear() {
    endByStart.clear();
  }
}
