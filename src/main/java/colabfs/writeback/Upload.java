package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.writeback.Layer.Extent;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Brings one file's content to the runtime. A whole content goes to a temporary file, which takes
 * the name when it is complete, with the mode and owner that the file has; where that would part
 * hard links or lose an owner, and where only parts changed, the file itself is written.
 *
 * <p>Threading: the uploader's thread.
 */
final class Upload {
  private static final int PRIVATE = 0600;

  private final Carrier carrier;
  private final RemoteFs remote;
  private final Job job;

  // As they were when the upload began; see Uploader for what joins meanwhile.
  private final int changes;
  private final RemotePath path;
  private final List<Extent> extents;
  private final long sizeBytes;
  private final long visibleBelow;
  private final boolean whole;
  private final FileAttrs attrs;
  private final @Nullable AttrChange change;
  private final boolean linkedHere;
  private final @Nullable FileAttrs expected;
  private final boolean unchecked;
  private final boolean maybeDone;
  private final RemotePath temporary;
  private final @Nullable Draft draft;

  /**
   * The journal's lock is held.
   *
   * @param draft where its content is going, or null to begin anew
   */
  Upload(
      Carrier carrier,
      RemoteFs remote,
      Job job,
      PendingFile file,
      Layer layer,
      @Nullable Draft draft) {
    this.carrier = carrier;
    this.remote = remote;
    this.job = job;
    this.changes = job.changes;
    this.path = job.path;
    this.extents = layer.extents();
    this.sizeBytes = layer.sizeBytes();
    this.visibleBelow = layer.visibleBelow();
    this.whole = layer.isWhole();
    this.attrs = job.attrs == null ? file.attrs : job.attrs;
    this.change = job.change;
    this.linkedHere = file.names.size() > 1;
    this.expected = Job.expected(job.base);
    this.unchecked = job.base instanceof Job.Base.Ours;
    this.maybeDone = job.maybeDone;
    this.draft = draft;
    this.temporary = draft == null ? temporary(carrier, job) : draft.temporary;
  }

  /** The name of a job's temporary file. */
  static RemotePath temporary(Carrier carrier, Job job) {
    RemotePath parent = job.path.parent();
    return (parent == null ? RemotePath.ROOT : parent)
        .child(temporaryPrefix(carrier.id()) + job.number);
  }

  /** What the names of our temporary files begin with. */
  static String temporaryPrefix(String id) {
    return ".colabfs-" + id + "-";
  }

  /** After a helper did not, for that reason: the file has several names, perhaps. */
  CompletableFuture<Void> runAfter(@Nullable FsException reason) {
    return reason != null && reason.errno() == Errno.EMLINK ? inPlace() : run();
  }

  CompletableFuture<Void> run() {
    FileAttrs there = expected;
    if (there == null) {
      return whole ? viaTemporary(null) : inPlace();
    }
    if (!whole || linkedHere || there.links() > 1 || carrier.ownsNot(there)) {
      return inPlace();
    }
    return there.links() == 1
        ? viaTemporary(there)
        : linksOf().thenComposeAsync(links -> links > 1 ? inPlace() : viaTemporary(there), carrier);
  }

  /** SFTP tells the number of links in listings only. */
  private CompletableFuture<Integer> linksOf() {
    RemotePath parent = path.parent();
    return parent == null
        ? CompletableFuture.completedFuture(1)
        : remote
            .list(parent)
            .thenApply(
                entries ->
                    entries.stream()
                        .filter(entry -> entry.name().equals(path.name()))
                        .map(DirEntry::attrs)
                        .map(FileAttrs::links)
                        .findFirst()
                        .orElse(1));
  }

  // By a temporary file.

  private CompletableFuture<Void> viaTemporary(@Nullable FileAttrs replaced) {
    CompletableFuture<Found> found =
        replaced != null || maybeDone ? carrier.look(path) : carrier.notLooked();
    return writeTemporary(replaced)
        .thenCombineAsync(found, (done, seen) -> seen, carrier)
        .thenComposeAsync(
            seen -> carrier.atItsTurn(job, changes, () -> show(replaced, seen)), carrier)
        .exceptionallyComposeAsync(this::fallBack, carrier);
  }

  /** Who may write the file but not make others beside it. */
  private CompletableFuture<Void> fallBack(Throwable failure) {
    FsException reason = Reopening.reason(failure);
    boolean mayTry = expected != null && reason.errno() == Errno.EACCES && !job.isOver();
    return mayTry ? inPlace() : CompletableFuture.failedFuture(failure);
  }

