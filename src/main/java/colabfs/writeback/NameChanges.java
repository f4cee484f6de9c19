package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteIdentity;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What programs do with names: it is judged by what there is, recorded in the journal and answered.
 *
 * <p>Threading: any thread; no call waits, but for the local disk.
 */
final class NameChanges {
  private static final int LINK_PERMISSIONS = 0777;

  private final Journal journal;
  private final Acceptance acceptance;
  private final Sight sight;
  private final Judgement judgement;
  private final FileChanges files;

  NameChanges(
      Journal journal,
      Acceptance acceptance,
      Sight sight,
      RemoteIdentity identity,
      FileChanges files) {
    this.journal = journal;
    this.acceptance = acceptance;
    this.sight = sight;
    this.judgement = new Judgement(identity);
    this.files = files;
  }

  // Names.

  CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return makeIn(
        directory,
        parent -> {
          FileAttrs attrs =
              judgement.made(
                  directory, parent.attrs(), FileType.DIRECTORY, permissions, journal.nowNanos());
          journal.recordLocked(new Event.MadeDirectory(directory, attrs));
        });
  }

  CompletableFuture<Void> symlink(String target, RemotePath link) {
    return makeIn(
        link,
        parent -> {
          FileAttrs attrs =
              judgement.made(
                  link, parent.attrs(), FileType.SYMLINK, LINK_PERMISSIONS, journal.nowNanos());
          int length = target.getBytes(StandardCharsets.UTF_8).length;
          journal.recordLocked(new Event.MadeSymlink(link, target, attrs.withSize(length)));
        });
  }

  CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return sight
        .look(existing)
        .thenCompose(
            seen ->
                makeIn(
                    link,
                    parent -> {
                      FileAttrs attrs = seen.attrs();
                      if (attrs == null) {
                        throw Sight.failure(Errno.ENOENT, existing);
                      }
                      judgement.link(existing, attrs);
                      var unused =
                          judgement.made(
                              link, parent.attrs(), FileType.REGULAR, 0, journal.nowNanos());
                      journal.recordLocked(new Event.Linked(existing, link, attrs));
                    }));
  }

  private interface Making {
    void in(Sight.Seen parent) throws FsException;
  }

  private CompletableFuture<Void> makeIn(RemotePath path, Making making) {
    CompletableFuture<Sight.Seen> parent = sight.parentOf(path);
    CompletableFuture<Sight.Seen> seen = sight.look(path);
    return CompletableFuture.allOf(parent, seen)
        .thenCompose(
            known ->
                acceptance.accept(
                    () -> {
                      if (seen.join().attrs() != null) {
                        throw Sight.failure(Errno.EEXIST, path);
                      }
                      making.in(parent.join());
                    }));
  }

  CompletableFuture<Void> unlink(RemotePath file) {
    CompletableFuture<Sight.Seen> parent = sight.parentOf(file);
    CompletableFuture<Sight.Seen> seen = sight.look(file);
    return CompletableFuture.allOf(parent, seen)
        .thenCompose(
            known ->
                acceptance.accept(
                    () -> {
                      FileAttrs attrs =
                          judgement.remove(file, seen.join().attrs(), parent.join().attrs());
                      if (attrs.isDirectory()) {
                        throw Sight.failure(Errno.EISDIR, file);
                      }
                      journal.recordLocked(new Event.Removed(file, attrs));
                    }));
  }

  CompletableFuture<Void> rmdir(RemotePath directory) {
    CompletableFuture<Sight.Seen> parent = sight.parentOf(directory);
    CompletableFuture<Sight.Seen> seen = sight.look(directory);
    CompletableFuture<Boolean> empty =
        seen.thenCompose(
            found -> {
              FileAttrs attrs = found.attrs();
              return attrs != null && attrs.isDirectory()
                  ? sight.isEmpty(directory)
                  : Sight.failed(attrs == null ? Errno.ENOENT : Errno.ENOTDIR, directory);
            });
    return CompletableFuture.allOf(parent, empty)
        .thenCompose(
            known ->
                acceptance.accept(
                    () -> {
                      var unused =
                          judgement.remove(directory, seen.join().attrs(), parent.join().attrs());
                      if (!empty.join()) {
                        throw Sight.failure(Errno.ENOTEMPTY, directory);
                      }
                      journal.recordLocked(new Event.RemovedDirectory(directory));
                    }));
  }

  CompletableFuture<Void> rename(RemotePath from, RemotePath to, boolean mayReplace) {
    CompletableFuture<Sight.Seen> fromParent = sight.parentOf(from);
    CompletableFuture<Sight.Seen> toParent = sight.parentOf(to);
    CompletableFuture<Sight.Seen> source = sight.look(from);
    CompletableFuture<Sight.Seen> target = sight.look(to);
    CompletableFuture<Boolean> room =
        target.thenCompose(
            seen ->
                seen.attrs() != null && seen.attrs().isDirectory()
                    ? sight.isEmpty(to)
                    : CompletableFuture.completedFuture(true));
    return CompletableFuture.allOf(fromParent, toParent, source, room)
        .thenCompose(
            known ->
                acceptance.accept(
                    () -> {
                      FileAttrs over = target.join().attrs();
                      if (over != null && !mayReplace) {
                        throw Sight.failure(Errno.EEXIST, to);
                      }
                      FileAttrs attrs =
                          judgement.remove(from, source.join().attrs(), fromParent.join().attrs());
                      if (from.equals(to)) {
                        return;
                      }
                      judgement.moveTo(from, attrs, to, over, toParent.join().attrs());
                      if (!room.join()) {
                        throw Sight.failure(Errno.ENOTEMPTY, to);
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

  CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return sight
        .look(path)
        .thenCompose(
            seen ->
                acceptance.accept(
                    () -> {
                      FileAttrs attrs = seen.attrs();
                      if (attrs == null) {
                        throw Sight.failure(Errno.ENOENT, path);
                      }
                      judgement.change(path, attrs, change);
                      setLocked(path, attrs, change);
                    }));
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
        files.prepareLocked(file);
      }
      if (file != null) {
        journal.recordLocked(new Event.Cut(file.number, size));
      }
    }
    if (!rest.equals(new AttrChange(null, null, null, null))) {
      FileAttrs after = ProgramSteps.with(attrs, rest, journal.nowNanos());
      PendingFile pending = file == null ? null : journal.stateLocked().pending(file.number);
      journal.recordLocked(
          pending == null
              ? new Event.NameSet(path, rest, after)
              : new Event.FileSet(pending.number, rest));
    }
  }
}
