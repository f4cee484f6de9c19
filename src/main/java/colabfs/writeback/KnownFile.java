package colabfs.writeback;

import colabfs.core.FileAttrs;
import org.jspecify.annotations.Nullable;

/**
 * What the file on the server should look like after our own changes: tells, after a lost
 * connection, whether somebody else has changed it.
 *
 * <p>The size is known as soon as the server has told it once or a cut was acknowledged, and
 * follows what is acknowledged. The time of change is known only from an answer since which nothing
 * was sent, as our own writes move it to the server's clock. So a foreign change is seen by its
 * size at any time, and by its time while we had nothing under way; not when it keeps the size and
 * falls among our own writes, or into the same second (SFTP tells whole seconds).
 *
 * <p>Threading: guarded by the lock of the {@link WriteThrough} that it belongs to.
 */
final class KnownFile {
  private static final long UNKNOWN = -1;

  private long sizeBytes = UNKNOWN;

  /** The highest end of an acknowledged write since the server was last asked. */
  private long acknowledgedEnd;

  private @Nullable Long mtimeNanos;
  private long sent;
  private long cutsSent;
  private long cutsSentWhenAsked;
  private boolean askedSinceSent;

  /** Whether asking the server would tell something new. */
  boolean isWorthAsking() {
    return !askedSinceSent;
  }

  /**
   * The server is being asked for the attributes, while nothing is in flight.
   *
   * @return to be given with the answer
   */
  long asked() {
    askedSinceSent = true;
    acknowledgedEnd = 0;
    cutsSentWhenAsked = cutsSent;
    return sent;
  }

  void answered(long askedAt, FileAttrs attrs) {
    if (cutsSent != cutsSentWhenAsked) {
      return;
    }
    sizeBytes = Math.max(attrs.sizeBytes(), acknowledgedEnd);
    if (sent == askedAt) {
      mtimeNanos = attrs.mtimeNanos();
    }
  }

  /** What was known before an op was sent. */
  record Before(boolean everSent, @Nullable Long mtimeNanos) {}

  /** An op is about to be sent. */
  Before sent(Op op) {
    Before before = new Before(op.everSent, mtimeNanos);
    op.everSent = true;
    sent++;
    askedSinceSent = false;
    mtimeNanos = null;
    if (isCut(op)) {
      cutsSent++;
    }
    return before;
  }

  /** The op never left, as the connection was known to be gone: the file is as it was. */
  void neverLeft(Op op, Before before) {
    op.everSent = before.everSent();
    mtimeNanos = before.mtimeNanos();
  }

  void acknowledged(Op op) {
    if (isCut(op)) {
      sizeBytes = op.sizeAfter(0);
      return;
    }
    acknowledgedEnd = op.sizeAfter(acknowledgedEnd);
    if (sizeBytes != UNKNOWN) {
      sizeBytes = op.sizeAfter(sizeBytes);
    }
  }

  /** Some ops were given up of which the server may have carried out a part. */
  void unclear() {
    sizeBytes = UNKNOWN;
    acknowledgedEnd = 0;
    mtimeNanos = null;
    cutsSent++;
    askedSinceSent = false;
  }

  /**
   * Takes the file as it was found, while nothing is in flight: null when it can be as we left it,
   * else why not.
   */
  @Nullable String found(FileAttrs attrs, Iterable<Op> unacknowledged) {
    if (!attrs.isRegular()) {
      return "it is no regular file any more";
    }
    Long expected = mtimeNanos;
    if (expected != null && expected != attrs.mtimeNanos()) {
      return "somebody else has changed it";
    }
    long lowest = sizeBytes == UNKNOWN ? acknowledgedEnd : sizeBytes;
    long highest = sizeBytes == UNKNOWN ? Long.MAX_VALUE : sizeBytes;
    for (Op op : unacknowledged) {
      if (op.everSent) {
        lowest = Math.min(lowest, op.sizeAfter(lowest));
        highest = Math.max(highest, op.sizeAfter(highest));
      }
    }
    if (attrs.sizeBytes() < lowest || attrs.sizeBytes() > highest) {
      return "somebody else has changed its size to " + attrs.sizeBytes();
    }
    sizeBytes = attrs.sizeBytes();
    acknowledgedEnd = 0;
    return null;
  }

  private static boolean isCut(Op op) {
    return op instanceof Op.Change && op.isContent();
  }
}
