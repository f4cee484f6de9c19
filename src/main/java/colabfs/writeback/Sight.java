package colabfs.writeback;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import colabfs.writeback.Names.Found;
import colabfs.writeback.Names.Name;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What there is, as programs here see it: what is pending laid over what the runtime has, or is
 * known to have.
 *
 * <p>Threading: any thread; no call waits.
 */
final class Sight {
  private final RemoteFs remote;
  private final Journal journal;
  private volatile KnownNames known = KnownNames.NOTHING;

  /** What there is under a name: null for nothing. */
  record Seen(@Nullable FileAttrs attrs) {}

  Sight(RemoteFs remote, Journal journal) {
    this.remote = remote;
    this.journal = journal;
  }

  /** From now on that is what is known without asking. */
  void use(KnownNames names) {
    known = names;
  }

  KnownNames known() {
    return known;
  }

  // Looking.

  CompletableFuture<FileAttrs> lstat(RemotePath path) {
    Found found = find(path);
    if (found instanceof Found.There there) {
      return CompletableFuture.completedFuture(there.attrs());
    }
    return found instanceof Found.Ask ask
        ? after(ask, () -> remote.lstat(path))
        : failed(missing(found), path);
  }

  CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    Map<String, Name> before;
    Found found;
    journal.lock.lock();
    try {
      found = journal.stateLocked().names().find(directory);
      before = journal.stateLocked().names().in(directory);
    } finally {
      journal.lock.unlock();
    }
    if (found instanceof Found.There there) {
      if (!there.attrs().isDirectory()) {
        return failed(Errno.ENOTDIR, directory);
      }
      if (there.name().isKnownWhole()) {
        return CompletableFuture.completedFuture(Names.lay(before, List.of()));
      }
      return after(new Found.Ask(there.after()), () -> remote.list(directory))
          .thenApply(listed -> laid(directory, before, listed));
    }
    return found instanceof Found.Ask ask
        ? after(ask, () -> remote.list(directory))
            .thenApply(listed -> laid(directory, before, listed))
        : failed(missing(found), directory);
  }

  /** What was pending when the runtime was asked, and what is pending when it has answered. */
  List<DirEntry> laid(RemotePath directory, Map<String, Name> before, List<DirEntry> listed) {
    Map<String, Name> now;
    String own;
    journal.lock.lock();
    try {
      now = journal.stateLocked().names().in(directory);
      own = Upload.temporaryPrefix(journal.id());
    } finally {
      journal.lock.unlock();
    }
    List<DirEntry> shown = listed.stream().filter(entry -> !entry.name().startsWith(own)).toList();
    return Names.lay(now, Names.lay(before, shown));
  }

  /** All that is pending, by directory. */
  Map<RemotePath, Map<String, Name>> pending() {
    journal.lock.lock();
    try {
      return journal.stateLocked().names().copy();
    } finally {
      journal.lock.unlock();
    }
  }

  /**
   * Ends when the runtime's word on that name is what programs here see, as far as is known now;
   * null when it is.
   */
  @Nullable CompletableFuture<Void> settled(RemotePath path) {
    journal.lock.lock();
    try {
      Job job = journal.stateLocked().names().pendingAt(path);
      return job == null ? null : job.end();
    } finally {
      journal.lock.unlock();
    }
  }

  /** Whether the name is of a temporary file of this journal's. */
  boolean isTemporary(RemotePath path) {
    journal.lock.lock();
    try {
      return !path.isRoot() && path.name().startsWith(Upload.temporaryPrefix(journal.id()));
    } finally {
      journal.lock.unlock();
    }
  }

  /** See {@link PendingNames#attrs}. */
  @Nullable FileAttrs attrs(RemotePath path) throws FsException {
    Found found = find(path);
    if (found instanceof Found.There there) {
      return there.attrs();
    }
    if (found instanceof Found.Ask) {
      return null;
    }
    throw failure(missing(found), path);
  }

  /** See {@link PendingNames#over}. */
  List<DirEntry> over(RemotePath directory, List<DirEntry> listing) {
    return laid(directory, Map.of(), listing);
  }

  CompletableFuture<String> readlink(RemotePath link) {
    Found found = find(link);
    if (found instanceof Found.There there) {
      String text = there.name().text();
      if (text != null) {
        return CompletableFuture.completedFuture(text);
      }
      return there.attrs().isSymlink()
          ? after(new Found.Ask(there.after()), () -> remote.readlink(link))
          : failed(Errno.EINVAL, link);
    }
    return found instanceof Found.Ask ask
        ? after(ask, () -> remote.readlink(link))
        : failed(missing(found), link);
  }

  CompletableFuture<FsStats> statvfs(RemotePath path) {
    Found found = find(path);
    RemotePath parent = path.parent();
    return found instanceof Found.Ask || parent == null ? remote.statvfs(path) : statvfs(parent);
  }

  Found find(RemotePath path) {
    journal.lock.lock();
    try {
      return journal.stateLocked().names().find(path);
    } finally {
      journal.lock.unlock();
    }
  }

  static Errno missing(Found found) {
    return found instanceof Found.NoDirectory ? Errno.ENOTDIR : Errno.ENOENT;
  }

  <T> CompletableFuture<T> after(Found.Ask ask, Supplier<CompletableFuture<T>> call) {
    Job job = ask.after();
    if (job == null) {
      return call.get();
    }
    CompletableFuture<Void> end;
    journal.lock.lock();
    try {
      end = job.isOver() ? CompletableFuture.completedFuture(null) : job.end();
    } finally {
      journal.lock.unlock();
    }
    return end.thenCompose(done -> call.get());
  }

  // What all have in common.

  /** What there is under a name, as programs here see it. */
  CompletableFuture<Seen> look(RemotePath path) {
    Found found = find(path);
    if (found instanceof Found.There there) {
      return CompletableFuture.completedFuture(new Seen(there.attrs()));
    }
    if (found instanceof Found.Absent) {
      return CompletableFuture.completedFuture(new Seen(null));
    }
    if (!(found instanceof Found.Ask ask)) {
      return failed(Errno.ENOTDIR, path);
    }
    try {
      FileAttrs attrs = known.known(path);
      if (attrs != null) {
        return CompletableFuture.completedFuture(new Seen(attrs));
      }
    } catch (FsException absent) {
      return CompletableFuture.completedFuture(new Seen(null));
    }
    CompletableFuture<FileAttrs> asked = after(ask, () -> remote.lstat(path));
    return (isAnythingKnown(path) ? known.whileUp(asked) : asked)
        .handle(
            (attrs, failure) -> {
              if (failure == null) {
                return new Seen(attrs);
              }
              FsException reason = Reopening.reason(failure);
              if (reason.errno() == Errno.ENOENT) {
                return new Seen(null);
              }
              return last(path, reason);
            });
  }

  /**
   * What a directory was known to be last, which is good enough to judge what is done in it: the
   * kernel has looked at it on the way, and asking again would cost every save a round trip.
   */
  private @Nullable FileAttrs directoryAsKnownLast(RemotePath path) {
    try {
      FileAttrs attrs = known.last(path);
      return attrs != null && attrs.isDirectory() ? attrs : null;
    } catch (FsException absent) {
      return null;
    }
  }

  private boolean isAnythingKnown(RemotePath path) {
    try {
      return known.last(path) != null;
    } catch (FsException absent) {
      return true;
    }
  }

  /** The runtime cannot be asked: what was known of it last. */
  private Seen last(RemotePath path, FsException reason) {
    if (reason.isConnectionFailure()) {
      try {
        FileAttrs attrs = known.last(path);
        if (attrs != null) {
          return new Seen(attrs);
        }
      } catch (FsException absent) {
        return new Seen(null);
      }
    }
    throw new CompletionException(reason);
  }

  CompletableFuture<Seen> parentOf(RemotePath path) {
    RemotePath parent = path.parent();
    if (parent == null) {
      return failed(Errno.EBUSY, path);
    }
    FileAttrs last = find(parent) instanceof Found.Ask ? directoryAsKnownLast(parent) : null;
    return last == null ? look(parent) : CompletableFuture.completedFuture(new Seen(last));
  }

  CompletableFuture<Boolean> isEmpty(RemotePath directory) {
    boolean knownHere = find(directory) instanceof Found.There there && there.name().isKnownWhole();
    List<DirEntry> listing = knownHere ? List.of() : known.knownListing(directory);
    if (listing == null) {
      return list(directory).thenApply(List::isEmpty);
    }
    Map<String, Name> now;
    journal.lock.lock();
    try {
      now = journal.stateLocked().names().in(directory);
    } finally {
      journal.lock.unlock();
    }
    return CompletableFuture.completedFuture(Names.lay(now, listing).isEmpty());
  }

  static FsException failure(Errno errno, RemotePath path) {
    return new FsException(errno, path + ": " + errno.text());
  }

  static <T> CompletableFuture<T> failed(Errno errno, RemotePath path) {
    return CompletableFuture.failedFuture(failure(errno, path));
  }
}
