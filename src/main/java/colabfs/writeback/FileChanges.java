package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * What programs do with files that they have open: changes go to the journal, and what became of
 * earlier ones comes back.
 *
 * <p>Threading: any thread; no call waits, but for the local disk.
 */
final class FileChanges {
  private final RemoteFs remote;
  private final Journal journal;
  private final Acceptance acceptance;
  private final FreeSpace space;
  private final Executor waiting;
  private final Pace pace;
  private final WriteBack.Fsync fsync;

  /**
   * @param waiting runs what waits for the local disk
   */
  FileChanges(
      RemoteFs remote,
      Journal journal,
      Acceptance acceptance,
      Executor waiting,
      Pace pace,
      WriteBack.Fsync fsync) {
    this.remote = remote;
    this.journal = journal;
    this.acceptance = acceptance;
    this.space = new FreeSpace(remote);
    this.waiting = waiting;
    this.pace = pace;
    this.fsync = fsync;
  }

  /** A change through an open file. */
  CompletableFuture<Void> change(PendingFile file, Acceptance.Step step) {
    return acceptance.accept(
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
  void prepareLocked(PendingFile file) throws FsException {
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
    acceptance.recorded().run();
    return end.thenCompose(
        over -> {
          try {
            tell(file);
            return isHeld(file) ? Sight.failed(Errno.EIO, file.remoteAt) : arrival(file);
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
}
