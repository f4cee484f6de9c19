package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import colabfs.writeback.Job.Base;
import colabfs.writeback.Upload.Found;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Carries out one job that is not about content: what it changes is compared first with what it was
 * when a program here changed it. Threading: the uploader's thread.
 */
final class NameChange {
  private static final String REMOVED_THERE = ", and removed by somebody else";

  private final Carrier carrier;
  private final RemoteFs remote;
  private final Job job;

  // As they were when it began.
  private final int changes;
  private final RemotePath path;
  private final @Nullable RemotePath target;
  private final Base base;
  private final Base targetBase;
  private final @Nullable FileAttrs expected;
  private final @Nullable FileAttrs expectedTarget;
  private final @Nullable AttrChange change;
  private final boolean maybeDone;

  /** The journal's lock is held. */
  NameChange(Carrier carrier, RemoteFs remote, Job job) {
    this.carrier = carrier;
    this.remote = remote;
    this.job = job;
    this.changes = job.changes;
    this.path = job.path;
    this.target = job.target;
    this.base = job.base;
    this.targetBase = job.targetBase;
    this.expected = Job.expected(job.base);
    this.expectedTarget = Job.expected(job.targetBase);
    this.change = job.change;
    this.maybeDone = job.maybeDone;
  }

  CompletableFuture<Void> run() {
    return switch (job.kind) {
      case MKDIR -> carrier.now(job, changes, this::makeDirectory);
      case RMDIR -> removeDirectory();
      case UNLINK -> unlink();
      case RENAME -> rename(to());
      case SYMLINK -> carrier.now(job, changes, this::symlink);
      case LINK -> link(to());
      case SETATTR -> carrier.now(job, changes, this::setattr);
      case WRITE -> throw new IllegalArgumentException("content is carried by Upload");
    };
  }

  private RemotePath to() {
    RemotePath to = target;
    if (to == null) {
      throw new IllegalStateException(job.kind + " without a target");
    }
    return to;
  }

  /** A directory that is there already is as good. */
  private CompletableFuture<Void> makeDirectory() {
    FileAttrs attrs = job.attrs;
    int permissions = attrs == null ? 0 : attrs.permissions();
    CompletableFuture<Void> made = remote.mkdir(path, permissions);
    AttrChange.Times times = change == null ? null : change.times();
    AttrChange.Owner owner = change == null ? null : change.owner();
    var unused = remote.setattr(path, new AttrChange(null, permissions, owner, times));
    return made.exceptionallyComposeAsync(
            failure ->
                is(failure, Errno.EEXIST)
                    ? carrier.look(path).thenCompose(found -> asDirectory(found, failure))
                    : CompletableFuture.failedFuture(failure),
            carrier)
        .thenComposeAsync(done -> carrier.done(job, null), carrier);
  }

  private static CompletableFuture<Void> asDirectory(Found found, Throwable failure) {
    FileAttrs there = found.attrs();
    return there != null && there.isDirectory()
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.failedFuture(failure);
  }

  private CompletableFuture<Void> removeDirectory() {
    return carrier.atItsTurn(
        job,
        changes,
        () -> {
          return remote
              .rmdir(path)
              .thenComposeAsync(done -> carrier.done(job, null), carrier)
              .exceptionallyComposeAsync(this::notRemoved, carrier);
        });
  }

  private CompletableFuture<Void> notRemoved(Throwable failure) {
    if (is(failure, Errno.ENOENT)) {
      return carrier.done(job, null);
    }
    return is(failure, Errno.ENOTEMPTY)
        ? carrier.stays(job, path, "removed here, and somebody else put something into it")
        : CompletableFuture.failedFuture(failure);
  }

  private CompletableFuture<Void> unlink() {
    boolean sure = base instanceof Base.Ours || (maybeDone && expected == null);
    CompletableFuture<Found> found = sure ? carrier.notLooked() : carrier.look(path);
    return found.thenComposeAsync(
        seen -> {
          FileAttrs there = seen.attrs();
          if (!sure && there == null) {
            return carrier.done(job, null);
          }
          FileAttrs known = expected;
          if (!sure && (known == null || !seen.isSameAs(known))) {
            return carrier.stays(job, path, "removed here, and changed by somebody else");
          }
          return carrier.atItsTurn(job, changes, this::unlinkNow);
        },
        carrier);
  }

