package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.remote.RemoteFile;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * One change of an open file on its way to the server. Threading: guarded by the lock of the {@link
 * WriteThrough} that it belongs to; what a sent one sends no longer changes.
 */
abstract sealed class Op {

  /** Where an op stands. One that is acknowledged is in no list any more. */
  enum State {
    WAITING,
    SENT,
    /** Refused by the server, and not yet reported to the program. */
    REFUSED
  }

  /** Its place in the order of the program's calls. */
  final long number;

  State state = State.WAITING;

  /** Sent at least once: the server may have carried it out, or a part of it. */
  boolean everSent;

  private Op(long number) {
    this.number = number;
  }

  abstract CompletableFuture<Void> send(RemoteFile handle);

  /** How much user data it holds. */
  int sizeBytes() {
    return 0;
  }

  /** Whether it can be in flight together with nothing else. */
  boolean isAlone() {
    return true;
  }

  /** Whether what comes after it must not be sent when it was refused. */
  boolean isContent() {
    return false;
  }

  /** The file's size after it, given the size before. */
  long sizeAfter(long size) {
    return size;
  }

  /** Lays what it does to the content over what was read from an offset. */
  void layOver(long offset, ByteBuffer into) {}

  /** Bytes to be written; grows by coalescing until it is sent. */
  static final class Piece extends Op {
    final long offset;
    private byte[] bytes;
    private int length;

    Piece(long number, long offset, int expectedBytes) {
      super(number);
      this.offset = offset;
      this.bytes = new byte[expectedBytes];
    }

    long end() {
      return offset + length;
    }

    /** Copies bytes in at a distance from the piece's offset, over what is there and beyond. */
    void put(int distance, ByteBuffer content, int count, int limitBytes) {
      int end = distance + count;
      if (end > bytes.length) {
        byte[] larger = new byte[Math.min(limitBytes, Math.max(end, 2 * bytes.length))];
        System.arraycopy(bytes, 0, larger, 0, length);
        bytes = larger;
      }
      content.get(bytes, distance, count);
      length = Math.max(length, end);
    }

    boolean overlaps(Piece other) {
      return offset < other.end() && other.offset < end();
    }

    /** A copy of what lies in that range of the file, for a piece that may still change. */
    Piece copyOfRange(long from, long to) {
      int first = (int) (Math.max(offset, Math.min(from, end())) - offset);
      int last = (int) (Math.min(end(), Math.max(to, offset + first)) - offset);
      Piece copy = new Piece(number, offset + first, last - first);
      copy.put(0, ByteBuffer.wrap(bytes, first, last - first), last - first, last - first);
      return copy;
    }

    @Override
    CompletableFuture<Void> send(RemoteFile handle) {
      return handle.write(offset, ByteBuffer.wrap(bytes, 0, length));
    }

    @Override
    int sizeBytes() {
      return length;
    }

    @Override
    boolean isAlone() {
      return false;
    }

    @Override
    boolean isContent() {
      return true;
    }

    @Override
    long sizeAfter(long size) {
      return Math.max(size, end());
    }

    @Override
    void layOver(long at, ByteBuffer into) {
      long from = Math.max(at, offset);
      long to = Math.min(at + into.remaining(), end());
      if (from < to) {
        into.put(
            into.position() + (int) (from - at), bytes, (int) (from - offset), (int) (to - from));
      }
    }
  }

  /** A change of attributes, a size among them perhaps. */
  static final class Change extends Op {
    private final AttrChange change;

    Change(long number, AttrChange change) {
      super(number);
      this.change = change;
    }

    @Override
    CompletableFuture<Void> send(RemoteFile handle) {
      return handle.fsetattr(change);
    }

    @Override
    boolean isContent() {
      return change.sizeBytes() != null;
    }

    @Override
    long sizeAfter(long size) {
      return change.sizeBytes() == null ? size : change.sizeBytes();
    }

    @Override
    void layOver(long at, ByteBuffer into) {
      if (change.sizeBytes() != null) {
        long from = Math.max(0, change.sizeBytes() - at);
        for (long i = from; i < into.remaining(); i++) {
          into.put(into.position() + (int) i, (byte) 0);
        }
      }
    }
  }

  /** To the server's disk with all before it. */
  static final class Sync extends Op {
    Sync(long number) {
      super(number);
    }

    @Override
    CompletableFuture<Void> send(RemoteFile handle) {
      return handle.fsync();
    }
  }
}
