package colabfs.ssh;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The files of a runtime over whatever connection there is. Calls that only look, or that come to
 * the same when made twice, survive a reconnect; the others tell that they may or may not have been
 * done. An open file lives on the connection that it was opened on.
 */
final class ReconnectingFs implements RemoteFs {
  private static final Set<OpenFlag> CHANGING =
      Set.of(OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.TRUNCATE);

  private final Patience patience;
  private final Function<LiveLink, RemoteFs> files;

  /**
   * @param files which of a connection's files
   */
  ReconnectingFs(Patience patience, Function<LiveLink, RemoteFs> files) {
    this.patience = patience;
    this.files = files;
  }

  private <T> CompletableFuture<T> again(Function<RemoteFs, CompletableFuture<T>> operation) {
    return patience.call(true, link -> operation.apply(files.apply(link)), late -> {});
  }

  private <T> CompletableFuture<T> once(Function<RemoteFs, CompletableFuture<T>> operation) {
    return patience.call(false, link -> operation.apply(files.apply(link)), late -> {});
  }

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return again(fs -> fs.lstat(path));
  }

  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    return again(fs -> fs.list(directory));
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    return again(fs -> fs.readlink(link));
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    boolean repeatable = flags.stream().noneMatch(CHANGING::contains);
    return patience.call(
        repeatable,
        link -> files.apply(link).open(path, flags, permissions),
        late -> {
          CompletableFuture<?> unused = late.close();
        });
  }

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return once(fs -> fs.mkdir(directory, permissions));
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    return once(fs -> fs.rmdir(directory));
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    return once(fs -> fs.unlink(file));
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    return once(fs -> fs.rename(from, to));
  }

  /**
   * Not repeated: after a rename that was done the repetition would tell of itself as in the way.
   */
  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    return once(fs -> fs.renameNew(from, to));
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    return once(fs -> fs.symlink(target, link));
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return once(fs -> fs.link(existing, link));
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return change.sizeBytes() == null
        ? again(fs -> fs.setattr(path, change))
        : once(fs -> fs.setattr(path, change));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    return again(fs -> fs.statvfs(path));
  }
}