  private CompletableFuture<Void> unlinkNow() {
    return remote
        .unlink(path)
        .exceptionallyCompose(
            failure ->
                is(failure, Errno.ENOENT)
                    ? CompletableFuture.completedFuture(null)
                    : CompletableFuture.failedFuture(failure))
        .thenComposeAsync(done -> carrier.done(job, null), carrier);
  }

  private CompletableFuture<Void> rename(RemotePath to) {
    boolean free = targetBase instanceof Base.Nothing || isNothing(targetBase);
    CompletableFuture<Found> from = carrier.look(path);
    CompletableFuture<Found> over = carrier.look(to);
    return CompletableFuture.allOf(from, over)
        .thenComposeAsync(
            known ->
                from.join().attrs() == null
                    ? sourceGone(to, over.join())
                    : carrier.atItsTurn(job, changes, () -> renameNow(to, free, over.join())),
            carrier);
  }

  private boolean isNothing(Base of) {
    return of instanceof Base.Left && expectedTarget == null;
  }

  private CompletableFuture<Void> sourceGone(RemotePath to, Found target) {
    return maybeDone && target.attrs() != null
        ? carrier.done(job, target.attrs())
        : carrier.stays(job, path, "renamed here to " + to + REMOVED_THERE);
  }

  private CompletableFuture<Void> renameNow(RemotePath to, boolean free, Found over) {
    FileAttrs known = expectedTarget;
    boolean asExpected =
        free
            ? over.attrs() == null
            : targetBase instanceof Base.Ours
                || over.attrs() == null
                || (known != null && over.isSameAs(known));
    if (!asExpected) {
      return carrier.conflict(job, to, path, "renamed to here, and changed by somebody else");
    }
    CompletableFuture<Void> renamed = free ? remote.renameNew(path, to) : remote.rename(path, to);
    carrier.shown(job);
    return renamed
        .thenComposeAsync(done -> carrier.arrived(job, to), carrier)
        .exceptionallyComposeAsync(
            failure ->
                is(failure, Errno.EEXIST) && free
                    ? carrier.conflict(job, to, path, "renamed to here, and made by somebody else")
                    : CompletableFuture.failedFuture(failure),
            carrier);
  }

  private CompletableFuture<Void> symlink() {
    String text = String.valueOf(job.text);
    CompletableFuture<Void> made = remote.symlink(text, path);
    AttrChange wanted = change;
    if (wanted != null) {
      var unused = remote.setattr(path, wanted); // not every server can, and nothing is lost
    }
    return made.thenComposeAsync(done -> carrier.done(job, null), carrier)
        .exceptionallyComposeAsync(
            failure ->
                is(failure, Errno.EEXIST)
                    ? linkInTheWay(text)
                    : CompletableFuture.failedFuture(failure),
            carrier);
  }

  private CompletableFuture<Void> linkInTheWay(String text) {
    return remote
        .readlink(path)
        .exceptionallyCompose(
            failure ->
                Reopening.reason(failure).isConnectionFailure()
                    ? CompletableFuture.failedFuture(failure)
                    : CompletableFuture.completedFuture("")) // it is no link
        .thenComposeAsync(
            there ->
                there.equals(text)
                    ? carrier.done(job, null)
                    : carrier.stays(
                        job, path, "made here as a link to " + text + ", and by somebody else"),
            carrier);
  }

  private CompletableFuture<Void> link(RemotePath link) {
    return carrier.atItsTurn(
        job,
        changes,
        () -> {
          return remote
              .link(path, link)
              .exceptionallyCompose(
                  failure ->
                      is(failure, Errno.EEXIST) && maybeDone
                          ? CompletableFuture.completedFuture(null)
                          : CompletableFuture.failedFuture(failure))
              .thenComposeAsync(done -> carrier.arrived(job, link), carrier);
        });
  }

  private CompletableFuture<Void> setattr() {
    AttrChange wanted = change;
    if (wanted == null) {
      return carrier.done(job, null);
    }
    return remote
        .setattr(path, wanted)
        .thenComposeAsync(done -> carrier.arrived(job, path), carrier)
        .exceptionallyComposeAsync(
            failure ->
                is(failure, Errno.ENOENT)
                    ? carrier.stays(
                        job, path, "its mode, owner or times changed here" + REMOVED_THERE)
                    : CompletableFuture.failedFuture(failure),
            carrier);
  }

  private static boolean is(Throwable failure, Errno errno) {
    return Reopening.reason(failure).errno() == errno;
  }
}
