package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteTree;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeChange.Base;
import colabfs.remote.TreeChange.Done;
import colabfs.writeback.Layer.Extent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Has a helper on the runtime carry out one job. Whatever it fails with is judged by the way that
 * there is without it, which looks at what is there; a job that the helper may have carried out, or
 * that it could not for an earlier one, is begun again.
 *
 * <p>Threading: the uploader's thread.
 */
final class Shipment {
  private final Journal journal;
  private final Carrier carrier;
  private final RemoteTree tree;
  private final Job job;
  private final OtherWay otherWay;

  // As they were when it began.
  private final int changes;
  private final RemotePath path;
  private final @Nullable RemotePath target;
  private final @Nullable FileAttrs attrs;
  private final @Nullable AttrChange change;
  private final String text;
  private final Base base;
  private final RemotePath temporary;
  private final List<Extent> extents;
  private final long sizeBytes;

  /** How the job is carried out without a helper. */
  @FunctionalInterface
  interface OtherWay {
    /**
     * Carries it out.
     *
     * @param reason why the helper did not, and has changed nothing; null when it was not asked
     */
    CompletableFuture<Void> go(@Nullable FsException reason);
  }

  /** How a helper is told. */
  @FunctionalInterface
  interface Telling {
    CompletableFuture<Done> tell() throws FsException;
  }

  /** The journal's lock is held. */
  Shipment(Journal journal, Carrier carrier, RemoteTree tree, Job job, OtherWay otherWay) {
    this.journal = journal;
    this.carrier = carrier;
    this.tree = tree;
    this.job = job;
    this.otherWay = otherWay;
    this.changes = job.changes;
    this.path = job.path;
    this.target = job.target;
    this.attrs = job.attrs;
    this.change = job.change;
    this.text = String.valueOf(job.text);
    this.base = baseOf(job);
    this.temporary = Upload.temporary(carrier, job);
    Layer layer = job.layer;
    this.extents = layer == null ? List.of() : layer.extents();
    this.sizeBytes = layer == null ? 0 : layer.sizeBytes();
  }

  private static Base baseOf(Job job) {
    FileAttrs there = Job.expected(job.base);
    return there == null
        ? new Base.Nothing()
        : new Base.Version(there.sizeBytes(), there.mtimeNanos());
  }

  CompletableFuture<Void> run() {
    return switch (job.kind) {
      case MKDIR, SYMLINK, SETATTR -> carrier.now(job, changes, () -> handOver(this::apply));
      default -> carrier.atItsTurn(job, changes, () -> handOver(this::apply));
    };
  }

  /** The same for content that shows at its turn, of which the helper is told in another way. */
  CompletableFuture<Void> run(Telling telling) {
    journal.lock.lock();
    try {
      job.byHelper = true;
    } finally {
      journal.lock.unlock();
    }
    return carrier.atItsTurn(job, changes, () -> handOver(telling));
  }

  /** The job is recorded as one that the runtime may have carried out. */
  private CompletableFuture<Void> handOver(Telling telling) {
    if (!mayGo()) {
      return CompletableFuture.failedFuture(new CancellationException());
    }
    if (!tree.isUp()) {
      return goesOtherWay(null);
    }
    CompletableFuture<Done> answer;
    try {
      answer = telling.tell();
    } catch (FsException e) {
      return CompletableFuture.failedFuture(e);
    }
    carrier.handed(job);
    return answer
        .thenApply(done -> new Outcome(done.attrs(), null))
        .exceptionally(failure -> new Outcome(null, Reopening.reason(failure)))
        .thenComposeAsync(this::answered, carrier);
  }

  /** What a helper answered: what is there now, or why it failed. */
  private record Outcome(@Nullable FileAttrs attrs, @Nullable FsException failure) {}

  private CompletableFuture<Void> answered(Outcome outcome) {
    FsException failure = outcome.failure();
    if (failure == null) {
      return afterEarlier().thenComposeAsync(all -> carrier.done(job, outcome.attrs()), carrier);
    }
    return isUnclear(failure) ? again() : goesOtherWay(failure);
  }