  private CompletableFuture<Void> writeTemporary(@Nullable FileAttrs replaced) {
    Draft begun = draft;
    if (begun != null) {
      return begun.bring(extents, sizeBytes, attributes(replaced));
    }
    carrier.staging(job, temporary);
    return remote
        .open(
            temporary,
            EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE),
            attrs.permissions() & PRIVATE)
        .thenComposeAsync(handle -> fill(handle, replaced), carrier);
  }

  private CompletableFuture<Void> fill(RemoteFile handle, @Nullable FileAttrs replaced) {
    boolean hasHoleAtEnd = extents.isEmpty() || lastEnd() < sizeBytes;
    Finish finish =
        new Finish(
            carrier,
            handle,
            hasHoleAtEnd ? AttrChange.size(sizeBytes) : null,
            attributes(replaced));
    return carrier
        .writeAll(handle, Pieces.of(extents), finish::send)
        .thenCompose(written -> finish.end())
        .whenComplete(
            (done, failure) -> {
              var unused = handle.close();
            });
  }

  private AttrChange attributes(@Nullable FileAttrs replaced) {
    return new AttrChange(null, attrs.permissions(), owner(replaced), times());
  }

  /** The owner that was asked for, else that of what is replaced, else whoever logs in. */
  private AttrChange.@Nullable Owner owner(@Nullable FileAttrs replaced) {
    AttrChange wanted = change;
    if (wanted != null && wanted.owner() != null) {
      return wanted.owner();
    }
    return replaced == null ? null : new AttrChange.Owner(replaced.uid(), replaced.gid());
  }

  private AttrChange.Times times() {
    return new AttrChange.Times(attrs.atimeNanos(), attrs.mtimeNanos());
  }

  private long lastEnd() {
    return extents.get(extents.size() - 1).end();
  }

  /** The content is there; now it takes the name, if that is still as it was. */
  private CompletableFuture<Void> show(@Nullable FileAttrs replaced, Found found) {
    if (draft != null) {
      draft.end();
    }
    // What looks like the old version and the new is brought once more: it may be the old one.
    boolean looksOld = replaced != null && found.isSameAs(replaced);
    if (maybeDone && !looksOld && found.attrs() != null && isOurs(found.attrs())) {
      carrier.remove(temporary); // the last try had arrived
      return carrier.done(job, found.attrs());
    }
    if (replaced == null && !unchecked) {
      CompletableFuture<Void> renamed = remote.renameNew(temporary, path);
      carrier.shown(job);
      return renamed
          .thenComposeAsync(done -> carrier.arrived(job, path), carrier)
          .exceptionallyComposeAsync(this::inTheWay, carrier);
    }
    if (replaced != null && !looksOld) {
      return conflict(found);
    }
    CompletableFuture<Void> renamed = remote.rename(temporary, path);
    carrier.shown(job);
    return renamed.thenComposeAsync(done -> carrier.arrived(job, path), carrier);
  }

  private CompletableFuture<Void> inTheWay(Throwable failure) {
    return Reopening.reason(failure).errno() == Errno.EEXIST
        ? carrier.look(path).thenComposeAsync(this::conflictUnlessOurs, carrier)
        : CompletableFuture.failedFuture(failure);
  }

  private CompletableFuture<Void> conflictUnlessOurs(Found found) {
    FileAttrs there = found.attrs();
    if (there != null && maybeDone && isOurs(there)) {
      carrier.remove(temporary);
      return carrier.done(job, there);
    }
    return conflict(found);
  }

  private CompletableFuture<Void> conflict(Found found) {
    String what =
        found.attrs() == null
            ? "changed here, and removed by somebody else"
            : "changed here, and by somebody else";
    return carrier.conflict(job, path, temporary, what);
  }

  /** What the runtime has is what this upload brings. */
  private boolean isOurs(FileAttrs there) {
    return Found.isSame(there, attrs.withSize(sizeBytes));
  }

  // In the file itself.

  private CompletableFuture<Void> inPlace() {
    return remote
        .open(path, EnumSet.of(OpenFlag.WRITE, OpenFlag.READ), 0)
        .exceptionallyComposeAsync(
            failure ->
                Reopening.reason(failure).errno() == Errno.EACCES
                    ? remote.open(path, EnumSet.of(OpenFlag.WRITE), 0)
                    : CompletableFuture.failedFuture(failure),
            carrier)
        .thenComposeAsync(
            handle ->
                handle
                    .fstat()
                    .thenComposeAsync(there -> judge(handle, there), carrier)
                    .whenComplete(
                        (done, failure) -> {
                          var unused = handle.close();
                        }),
            carrier)
        .exceptionallyComposeAsync(this::gone, carrier);
  }

  private CompletableFuture<Void> gone(Throwable failure) {
    if (Reopening.reason(failure).errno() != Errno.ENOENT || !whole || job.isOver()) {
      return CompletableFuture.failedFuture(failure);
    }
    return writeTemporary(null).thenComposeAsync(done -> conflict(new Found(null)), carrier);
  }

  private CompletableFuture<Void> judge(RemoteFile handle, FileAttrs there) {
    FileAttrs base = expected;
    boolean asExpected = unchecked || maybeDone || (base != null && Found.isSame(there, base));
    return asExpected
        ? carrier.atItsTurn(job, changes, () -> change(handle, there))
        : copy(handle, there).thenComposeAsync(done -> conflict(new Found(there)), carrier);
  }

  private CompletableFuture<Void> change(RemoteFile handle, FileAttrs there) {
    CompletableFuture<Void> cut =
        visibleBelow < there.sizeBytes() && !maybeDone
            ? handle.fsetattr(AttrChange.size(visibleBelow))
            : CompletableFuture.completedFuture(null);
    return cut.thenComposeAsync(
            done -> carrier.writeAll(handle, Pieces.of(extents), () -> {}), carrier)
        .thenComposeAsync(
            done ->
                extents.isEmpty() || lastEnd() < sizeBytes || maybeDone
                    ? handle.fsetattr(AttrChange.size(sizeBytes))
                    : CompletableFuture.completedFuture(null),
            carrier)
        .thenComposeAsync(done -> setAttrs(handle), carrier)
        .thenComposeAsync(done -> handle.fstat(), carrier)
        .thenComposeAsync(result -> carrier.done(job, result), carrier);
  }

  /** Mode and owner where they were changed; times where the login may. */
  private CompletableFuture<Void> setAttrs(RemoteFile handle) {
    AttrChange wanted = change;
    CompletableFuture<Void> set = CompletableFuture.completedFuture(null);
    if (wanted != null && (wanted.permissions() != null || wanted.owner() != null)) {
      set = handle.fsetattr(new AttrChange(null, wanted.permissions(), wanted.owner(), null));
    }
    CompletableFuture<Void> timed =
        handle
            .fsetattr(new AttrChange(null, null, null, times()))
            .exceptionallyCompose(
                failure ->
                    Reopening.reason(failure).isConnectionFailure()
                        ? CompletableFuture.failedFuture(failure)
                        : CompletableFuture.completedFuture(null)); // not the login's to set
    return set.thenCombine(timed, (one, other) -> null);
  }

  /**
   * This side's version beside somebody else's: theirs, with what was changed here laid over it.
   */
  private CompletableFuture<Void> copy(RemoteFile theirs, FileAttrs there) {
    carrier.staging(job, temporary);
    return remote
        .open(
            temporary,
            EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE),
            attrs.permissions() & PRIVATE)
        .thenComposeAsync(
            handle ->
                copyFrom(theirs, handle, 0, Math.min(visibleBelow, there.sizeBytes()))
                    .thenComposeAsync(done -> fill(handle, null), carrier),
            carrier);
  }

  private CompletableFuture<Void> copyFrom(
      RemoteFile theirs, RemoteFile into, long offset, long end) {
    if (offset >= end) {
      return CompletableFuture.completedFuture(null);
    }
    return theirs
        .read(offset, (int) Math.min(Pieces.PIECE_BYTES, end - offset))
        .thenComposeAsync(
            bytes -> {
              int count = bytes.remaining();
              return count == 0
                  ? CompletableFuture.<Void>completedFuture(null)
                  : into.write(offset, bytes)
                      .thenComposeAsync(
                          done -> copyFrom(theirs, into, offset + count, end), carrier);
            },
            carrier);
  }

  // Content.

  static ByteBuffer read(Journal journal, List<Extent> piece) throws FsException {
    Extent last = piece.get(piece.size() - 1);
    ByteBuffer bytes = ByteBuffer.allocate((int) (last.end() - piece.get(0).offset()));
    for (Extent extent : piece) {
      ByteBuffer into = bytes.slice(bytes.position(), extent.length());
      if (!journal.read(extent.position(), into)) {
        throw new FsException(Errno.EIO, "given up while it was sent");
      }
      bytes.position(bytes.position() + extent.length());
    }
    return bytes.flip();
  }

  /** What the runtime has under a name; null for nothing. */
  record Found(@Nullable FileAttrs attrs) {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    boolean isSameAs(FileAttrs expected) {
      return attrs != null && isSame(attrs, expected);
    }

    /** One content, as far as SFTP can tell: length and seconds of the last change. */
    static boolean isSame(FileAttrs one, FileAttrs other) {
      if (one.type() != other.type()) {
        return false;
      }
      return !one.isRegular()
          || (one.sizeBytes() == other.sizeBytes()
              && seconds(one.mtimeNanos()) == seconds(other.mtimeNanos()));
    }

    private static long seconds(long nanos) {
      return Math.floorDiv(nanos, NANOS_PER_SECOND);
    }
  }
}
