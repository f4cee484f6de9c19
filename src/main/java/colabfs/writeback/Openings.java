package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.writeback.Names.Found;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Opens and makes files. Threading: any thread; no call waits. */
final class Openings {
  private final RemoteFs remote;
  private final Journal journal;
  private final Acceptance acceptance;
  private final Sight sight;
  private final Judgement judgement;
  private final RemoteIdentity identity;
  private final FileChanges files;

  Openings(
      RemoteFs remote,
      Journal journal,
      Acceptance acceptance,
      Sight sight,
      RemoteIdentity identity,
      FileChanges files) {
    this.remote = remote;
    this.journal = journal;
    this.acceptance = acceptance;
    this.sight = sight;
    this.judgement = new Judgement(identity);
    this.identity = identity;
    this.files = files;
  }

  // Files.

  CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    if (!flags.contains(OpenFlag.WRITE)) {
      return openToRead(path);
    }
    if (!flags.contains(OpenFlag.CREATE)) {
      return sight.look(path).thenCompose(seen -> openToWrite(path, seen, flags));
    }
    return sight
        .look(path)
        .thenCompose(
            seen -> {
              if (seen.attrs() == null) {
                return sight
                    .parentOf(path)
                    .thenCompose(parent -> create(path, parent, permissions));
              }
              return flags.contains(OpenFlag.EXCLUSIVE)
                  ? Sight.failed(Errno.EEXIST, path)
                  : openToWrite(path, seen, flags);
            });
  }

  private CompletableFuture<RemoteFile> openToRead(RemotePath path) {
    journal.lock.lock();
    try {
      PendingState state = journal.stateLocked();
      Found found = state.names().find(path);
      if (found instanceof Found.There there) {
        FileAttrs attrs = there.attrs();
        if (!attrs.isRegular()) {
          return Sight.failed(attrs.isDirectory() ? Errno.EISDIR : Errno.ELOOP, path);
        }
        PendingFile file = there.name().file();
        return file == null
            ? sight.after(new Found.Ask(there.after()), () -> openClean(path))
            : CompletableFuture.completedFuture(handleLocked(file, null, false));
      }
      if (!(found instanceof Found.Ask ask)) {
        return Sight.failed(Sight.missing(found), path);
      }
      return sight.after(ask, () -> openClean(path));
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
      RemotePath path, Sight.Seen seen, Set<OpenFlag> flags) {
    return acceptance.call(
        () -> {
          FileAttrs attrs = seen.attrs();
          if (attrs == null) {
            throw Sight.failure(Errno.ENOENT, path);
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
            files.prepareLocked(file);
            journal.recordLocked(new Event.Cut(file.number, 0));
          }
          return handle;
        });
  }

  private CompletableFuture<RemoteFile> create(
      RemotePath path, Sight.Seen parent, int permissions) {
    return acceptance.call(
        () -> {
          FileAttrs attrs =
              judgement.made(
                  path, parent.attrs(), FileType.REGULAR, permissions, journal.nowNanos());
          PendingState state = journal.stateLocked();
          long number = state.nextFile();
          journal.recordLocked(new Event.Created(number, path, attrs));
          PendingFile file = state.pending(number);
          if (file == null) {
            throw Sight.failure(Errno.EIO, path);
          }
          return handleLocked(file, null, true);
        });
  }

  private RemoteFile handleLocked(
      PendingFile file, @Nullable CompletableFuture<RemoteFile> opened, boolean writable) {
    journal.stateLocked().handleOpened(file);
    return new JournaledFile(files, journal, remote, file, opened, writable);
  }
}
