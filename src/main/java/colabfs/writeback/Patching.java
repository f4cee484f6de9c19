package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.remote.RemoteTree;
import java.time.Duration;

/**
 * Decides which whole contents are compared with what the runtime has, so that a helper there puts
 * them together from what is the same and what is sent, and how much is sent so at a time.
 *
 * <p>Threading: the uploader's thread.
 */
final class Patching {
  /** Smaller contents are handed over whole in one request, and longer ones go in parts. */
  private static final long LEAST_BYTES = Shipping.FILE_BYTES;

  private static final long MOST_BYTES = Pace.LARGE_FILE_BYTES;

  /** A content that is so many times longer or shorter than the old one is another one. */
  private static final long TIMES = 4;

  /**
   * What is sent for one file, in one request that shows no progress: 13 s of a link of 5 Mbit/s,
   * which is less than those bear who wait for changes to arrive. Small changes wait behind it.
   */
  private static final long MOST_LITERAL_BYTES = 8L << 20;

  /** The same for all files: what may be on its way to a helper; it is in memory until then. */
  private static final long MOST_RESERVED_BYTES = 16L << 20;

  /** Digests of so many blocks are 64 KiB: a hundredth of a second of a link of 50 Mbit/s. */
  private static final long BLOCKS = 4096;

  private static final int LEAST_BLOCK_BYTES = 4096;

  /** Who writes a file anew goes on within this, or has other things to do. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** The runtime sees what is written in so long, at the latest. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  final Journal journal;
  final Carrier carrier;
  final RemoteTree tree;
  private long reservedBytes;

  Patching(Journal journal, Carrier carrier, RemoteTree tree) {
    this.journal = journal;
    this.carrier = carrier;
    this.tree = tree;
  }

  /** Whether comparing may be worth it. The journal's lock is held. */
  boolean takes(Job job) {
    Layer layer = job.layer;
    FileAttrs old = Job.expected(job.base);
    return !job.maybeDone
        && tree.isUp()
        && layer != null
        && layer.isWhole()
        && layer.bytes() == layer.sizeBytes() // a hole stays one
        && layer.sizeBytes() >= LEAST_BYTES
        && layer.sizeBytes() <= MOST_BYTES
        && (job.change == null || job.change.owner() == null)
        && old != null
        && old.isRegular()
        && old.sizeBytes() <= TIMES * layer.sizeBytes()
        && layer.sizeBytes() <= TIMES * old.sizeBytes();
  }

  /**
   * Whether a large file is being written anew and is not yet as long as it was: its beginning
   * alone would cut the old one there, and all behind it would have to be sent. The journal's lock
   * is held.
   */
  boolean isBeingWritten(Job job, long nowNanos) {
    PendingFile file = job.file;
    Layer layer = job.layer;
    FileAttrs old = Job.expected(job.base);
    return file != null
        && file.handles > 0
        && layer != null
        && layer.isWhole()
        && old != null
        && old.isRegular()
        && old.sizeBytes() >= LEAST_BYTES
        && old.sizeBytes() <= MOST_BYTES
        && layer.sizeBytes() < old.sizeBytes()
        && nowNanos - job.changedNanos < PAUSE.toNanos()
        && nowNanos - job.sinceNanos < PATIENCE.toNanos()
        && tree.isUp();
  }

  /** Begins it. The journal's lock is held. */
  Patch take(Job job, PendingFile file, Layer layer, Shipment.OtherWay otherWay) {
    return new Patch(this, job, file, layer, otherWay);
  }

  /** A power of two. */
  static int blockBytes(long sizeBytes) {
    int blockBytes = LEAST_BLOCK_BYTES;
    while (sizeBytes > BLOCKS * blockBytes) {
      blockBytes *= 2;
    }
    return blockBytes;
  }

  /** So much may be new of a content; beyond that there is too little to be saved. */
  static long mostLiteralBytes(long sizeBytes) {
    return Math.min(MOST_LITERAL_BYTES, sizeBytes / 4 * 3);
  }

  /** False when too much is on its way. */
  boolean reserve(long bytes) {
    if (reservedBytes + bytes > MOST_RESERVED_BYTES) {
      return false;
    }
    reservedBytes += bytes;
    return true;
  }

  void release(long bytes) {
    reservedBytes -= bytes;
  }
}
