package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.writeback.Names.Found;
import colabfs.writeback.Names.Name;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A runtime's files with what is pending laid over them: changes are judged here, recorded in the
 * journal and answered; looks are answered from the journal where it knows, and by the runtime
 * where it does not.
 *
 * <p>Threading: any thread; no call waits, but for the local disk.
 */
final class JournaledFs implements RemoteFs {
  private static final int SET_GROUP_ID = 02000;
  private static final int LINK_PERMISSIONS = 0777;

  private final RemoteFs remote;
  private final Journal journal;
  private final Judgement judgement;
  private final FreeSpace space;
  private final RemoteIdentity identity;
  private final Executor waiting;
  private final Pace pace;
  private final WriteBack.Fsync fsync;
  private final Runnable recorded;
  private volatile KnownNames known = KnownNames.NOTHING;

  /** What there is under a name: null for nothing. */
  private record Seen(@Nullable FileAttrs attrs) {}

  /** A change that was accepted, under the journal's lock. */
  interface Step {
    void run() throws FsException;
  }

  /** The same, of a file that is opened. */
  private interface Opening {
    RemoteFile open() throws FsException;
  }

  /**
   * @param waiting runs what waits for the local disk
   * @param recorded told after each change
   */
  JournaledFs(
      RemoteFs remote,
      Journal journal,
      RemoteIdentity identity,
      Executor waiting,
      Pace pace,
      WriteBack.Fsync fsync,
      Runnable recorded) {
    this.remote = remote;
    this.journal = journal;
    this.identity = identity;
    this.judgement = new Judgement(identity);
    this.space = new FreeSpace(remote);
    this.waiting = waiting;
    this.pace = pace;
    this.fsync = fsync;
    this.recorded = recorded;
  }

  /** From now on that is what is known without asking. */
  void use(KnownNames names) {
    known = names;
  }

  KnownNames known() {
    return known;
  }

