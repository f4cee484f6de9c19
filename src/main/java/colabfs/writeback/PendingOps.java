package colabfs.writeback;

import colabfs.core.AttrChange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The unacknowledged changes of one file in the program's order: which may be sent next, which are
 * in flight, what a reader sees of them.
 *
 * <p>Ops are sent in order. One that touches what is touched by another in flight waits for that
 * one's answer, and so does everything behind it; the server may therefore carry out what is in
 * flight in any order. The last piece stays open and takes in what is written next to it.
 *
 * <p>Threading: guarded by the lock of the {@link WriteThrough} that it belongs to.
 */
final class PendingOps {

  /** The largest piece: the most that OpenSSH takes in one request. */
  static final int PIECE_BYTES = 255 * 1024;

  /** An open piece this long is sent when nothing else is in flight, so that the link is used. */
  static final int EARLY_BYTES = 64 * 1024;

  private final NavigableMap<Long, Op> ops = new TreeMap<>();
  private long lastNumber;
  private long nextToSend = 1;
  private int inFlight;
  private long sizeBytes;
  private Op.@Nullable Piece open;

  /**
   * Takes bytes into the open piece, or into a new one.
   *
   * @return how many: fewer than remain where the piece is full
   */
  int append(long offset, ByteBuffer content) {
    Op.Piece piece = open;
    if (piece == null || offset < piece.offset || offset > piece.end()) {
      seal();
      int count = Math.min(content.remaining(), PIECE_BYTES);
      piece = new Op.Piece(++lastNumber, offset, count >= EARLY_BYTES ? PIECE_BYTES : count);
      ops.put(piece.number, piece);
      open = piece;
    }
    int distance = (int) (offset - piece.offset);
    int count = Math.min(content.remaining(), PIECE_BYTES - distance);
    int before = piece.sizeBytes();
    piece.put(distance, content, count, PIECE_BYTES);
    sizeBytes += piece.sizeBytes() - before;
    if (piece.sizeBytes() == PIECE_BYTES) {
      seal();
    }
    return count;
  }

  void add(AttrChange change) {
    seal();
    Op op = new Op.Change(++lastNumber, change);
    ops.put(op.number, op);
  }

  void addSync() {
    seal();
    Op op = new Op.Sync(++lastNumber);
    ops.put(op.number, op);
  }

  /** Ends the open piece: it may be sent, and no longer grows. */
  void seal() {
    open = null;
  }

  /**
   * The next op that may be sent now, counted as sent from here on; null when there is none.
   *
   * @param eager an open piece is sent however short it is
   */
  @Nullable Op next(boolean eager) {
    var entry = ops.ceilingEntry(nextToSend);
    if (entry == null) {
      return null;
    }
    Op op = entry.getValue();
    if (op == open) {
      if (!eager && (inFlight > 0 || op.sizeBytes() < EARLY_BYTES)) {
        return null;
      }
      seal();
    }
    if (inFlight > 0 && collides(op)) {
      return null;
    }
    op.state = Op.State.SENT;
    inFlight++;
    nextToSend = op.number + 1;
    return op;
  }

  private boolean collides(Op op) {
    if (op.isAlone()) {
      return true;
    }
    for (Op other : ops.headMap(nextToSend, false).values()) {
      if (other.state == Op.State.SENT
          && (other.isAlone()
              || (op instanceof Op.Piece a && other instanceof Op.Piece b && a.overlaps(b)))) {
        return true;
      }
    }
    return false;
  }

  void acknowledged(Op op) {
    ops.remove(op.number);
    inFlight--;
    sizeBytes -= op.sizeBytes();
  }

  /** The server refused it; it stays, to be read, until that is reported. */
  void refused(Op op) {
    inFlight--;
    if (op.isContent()) {
      op.state = Op.State.REFUSED;
    } else {
      ops.remove(op.number);
    }
  }

  /** Everything in flight is to be sent again. */
  void lost() {
    for (Op op : ops.descendingMap().values()) {
      if (op.state == Op.State.SENT) {
        op.state = Op.State.WAITING;
        nextToSend = op.number;
      }
    }
    inFlight = 0;
  }

  /**
   * Drops everything that is not in flight.
   *
   * @return true when the server may have carried out a part of it
   */
  boolean dropUnsent() {
    boolean unclear = false;
    seal();
    for (Op op : new ArrayList<>(ops.values())) {
      if (op.state != Op.State.SENT) {
        unclear |= op.everSent;
        ops.remove(op.number);
        sizeBytes -= op.sizeBytes();
      }
    }
    nextToSend = lastNumber + 1;
    return unclear;
  }

  int inFlight() {
    return inFlight;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** The newest op's number. */
  long lastNumber() {
    return lastNumber;
  }

  /** Whether all up to that number are acknowledged. */
  boolean isDoneUpTo(long number) {
    return ops.isEmpty() || ops.firstKey() > number;
  }

  boolean isEmpty() {
    return ops.isEmpty();
  }

  /** The unacknowledged ops in order. */
  Collection<Op> all() {
    return ops.values();
  }

  /** The ops as they are now; of the open piece a copy of what lies in the range. */
  List<Op> frozen(long from, long to) {
    List<Op> copy = new ArrayList<>(ops.values());
    Op.Piece piece = open;
    if (piece != null) {
      copy.set(copy.size() - 1, piece.copyOfRange(from, to));
    }
    return copy;
  }
}
