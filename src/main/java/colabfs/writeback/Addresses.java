package colabfs.writeback;

import java.util.Arrays;

/**
 * Where the journal's bytes are in its file. A byte is given a place when it is recorded, which it
 * keeps; its position in the file changes when the file is made smaller.
 *
 * <p>Threading: immutable.
 */
final class Addresses {
  /** Of a file that was just opened. */
  static final Addresses SAME = new Addresses(new long[0], new long[0], new int[0], 0, 0);

  /** Of the runs of bytes that were copied, both ascending. */
  private final long[] places;

  private final long[] positions;
  private final int[] lengths;

  /** From this position on, bytes are as far from their places as {@link #shift} says. */
  private final long tail;

  private final long shift;

  private Addresses(long[] places, long[] positions, int[] lengths, long tail, long shift) {
    this.places = places;
    this.positions = positions;
    this.lengths = lengths;
    this.tail = tail;
    this.shift = shift;
  }

  /** Where the byte of that place is in the file; {@link Layer#NOWHERE} when it is not. */
  long positionOf(long place) {
    return place - shift >= tail ? place - shift : between(places, positions, place);
  }

  /** The place of the byte that is there in the file. */
  long placeOf(long position) {
    return position >= tail ? position + shift : between(positions, places, position);
  }

  private long between(long[] from, long[] to, long at) {
    int found = Arrays.binarySearch(from, at);
    int index = found >= 0 ? found : -found - 2;
    boolean inside = index >= 0 && at - from[index] < lengths[index];
    return inside ? to[index] + (at - from[index]) : Layer.NOWHERE;
  }

  /** Of a file that is begun anew, with nothing of the old one in it. */
  Addresses afresh(long oldEnd, long newEnd) {
    return new Successor().end(oldEnd, newEnd);
  }

  /** Of a smaller file that is being filled from the one that these are of. */
  final class Successor {
    private long[] newPlaces = new long[16];
    private long[] newPositions = new long[16];
    private int[] newLengths = new int[16];
    private int count;

    /** Bytes were copied, from a position of the old file to one of the new. */
    void copied(long oldPosition, long newPosition, int length) {
      if (count == newPlaces.length) {
        newPlaces = Arrays.copyOf(newPlaces, 2 * count);
        newPositions = Arrays.copyOf(newPositions, 2 * count);
        newLengths = Arrays.copyOf(newLengths, 2 * count);
      }
      newPlaces[count] = placeOf(oldPosition);
      newPositions[count] = newPosition;
      newLengths[count] = length;
      count++;
    }

    /** From these positions on both files go on alike. */
    Addresses end(long oldTail, long newTail) {
      return new Addresses(
          Arrays.copyOf(newPlaces, count),
          Arrays.copyOf(newPositions, count),
          Arrays.copyOf(newLengths, count),
          newTail,
          placeOf(oldTail) - newTail);
    }
  }
}