  // Looking.

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    Found found = find(path);
    if (found instanceof Found.There there) {
      return Plain.of(CompletableFuture.completedFuture(there.attrs()));
    }
    return Plain.of(
        found instanceof Found.Ask ask
            ? after(ask, () -> remote.lstat(path))
            : failed(missing(found), path));
  }

  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
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
        return Plain.of(failed(Errno.ENOTDIR, directory));
      }
      if (there.name().isKnownWhole()) {
        return Plain.of(CompletableFuture.completedFuture(Names.lay(before, List.of())));
      }
      return Plain.of(
          after(new Found.Ask(there.name().moved()), () -> remote.list(directory))
              .thenApply(listed -> laid(directory, before, listed)));
    }
    return Plain.of(
        found instanceof Found.Ask ask
            ? after(ask, () -> remote.list(directory))
                .thenApply(listed -> laid(directory, before, listed))
            : failed(missing(found), directory));
  }

  /** What was pending when the runtime was asked, and what is pending when it has answered. */
  private List<DirEntry> laid(
      RemotePath directory, Map<String, Name> before, List<DirEntry> listed) {
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

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    Found found = find(link);
    if (found instanceof Found.There there) {
      String text = there.name().text();
      if (text != null) {
        return Plain.of(CompletableFuture.completedFuture(text));
      }
      return Plain.of(
          there.attrs().isSymlink()
              ? after(new Found.Ask(there.name().moved()), () -> remote.readlink(link))
              : failed(Errno.EINVAL, link));
    }
    return Plain.of(
        found instanceof Found.Ask ask
            ? after(ask, () -> remote.readlink(link))
            : failed(missing(found), link));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    Found found = find(path);
    RemotePath parent = path.parent();
    return Plain.of(
        found instanceof Found.Ask || parent == null ? remote.statvfs(path) : statvfs(parent));
  }

  private Found find(RemotePath path) {
    journal.lock.lock();
    try {
      return journal.stateLocked().names().find(path);
    } finally {
      journal.lock.unlock();
    }
  }

  private static Errno missing(Found found) {
    return found instanceof Found.NoDirectory ? Errno.ENOTDIR : Errno.ENOENT;
  }

  private <T> CompletableFuture<T> after(Found.Ask ask, Supplier<CompletableFuture<T>> call) {
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

  // Files.

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    if (!flags.contains(OpenFlag.WRITE)) {
      return Plain.of(openToRead(path));
    }
    if (!flags.contains(OpenFlag.CREATE)) {
      return Plain.of(look(path).thenCompose(seen -> openToWrite(path, seen, flags)));
    }
    return Plain.of(
        look(path)
            .thenCompose(
                seen -> {
                  if (seen.attrs() == null) {
                    return parentOf(path).thenCompose(parent -> create(path, parent, permissions));
                  }
                  return flags.contains(OpenFlag.EXCLUSIVE)
                      ? failed(Errno.EEXIST, path)
                      : openToWrite(path, seen, flags);
                }));
  }

  private CompletableFuture<RemoteFile> openToRead(RemotePath path) {
    journal.lock.lock();
    try {
      PendingState state = journal.stateLocked();
      Found found = state.names().find(path);
      if (found instanceof Found.There there) {
        FileAttrs attrs = there.attrs();
        if (!attrs.isRegular()) {
          return failed(attrs.isDirectory() ? Errno.EISDIR : Errno.ELOOP, path);
        }
        PendingFile file = there.name().file();
        return file == null
            ? after(new Found.Ask(there.name().moved()), () -> openClean(path))
            : CompletableFuture.completedFuture(handleLocked(file, null, false));
      }
      if (!(found instanceof Found.Ask ask)) {
        return failed(missing(found), path);
      }
      return after(ask, () -> openClean(path));
    } finally {
      journal.lock.unlock();
    }
  }

  private CompletableFuture<RemoteFile> openClean(RemotePath path) {
    return remote
        .open(path, EnumSet.of(OpenFlag.READ), 0)
        .thenApply(
            opened -> {
              journal.lock.lock();
              try {
                PendingState state = journal.stateLocked();
                PendingFile file = state.at(path);
                if (file == null) {
                  file = state.newFile(state.nextFile(), path, unseen(), null);
                }
                return handleLocked(file, CompletableFuture.completedFuture(opened), false);
              } finally {
                journal.lock.unlock();
              }
            });
  }

  /** Attributes of a file that is only read, which nobody asks for. */
  private FileAttrs unseen() {
    return new FileAttrs(FileType.REGULAR, 0, identity.uid(), identity.gid(), 0, 0, 0, 0, 0, 0);
  }

  private CompletableFuture<RemoteFile> openToWrite(
      RemotePath path, Seen seen, Set<OpenFlag> flags) {
    return opened(
        () -> {
          FileAttrs attrs = seen.attrs();
          if (attrs == null) {
            throw failure(Errno.ENOENT, path);
          }
          judgement.open(path, attrs, flags.contains(OpenFlag.READ));
          PendingState state = journal.stateLocked();
          PendingFile file = state.at(path);
          if (file == null) {
            file = state.newFile(state.nextFile(), path, attrs, attrs);
          } else if (file.last == null && file.layers.isEmpty()) {
            file.attrs = attrs;
            file.remote = attrs;
          }
          RemoteFile handle = handleLocked(file, null, true);
          if (flags.contains(OpenFlag.TRUNCATE)) {
            prepareLocked(file);
            journal.recordLocked(new Event.Cut(file.number, 0));
          }
          return handle;
        });
  }

  private CompletableFuture<RemoteFile> create(RemotePath path, Seen parent, int permissions) {
    return opened(
        () -> {
          FileAttrs attrs = made(path, parent, FileType.REGULAR, permissions);
          PendingState state = journal.stateLocked();
          long number = state.nextFile();
          journal.recordLocked(new Event.Created(number, path, attrs));
          PendingFile file = state.pending(number);
          if (file == null) {
            throw failure(Errno.EIO, path);
          }
          return handleLocked(file, null, true);
        });
  }

  private RemoteFile handleLocked(
      PendingFile file, @Nullable CompletableFuture<RemoteFile> opened, boolean writable) {
    journal.stateLocked().handleOpened(file);
    return new JournaledFile(this, journal, remote, file, opened, writable);
  }

  /** A change through an open file. */
  CompletableFuture<Void> change(PendingFile file, Step step) {
    return accept(
        () -> {
          if (file.discarded) {
            throw new FsException(
                Errno.ESTALE,
                "what was pending of this file was given up with 'colabfs pending discard'; open it again");
          }
          prepareLocked(file);
          step.run();
        });
  }

  /** From here on the journal knows of the file. */
  private void prepareLocked(PendingFile file) throws FsException {
    RemotePath path = file.path();
    if (path != null && journal.stateLocked().pending(file.number) == null) {
      FileAttrs runtime = file.remote;
      journal.recordLocked(
          new Event.Opened(file.number, path, runtime == null ? file.attrs : runtime));
    }
  }

  void checkSpaceLocked(int lengthBytes) throws FsException {
    space.check(journal.stateLocked().jobs().bytes(), lengthBytes);
  }

  /** When a write that was recorded may be answered. */
  CompletableFuture<Void> pace(PendingFile file, int lengthBytes) {
    journal.lock.lock();
    try {
      Job last = file.last;
      if (last == null || last.held) {
        return CompletableFuture.completedFuture(null);
      }
      long waitingBytes = file.layers.stream().mapToLong(Layer::bytes).sum();
      return pace.answer(file.attrs.sizeBytes(), waitingBytes, lengthBytes);
    } finally {
      journal.lock.unlock();
    }
  }

  /** Waits for the local disk, or the runtime's; tells, once, what the runtime refused. */
  CompletableFuture<Void> fsync(PendingFile file) {
    CompletableFuture<Void> forced =
        CompletableFuture.runAsync(
            () -> {
              try {
                journal.force();
                tell(file);
              } catch (FsException e) {
                throw new CompletionException(e);
              }
            },
            waiting);
    return fsync == WriteBack.Fsync.LOCAL
        ? forced
        : forced.thenCompose(safe -> arrival(file)).thenCompose(there -> forceThere(file));
  }

  /** Ends when the runtime has the file as it is now; fails when it is refused. */
  private CompletableFuture<Void> arrival(PendingFile file) {
    CompletableFuture<Void> end;
    journal.lock.lock();
    try {
      Job last = file.last;
      if (last == null) {
        return CompletableFuture.completedFuture(null);
      }
      if (!last.sealed) {
        journal.noteLocked(new Event.Sealed(last.number));
      }
      end = last.end();
    } finally {
      journal.lock.unlock();
    }
    recorded.run();
    return end.thenCompose(
        over -> {
          try {
            tell(file);
            return isHeld(file) ? failed(Errno.EIO, file.remoteAt) : arrival(file);
          } catch (FsException e) {
            return CompletableFuture.failedFuture(e);
          }
        });
  }

  private boolean isHeld(PendingFile file) {
    journal.lock.lock();
    try {
      return file.last != null && file.last.held;
    } finally {
      journal.lock.unlock();
    }
  }

  private CompletableFuture<Void> forceThere(PendingFile file) {
    return file.path() == null
        ? CompletableFuture.completedFuture(null)
        : remote
            .open(file.remoteAt, EnumSet.of(OpenFlag.READ), 0)
            .thenCompose(
                there -> there.fsync().whenComplete((done, failure) -> closeQuietly(there)));
  }

  private static void closeQuietly(RemoteFile file) {
    var unused = file.close();
  }

  void tell(PendingFile file) throws FsException {
    Job refused;
    journal.lock.lock();
    try {
      refused = file.untold;
      file.untold = null;
    } finally {
      journal.lock.unlock();
    }
    if (refused != null && refused.error != null) {
      throw new FsException(refused.error, String.valueOf(refused.reason));
    }
  }

  // Names.

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return Plain.of(
        makeIn(
            directory,
            parent -> {
              FileAttrs attrs = made(directory, parent, FileType.DIRECTORY, permissions);
              journal.recordLocked(new Event.MadeDirectory(directory, attrs));
            }));
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    return Plain.of(
        makeIn(
            link,
            parent -> {
              FileAttrs attrs = made(link, parent, FileType.SYMLINK, LINK_PERMISSIONS);
              int length = target.getBytes(StandardCharsets.UTF_8).length;
              journal.recordLocked(new Event.MadeSymlink(link, target, attrs.withSize(length)));
            }));
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return Plain.of(
        look(existing)
            .thenCompose(
                seen ->
                    makeIn(
                        link,
                        parent -> {
                          FileAttrs attrs = seen.attrs();
                          if (attrs == null) {
                            throw failure(Errno.ENOENT, existing);
                          }
                          judgement.link(existing, attrs);
                          var unused = made(link, parent, FileType.REGULAR, 0);
                          journal.recordLocked(new Event.Linked(existing, link, attrs));
                        })));
  }

  private interface Making {
    void in(Seen parent) throws FsException;
  }

  private CompletableFuture<Void> makeIn(RemotePath path, Making making) {
    CompletableFuture<Seen> parent = parentOf(path);
    CompletableFuture<Seen> seen = look(path);
    return CompletableFuture.allOf(parent, seen)
        .thenCompose(
            known ->
                accept(
                    () -> {
                      if (seen.join().attrs() != null) {
                        throw failure(Errno.EEXIST, path);
                      }
                      making.in(parent.join());
                    }));
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    CompletableFuture<Seen> parent = parentOf(file);
    CompletableFuture<Seen> seen = look(file);
    return Plain.of(
        CompletableFuture.allOf(parent, seen)
            .thenCompose(
                known ->
                    accept(
                        () -> {
                          FileAttrs attrs =
                              judgement.remove(file, seen.join().attrs(), parent.join().attrs());
                          if (attrs.isDirectory()) {
                            throw failure(Errno.EISDIR, file);
                          }
                          journal.recordLocked(new Event.Removed(file, attrs));
                        })));
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    CompletableFuture<Seen> parent = parentOf(directory);
    CompletableFuture<Seen> seen = look(directory);
    CompletableFuture<Boolean> empty =
        seen.thenCompose(
            found -> {
              FileAttrs attrs = found.attrs();
              return attrs != null && attrs.isDirectory()
                  ? isEmpty(directory)
                  : failed(attrs == null ? Errno.ENOENT : Errno.ENOTDIR, directory);
            });
    return Plain.of(
        CompletableFuture.allOf(parent, empty)
            .thenCompose(
                known ->
                    accept(
                        () -> {
                          var unused =
                              judgement.remove(
                                  directory, seen.join().attrs(), parent.join().attrs());
                          if (!empty.join()) {
                            throw failure(Errno.ENOTEMPTY, directory);
                          }
                          journal.recordLocked(new Event.RemovedDirectory(directory));
                        })));
  }

  private CompletableFuture<Boolean> isEmpty(RemotePath directory) {
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

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    return Plain.of(rename(from, to, true));
  }

  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    return Plain.of(rename(from, to, false));
  }

  private CompletableFuture<Void> rename(RemotePath from, RemotePath to, boolean mayReplace) {
    CompletableFuture<Seen> fromParent = parentOf(from);
    CompletableFuture<Seen> toParent = parentOf(to);
    CompletableFuture<Seen> source = look(from);
    CompletableFuture<Seen> target = look(to);
    CompletableFuture<Boolean> room =
        target.thenCompose(
            seen ->
                seen.attrs() != null && seen.attrs().isDirectory()
                    ? isEmpty(to)
                    : CompletableFuture.completedFuture(true));
    return CompletableFuture.allOf(fromParent, toParent, source, room)
        .thenCompose(
            known ->
                accept(
                    () -> {
                      FileAttrs over = target.join().attrs();
                      if (over != null && !mayReplace) {
                        throw failure(Errno.EEXIST, to);
                      }
                      FileAttrs attrs =
                          judgement.remove(from, source.join().attrs(), fromParent.join().attrs());
                      if (from.equals(to)) {
                        return;
                      }
                      judgement.moveTo(from, attrs, to, over, toParent.join().attrs());
                      if (!room.join()) {
                        throw failure(Errno.ENOTEMPTY, to);
                      }
                      recordRenameLocked(from, to, attrs, over);
                    }));
  }

  /** An empty directory in the way is removed first, as its own step. */
  private void recordRenameLocked(
      RemotePath from, RemotePath to, FileAttrs attrs, @Nullable FileAttrs over)
      throws FsException {
    boolean directoryInTheWay = over != null && over.isDirectory();
    if (directoryInTheWay) {
      journal.recordLocked(new Event.RemovedDirectory(to));
    }
    journal.recordLocked(new Event.Renamed(from, to, attrs, directoryInTheWay ? null : over));
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return Plain.of(
        look(path)
            .thenCompose(
                seen ->
                    accept(
                        () -> {
                          FileAttrs attrs = seen.attrs();
                          if (attrs == null) {
                            throw failure(Errno.ENOENT, path);
                          }
                          judgement.change(path, attrs, change);
                          setLocked(path, attrs, change);
                        })));
  }

  private void setLocked(RemotePath path, FileAttrs attrs, AttrChange change) throws FsException {
    AttrChange rest = new AttrChange(null, change.permissions(), change.owner(), change.times());
    Long size = change.sizeBytes();
    PendingFile file = journal.stateLocked().at(path);
    if (size != null) {
      if (file == null) {
        long number = journal.stateLocked().nextFile();
        journal.recordLocked(new Event.Opened(number, path, attrs));
        file = journal.stateLocked().pending(number);
      } else {
        if (file.last == null) {
          file.attrs = attrs;
          file.remote = attrs;
        }
        prepareLocked(file);
      }
      if (file != null) {
        journal.recordLocked(new Event.Cut(file.number, size));
      }
    }
    if (!rest.equals(new AttrChange(null, null, null, null))) {
      FileAttrs after = PendingState.with(attrs, rest, journal.nowNanos());
      PendingFile pending = file == null ? null : journal.stateLocked().pending(file.number);
      journal.recordLocked(
          pending == null
              ? new Event.NameSet(path, rest, after)
              : new Event.FileSet(pending.number, rest));
    }
  }

  // What all have in common.

  /** What there is under a name, as programs here see it. */
  private CompletableFuture<Seen> look(RemotePath path) {
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
    return after(ask, () -> remote.lstat(path))
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

  private CompletableFuture<Seen> parentOf(RemotePath path) {
    RemotePath parent = path.parent();
    return parent == null ? failed(Errno.EBUSY, path) : look(parent);
  }

  /** Attributes of what is made in that directory. */
  private FileAttrs made(RemotePath path, Seen parent, FileType type, int permissions)
      throws FsException {
    FileAttrs above = judgement.make(path, parent.attrs());
    boolean inherits = (above.permissions() & SET_GROUP_ID) != 0;
    int bits = permissions & FileAttrs.PERMISSION_MASK;
    if (inherits && type == FileType.DIRECTORY) {
      bits |= SET_GROUP_ID;
    }
    long now = journal.nowNanos();
    int gid = inherits ? above.gid() : identity.gid();
    return new FileAttrs(type, bits, identity.uid(), gid, 0, now, now, now, 0, 1);
  }

  private CompletableFuture<Void> accept(Step step) {
    journal.lock.lock();
    try {
      step.run();
    } catch (FsException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      journal.lock.unlock();
    }
    recorded.run();
    return CompletableFuture.completedFuture(null);
  }

  private CompletableFuture<RemoteFile> opened(Opening step) {
    RemoteFile handle;
    journal.lock.lock();
    try {
      handle = step.open();
    } catch (FsException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      journal.lock.unlock();
    }
    recorded.run();
    return CompletableFuture.completedFuture(handle);
  }

  private static FsException failure(Errno errno, RemotePath path) {
    return new FsException(errno, path + ": " + errno.text());
  }

  private static <T> CompletableFuture<T> failed(Errno errno, RemotePath path) {
    return CompletableFuture.failedFuture(failure(errno, path));
  }
}
