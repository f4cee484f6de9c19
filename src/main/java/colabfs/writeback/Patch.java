package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeChange.Done;
import colabfs.remote.TreeChange.Piece;
import colabfs.writeback.Comparison.Difference;
import colabfs.writeback.Upload.Found;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Brings one whole content to the runtime by what is new in it: asks for digests of the old one,
 * compares, and has a helper put the two together. Where that cannot be or saves too little, and
 * where the helper fails, it goes as it does without a helper.
 *
 * <p>Threading: the uploader's thread.
 */
final class Patch {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final Patching patching;
  private final Shipment shipment;
  private final Shipment.OtherWay otherWay;
  private final Job job;

  // As they were when it began.
  private final RemotePath path;
  private final RemotePath temporary;
  private final FileAttrs attrs;
  private final @Nullable AttrChange change;
  private final boolean linkedHere;
  private final @Nullable FileAttrs expected;
  private final WholeContent content;
  private final int blockBytes;

  private long reservedBytes;

  /** The journal's lock is held. */
  Patch(Patching patching, Job job, PendingFile file, Layer layer, Shipment.OtherWay otherWay) {
    this.patching = patching;
    this.otherWay = otherWay;
    this.job = job;
    this.shipment =
        new Shipment(patching.journal, patching.carrier, patching.tree, job, this::goOtherWay);
    this.path = job.path;
    this.temporary = Upload.temporary(patching.carrier, job);
    this.attrs = job.attrs == null ? file.attrs : job.attrs;
    this.change = job.change;
    this.linkedHere = file.names.size() > 1;
    this.expected = Job.expected(job.base);
    this.content = new WholeContent(patching.journal, layer.extents());
    this.blockBytes = Patching.blockBytes(content.sizeBytes());
  }

  CompletableFuture<Void> run() {
    return patching
        .tree
        .digests(path, blockBytes)
        .thenApply(old -> isBase(old.attrs()) ? old : null)
        .exceptionally(failure -> null)
        .thenComposeAsync(this::compare, patching.carrier)
        .whenCompleteAsync((done, failure) -> release(), patching.carrier);
  }

  private CompletableFuture<Void> compare(@Nullable BlockDigests old) {
    if (old == null) {
      return goOtherWay(null);
    }
    long most = Patching.mostLiteralBytes(content.sizeBytes());
    return new Comparison(content, old.digests(), blockBytes, most, patching.carrier)
        .run()
        .thenComposeAsync(difference -> judge(old.attrs(), difference), patching.carrier);
  }

  private CompletableFuture<Void> judge(FileAttrs old, @Nullable Difference difference) {
    if (difference == null || !patching.reserve(difference.literalBytes())) {
      return goOtherWay(null);
    }
    reservedBytes = difference.literalBytes();
    return shipment.run(() -> apply(old, difference));
  }

  private CompletableFuture<Void> goOtherWay(@Nullable FsException reason) {
    release();
    return otherWay.go(reason);
  }

  private void release() {
    patching.release(reservedBytes);
    reservedBytes = 0;
  }

  // What is there.

  /**
   * Whether it is what the change is based on. What was brought by SFTP has whole seconds there,
   * and here the times that programs gave it.
   */
  private boolean isBase(FileAttrs there) {
    FileAttrs base = expected;
    return base != null
        && Found.isSame(there, base)
        && (base.mtimeNanos() == there.mtimeNanos()
            || isInSeconds(base.mtimeNanos())
            || isInSeconds(there.mtimeNanos()));
  }

  private static boolean isInSeconds(long nanos) {
    return nanos % NANOS_PER_SECOND == 0;
  }

  /** A new file would part its names, which a helper knows better, or lose its owner. */
  private boolean isInPlace(FileAttrs there) {
    return linkedHere || there.links() > 1 || patching.carrier.ownsNot(there);
  }

  // What is made of it.

  private CompletableFuture<Done> apply(FileAttrs old, Difference difference) throws FsException {
    ByteBuffer literals = literals(difference);
    boolean inPlace = isInPlace(old);
    AttrChange wanted = change;
    Integer changed = wanted == null ? null : wanted.permissions();
    if (!inPlace) {
      patching.carrier.staging(job, temporary);
    }
    return patching.tree.apply(
        new TreeChange.Patch(
            path,
            inPlace ? null : temporary,
            old,
            difference.pieces(),
            literals,
            difference.sha256(),
            inPlace ? changed : Integer.valueOf(attrs.permissions()),
            new AttrChange.Times(attrs.atimeNanos(), attrs.mtimeNanos())));
  }

  private ByteBuffer literals(Difference difference) throws FsException {
    ByteBuffer literals = ByteBuffer.allocate((int) difference.literalBytes());
    long at = 0;
    for (Piece piece : difference.pieces()) {
      if (piece instanceof Piece.Literal literal) {
        int length = (int) literal.lengthBytes();
        content.read(at, literals.limit(literals.position() + length));
      }
      at += piece.lengthBytes();
    }
    return literals.flip();
  }
}