  /**
   * Ends when all that has to come first is over: what is in a new directory is known here until
   * the directory itself is there, and one that a helper found there already is looked at first.
   */
  private CompletableFuture<Void> afterEarlier() {
    journal.lock.lock();
    try {
      return CompletableFuture.allOf(
          job.waitsFor.stream().map(Job::end).toArray(CompletableFuture<?>[]::new));
    } finally {
      journal.lock.unlock();
    }
  }

  /** Whether the helper has, or is done with, all that has to come first. */
  private boolean mayGo() {
    journal.lock.lock();
    try {
      return job.mayFollow();
    } finally {
      journal.lock.unlock();
    }
  }

  /** The change may have been made. */
  private static boolean isUnclear(FsException reason) {
    return reason.isConnectionFailure() || reason.errno() == Errno.EIO;
  }

  private CompletableFuture<Void> goesOtherWay(@Nullable FsException reason) {
    boolean isFirst;
    journal.lock.lock();
    try {
      journal.stateLocked().jobs().notHanded(job);
      isFirst = job.waitsFor.isEmpty();
    } finally {
      journal.lock.unlock();
    }
    return isFirst ? otherWay.go(reason) : again();
  }

  private static CompletableFuture<Void> again() {
    return CompletableFuture.failedFuture(new CancellationException());
  }

  private CompletableFuture<Done> apply() throws FsException {
    return switch (job.kind) {
      case WRITE -> put();
      case MKDIR ->
          with(
              tree.apply(new TreeChange.MakeDirectory(path, permissions())),
              new AttrChange(null, permissions(), owner(), times()));
      case SYMLINK -> with(tree.apply(new TreeChange.Symlink(path, text)), change);
      case RMDIR -> tree.apply(new TreeChange.RemoveDirectory(path));
      case UNLINK -> tree.apply(new TreeChange.Unlink(path, base));
      case RENAME -> tree.apply(new TreeChange.Rename(path, to(), false));
      case SETATTR -> tree.apply(new TreeChange.SetAttributes(path, wanted()));
      case LINK -> throw new IllegalArgumentException("no helper makes second names");
    };
  }

  private CompletableFuture<Done> put() throws FsException {
    FileAttrs made = attrs;
    if (made == null) {
      throw new IllegalStateException("a file without attributes");
    }
    ByteBuffer content = content();
    carrier.staging(job, temporary);
    return tree.apply(
        new TreeChange.Put(
            path,
            temporary,
            content,
            base,
            made.permissions(),
            owner(),
            new AttrChange.Times(made.atimeNanos(), made.mtimeNanos())));
  }

  /** Zeroes where nothing was written. */
  private ByteBuffer content() throws FsException {
    ByteBuffer content = ByteBuffer.allocate((int) sizeBytes);
    for (Extent extent : extents) {
      ByteBuffer bytes = Upload.read(journal, List.of(extent));
      content.put((int) extent.offset(), bytes, 0, bytes.remaining());
    }
    return content;
  }

  /** What has just been made gets attributes, too, where that can be. */
  private CompletableFuture<Done> with(
      CompletableFuture<Done> made, @Nullable AttrChange attributes) {
    if (attributes == null) {
      return made;
    }
    return tree.apply(new TreeChange.SetAttributes(path, attributes))
        .handle((done, failure) -> failure == null ? null : Reopening.reason(failure))
        .thenCompose(
            failure ->
                failure != null && isUnclear(failure)
                    ? made.thenCompose(done -> CompletableFuture.failedFuture(failure))
                    : made);
  }

  private int permissions() {
    return attrs == null ? 0 : attrs.permissions();
  }

  private AttrChange.@Nullable Owner owner() {
    return change == null ? null : change.owner();
  }

  private AttrChange.@Nullable Times times() {
    return change == null ? null : change.times();
  }

  private AttrChange wanted() {
    return change == null ? new AttrChange(null, null, null, null) : change;
  }

  private RemotePath to() {
    RemotePath to = target;
    if (to == null) {
      throw new IllegalStateException(job.kind + " without a target");
    }
    return to;
  }
}
