package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.writeback.Layer.Extent;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A temporary file on the runtime with what it has of one new file's content. It is begun, and the
 * first of the content sent, while that is still being written here; and it outlives changes: what
 * was sent stays, what is new follows.
 *
 * <p>Threading: the uploader's thread.
 */
final class Draft {
  /**
   * So much is sent before the rest is over: a tenth of a second at 50 Mbit/s, which is the rest.
   * It is for nothing when the file is removed a moment later, or takes the place of another that
   * it can be compared with.
   */
  static final int AHEAD_BYTES = 512 * 1024;

  private static final int PRIVATE = 0600;

  final RemotePath temporary;

  /** Of whose job it is; another's when a rename has put that in its place. */
  Job job;

  /** Under which it is in the journal. */
  final long number;

  private final Layer layer;
  private final Carrier carrier;
  private final RemoteFs remote;
  private final long leastAheadBytes;
  private final Runnable moved;

  /** What was sent, by its place in the journal. */
  private final Layer sent = new Layer(0);

  private CompletableFuture<RemoteFile> opened =
      CompletableFuture.failedFuture(new CancellationException());
  private @Nullable RemoteFile file;
  private CompletableFuture<Void> arrived = CompletableFuture.completedFuture(null);
  private int underWay;
  private boolean begun;
  private boolean ended;

  /**
   * @param leastAheadBytes less is not sent ahead
   * @param moved called when something was answered
   */
  Draft(
      Carrier carrier,
      RemoteFs remote,
      Job job,
      Layer layer,
      long leastAheadBytes,
      Runnable moved) {
    this.leastAheadBytes = leastAheadBytes;
    this.carrier = carrier;
    this.remote = remote;
    this.job = job;
    this.number = job.number;
    this.layer = layer;
    this.moved = moved;
    this.temporary = Upload.temporary(carrier, job);
  }

  Layer layer() {
    return layer;
  }

  /** Nothing more can be done with it: something failed, or it was given its name. */
  boolean isEnded() {
    return ended;
  }

  /** Nothing of it is on its way. */
  boolean isQuiet() {
    return underWay == 0;
  }

  /** Makes the file, once. */
  void begin() {
    if (begun) {
      return;
    }
    begun = true;
    try {
      carrier.staging(job, temporary);
    } catch (CancellationException e) {
      ended = true;
      return;
    }
    opened =
        remote.open(
            temporary, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE), PRIVATE);
    underWay++;
    var unused = opened.whenCompleteAsync(this::opened, carrier);
  }

  private void opened(@Nullable RemoteFile made, @Nullable Throwable failure) {
    underWay--;
    file = made;
    if (made == null || ended) {
      end();
    }
    moved.run();
  }

  /** What is to be sent while its file rests; null for nothing. The journal's lock is held. */
  @Nullable Runnable ahead() {
    RemoteFile into = file;
    long room = AHEAD_BYTES - sent.bytes();
    if (into == null || ended || room <= 0) {
      return null;
    }
    long end = sent.sizeBytes();
    List<Extent> next = new ArrayList<>();
    for (Extent extent : layer.within(end, end + room)) {
      if (extent.offset() == end) {
        next.add(extent);
        end = extent.end();
      }
    }
    return end - sent.sizeBytes() < leastAheadBytes ? null : () -> send(into, next, () -> {});
  }

  /**
   * Makes it what the file is now: ends when all of that has arrived.
   *
   * @param extents without a hole
   */
  CompletableFuture<Void> bring(List<Extent> extents, long sizeBytes, AttrChange attributes) {
    begin();
    return opened.thenComposeAsync(
        into -> {
          List<Extent> missing = missing(extents);
          // A server may work out of order: what is written anew waits for what it lies over.
          boolean over = missing.stream().anyMatch(this::isOverSent);
          return (over ? arrived : CompletableFuture.<Void>completedFuture(null))
              .thenComposeAsync(ready -> finish(into, missing, sizeBytes, attributes), carrier);
        },
        carrier);
  }

  private CompletableFuture<Void> finish(
      RemoteFile into, List<Extent> missing, long sizeBytes, AttrChange attributes) {
    AttrChange length = sent.sizeBytes() > sizeBytes ? AttrChange.size(sizeBytes) : null;
    sent.cut(Math.min(sent.sizeBytes(), sizeBytes));
    Finish finish = new Finish(carrier, into, length, attributes);
    send(into, missing, finish::send);
    return arrived.thenCompose(done -> finish.end());
  }

  private boolean isOverSent(Extent extent) {
    return !sent.within(extent.offset(), extent.end()).isEmpty();
  }

  /** What of these is not there as it is now. */
  private List<Extent> missing(List<Extent> wanted) {
    List<Extent> missing = new ArrayList<>();
    for (Extent extent : wanted) {
      long at = extent.offset();
      for (Extent there : sent.within(extent.offset(), extent.end())) {
        if (there.position() - there.offset() == extent.position() - extent.offset()) {
          addPart(missing, extent, at, there.offset());
          at = there.end();
        }
      }
      addPart(missing, extent, at, extent.end());
    }
    return missing;
  }

  private static void addPart(List<Extent> parts, Extent of, long start, long end) {
    if (start < end) {
      long position = of.position() + (start - of.offset());
      parts.add(new Extent(start, (int) (end - start), position));
    }
  }

  private void send(RemoteFile into, List<Extent> extents, Runnable behind) {
    for (Extent extent : extents) {
      sent.write(extent.offset(), extent.length(), extent.position());
    }
    underWay++;
    CompletableFuture<Void> answered = carrier.writeAll(into, Pieces.of(extents), behind);
    arrived = CompletableFuture.allOf(arrived, answered);
    var unused =
        answered.whenCompleteAsync(
            (done, failure) -> {
              underWay--;
              if (failure != null) {
                end();
              }
              moved.run();
            },
            carrier);
  }

  /** It is to have its name, or is needed no more: gives the handle back. */
  void end() {
    ended = true;
    RemoteFile open = file;
    file = null;
    if (open != null) {
      var unused = open.close();
    }
  }
}
