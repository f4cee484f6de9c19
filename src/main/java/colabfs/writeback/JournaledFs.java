package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A runtime's files with what is pending laid over them: changes are judged here, recorded in the
 * journal and answered; looks are answered from the journal where it knows, and by the runtime
 * where it does not.
 *
 * <p>Threading: any thread; no call waits, but for the local disk.
 */
final class JournaledFs implements RemoteFs, PendingNames {
  private final Sight sight;
  private final Openings openings;
  private final NameChanges changes;

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
    Acceptance acceptance = new Acceptance(journal, recorded);
    FileChanges files = new FileChanges(remote, journal, acceptance, waiting, pace, fsync);
    this.sight = new Sight(remote, journal);
    this.openings = new Openings(remote, journal, acceptance, sight, identity, files);
    this.changes = new NameChanges(journal, acceptance, sight, identity, files);
  }

  /** From now on that is what is known without asking. */
  void use(KnownNames names) {
    sight.use(names);
  }

  KnownNames known() {
    return sight.known();
  }

  /** What a helper tells, as programs here see it. */
  RemoteTree over(RemoteTree tree) {
    return new JournaledTree(tree, sight);
  }

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return Plain.of(sight.lstat(path));
  }

  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    return Plain.of(sight.list(directory));
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    return Plain.of(sight.readlink(link));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    return Plain.of(sight.statvfs(path));
  }

  @Override
  public @Nullable FileAttrs attrs(RemotePath path) throws FsException {
    return sight.attrs(path);
  }

  @Override
  public List<DirEntry> over(RemotePath directory, List<DirEntry> listing) {
    return sight.over(directory, listing);
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    return Plain.of(openings.open(path, flags, permissions));
  }

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return Plain.of(changes.mkdir(directory, permissions));
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    return Plain.of(changes.rmdir(directory));
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    return Plain.of(changes.unlink(file));
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    return Plain.of(changes.rename(from, to, true));
  }

  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    return Plain.of(changes.rename(from, to, false));
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    return Plain.of(changes.symlink(target, link));
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return Plain.of(changes.link(existing, link));
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return Plain.of(changes.setattr(path, change));
  }
}
