package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.remote.RemoteTree;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides which jobs a helper on the runtime carries out, each in one request, and how many it is
 * handed before it has answered. What it cannot do, did not want to do, or may have done already,
 * goes the way that there is without it. It is never told to replace or remove whatever it finds: a
 * request that it comes to late, when the link is cut and the change has gone another way, must
 * meet the very version that it was meant for.
 *
 * <p>Threading: the uploader's thread.
 */
final class Shipping {
  /** Longer contents are sent in pieces. */
  static final long FILE_BYTES = 1 << 20;

  /** A second of a link of 64 Mbit/s: enough for any round trip, and soon lost when it is cut. */
  private static final long IN_FLIGHT_BYTES = 8L << 20;

  static final int IN_FLIGHT = 512;
  private final Journal journal;
  private final Carrier carrier;
  private final RemoteTree tree;

  /** What was handed over, or is about to be, by number: bytes of content. */
  private final Map<Long, Long> inFlight = new HashMap<>();

  private long inFlightBytes;

  Shipping(Journal journal, Carrier carrier, RemoteTree tree) {
    this.journal = journal;
    this.carrier = carrier;
    this.tree = tree;
  }

  /** How many jobs it has. */
  int count() {
    return inFlight.size();
  }

  boolean hasRoom() {
    return inFlight.size() < IN_FLIGHT && inFlightBytes < IN_FLIGHT_BYTES;
  }

  /** Whether the helper is to carry it out. The journal's lock is held. */
  boolean takes(Job job) {
    return !job.maybeDone && tree.isUp() && isFor(job);
  }

  private boolean isFor(Job job) {
    return switch (job.kind) {
      case MKDIR, RMDIR, SYMLINK -> true;
      case SETATTR -> job.change != null;
      case UNLINK -> isFile(Job.expected(job.base));
      case RENAME -> isFree(job.targetBase);
      case WRITE -> bringsSmallFile(job);
      case LINK -> false;
    };
  }

  private boolean bringsSmallFile(Job job) {
    PendingFile file = job.file;
    Layer layer = job.layer;
    if (file == null || layer == null || !layer.isWhole()) {
      return false;
    }
    FileAttrs replaced = Job.expected(job.base);
    boolean appears =
        replaced == null
            ? !(job.base instanceof Job.Base.Ours)
            : isFile(replaced)
                && replaced.links() <= 1
                && file.names.size() == 1
                && !carrier.ownsNot(replaced);
    return appears && layer.sizeBytes() <= FILE_BYTES;
  }

  private static boolean isFile(@Nullable FileAttrs attrs) {
    return attrs != null && attrs.isRegular();
  }

  private static boolean isFree(Job.Base target) {
    return target instanceof Job.Base.Nothing
        || (target instanceof Job.Base.Left && Job.expected(target) == null);
  }

  /** Begins it, see {@link Shipment}. The journal's lock is held. */
  Shipment take(Job job, Shipment.OtherWay otherWay) {
    Layer layer = job.layer;
    long bytes = layer == null ? 0 : layer.sizeBytes();
    inFlight.put(job.number, bytes);
    inFlightBytes += bytes;
    job.byHelper = true;
    return new Shipment(journal, carrier, tree, job, otherWay);
  }

  /** It is over, or goes another way. */
  void end(Job job) {
    Long bytes = inFlight.remove(job.number);
    inFlightBytes -= bytes == null ? 0 : bytes;
  }
}
