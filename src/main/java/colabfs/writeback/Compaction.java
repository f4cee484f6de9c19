package colabfs.writeback;

import colabfs.writeback.Layer.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * Fills a smaller journal from one that goes on meanwhile: all its events, without the written
 * bytes that nobody needs any more.
 *
 * <p>Which bytes are needed is what the events up to the beginning of this leave. All of these
 * events are in the new file before it is used, so that no cut of its tail can make bytes needed
 * that were left out.
 *
 * <p>Threading: one thread.
 */
final class Compaction {
  private final RecordFile from;
  private final RecordFile next;
  private final RecordScan scan;
  private final long begunAt;
  private final Addresses old;
  private final Addresses.Successor addresses;

  /** Ends of needed bytes by where they begin, as places. */
  private final NavigableMap<Long, Long> needed = new TreeMap<>();

  private long newTail;

  /** The journal's lock is held. */
  Compaction(RecordFile from, Addresses old, Collection<Layer> needed) throws IOException {
    this.from = from;
    this.old = old;
    this.addresses = old.new Successor();
    this.begunAt = from.sizeBytes();
    for (Layer layer : needed) {
      for (Extent extent : layer.extents()) {
        this.needed.put(extent.position(), extent.position() + extent.length());
      }
    }
    this.scan = from.scan();
    this.next = from.beginNext();
  }

  /** How far it has come. */
  long end() {
    return scan.end();
  }

  /**
   * Copies, without any lock, what the file had when this began; false when it was told to stop.
   */
  boolean copy(BooleanSupplier stop) throws IOException {
    while (scan.end() < begunAt && !stop.getAsBoolean() && scan.hasNext()) {
      copyOne();
    }
    if (scan.end() < begunAt) {
      return false;
    }
    newTail = next.sizeBytes();
    next.force();
    return true;
  }

  private void copyOne() throws IOException {
    ByteBuffer payload = scan.payload();
    int type = scan.type();
    if (EventCodec.isWrote(type)) {
      ByteBuffer content = payload.duplicate();
      EventCodec.Read read = EventCodec.read(type, content);
      int headBytes = content.position() - payload.position();
      long position = scan.payloadPosition() + headBytes;
      int length = content.remaining();
      if (read.event() instanceof Event.Wrote wrote && !isNeeded(position, length)) {
        var unused =
            next.append(
                EventCodec.typeOf(wrote.gone()), EventCodec.write(wrote.gone(), read.atNanos()));
      } else {
        addresses.copied(position, next.append(type, payload) + headBytes, length);
      }
    } else {
      var unused = next.append(type, payload);
    }
    scan.skip();
  }

  private boolean isNeeded(long position, int length) {
    long place = old.placeOf(position);
    var before = needed.lowerEntry(place + length);
    return before != null && before.getValue() > place;
  }

  /** Copies what was appended meanwhile, as it is, up to an end that the file has reached. */
  void catchUp(long end) throws IOException {
    scan.grown();
    while (scan.end() < end && scan.hasNext()) {
      var unused = next.append(scan.type(), scan.payload());
      scan.skip();
    }
    if (scan.end() < end) {
      throw new IOException("a record cannot be read again");
    }
  }

  /**
   * The new file takes the old one's place, once it has caught up; or it is dropped. The journal's
   * lock is held.
   */
  RecordFile finish() throws IOException {
    return from.startNext(next, file -> catchUp(from.sizeBytes()));
  }

  /** Of the new file. */
  Addresses addresses() {
    return addresses.end(begunAt, newTail);
  }

  void abandon() {
    from.abandon(next);
  }
}
