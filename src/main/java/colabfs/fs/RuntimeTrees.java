package colabfs.fs;

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
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * The mounted root with the whole runtime beside it: what is below {@code /.colabfs/root} is the
 * runtime's own {@code /}, where links that lead out of the mounted root are shown to point.
 * Threading: any thread, no state.
 */
final class RuntimeTrees implements RemoteFs {
  static final String SIDE_NAME = ".colabfs";
  static final String WHOLE_NAME = "root";

  /** The unlisted directory that is on no runtime. */
  static final RemotePath SIDE = RemotePath.ROOT.child(SIDE_NAME);

  /** Where the runtime's own root stands. */
  static final RemotePath WHOLE = SIDE.child(WHOLE_NAME);

  private static final int SIDE_PERMISSIONS = 0555;

  private final RemoteFs mounted;
  private final RemoteFs whole;

  RuntimeTrees(RemoteFs mounted, RemoteFs whole) {
    this.mounted = mounted;
    this.whole = whole;
  }

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return path.equals(SIDE)
        ? CompletableFuture.completedFuture(sideAttrs())
        : at(path, RemoteFs::lstat);
  }

  /** The root's listing has the side directory, or it would be known to be absent. */
  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    if (directory.isRoot()) {
      return mounted.list(directory).thenApply(entries -> withSide(directory, entries));
    }
    return directory.equals(SIDE)
        ? lstat(WHOLE).thenApply(attrs -> List.of(new DirEntry(WHOLE_NAME, attrs)))
        : at(directory, RemoteFs::list);
  }

  /** What the mount shows to be in a directory of the mounted tree. */
  static List<DirEntry> withSide(RemotePath directory, List<DirEntry> entries) {
    return directory.isRoot()
        ? Stream.concat(
                entries.stream().filter(entry -> !entry.name().equals(SIDE_NAME)),
                Stream.of(new DirEntry(SIDE_NAME, sideAttrs())))
            .toList()
        : entries;
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    return at(link, RemoteFs::readlink);
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    return at(path, (fs, place) -> fs.open(place, flags, permissions));
  }

  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    return at(directory, (fs, place) -> fs.mkdir(place, permissions));
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    return at(directory, RemoteFs::rmdir);
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    return at(file, RemoteFs::unlink);
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    return together(from, to, RemoteFs::rename);
  }

  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    return together(from, to, RemoteFs::renameNew);
  }

  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    return at(link, (fs, place) -> fs.symlink(target, place));
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    return together(existing, link, RemoteFs::link);
  }

  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    return at(path, (fs, place) -> fs.setattr(place, change));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    return path.equals(SIDE) ? mounted.statvfs(RemotePath.ROOT) : at(path, RemoteFs::statvfs);
  }

  private <T> CompletableFuture<T> at(
      RemotePath path, BiFunction<RemoteFs, RemotePath, CompletableFuture<T>> call) {
    if (!path.startsWith(SIDE)) {
      return call.apply(mounted, path);
    }
    if (path.startsWith(WHOLE)) {
      return call.apply(whole, path.rebase(WHOLE, RemotePath.ROOT));
    }
    boolean made = path.equals(SIDE);
    return CompletableFuture.failedFuture(
        new FsException(
            made ? Errno.EPERM : Errno.ENOENT,
            path + (made ? " is not on the runtime" : ": no such file or directory")));
  }

  private CompletableFuture<Void> together(RemotePath one, RemotePath other, Pair call) {
    if (one.startsWith(WHOLE) != other.startsWith(WHOLE)) {
      return CompletableFuture.failedFuture(
          new FsException(Errno.EXDEV, one + " and " + other + " are in different trees"));
    }
    return at(
        one, (fs, place) -> at(other, (sameFs, otherPlace) -> call.apply(fs, place, otherPlace)));
  }

  private static FileAttrs sideAttrs() {
    return new FileAttrs(FileType.DIRECTORY, SIDE_PERMISSIONS, 0, 0, 0, 0, 0, 0, 0, 1);
  }

  private interface Pair {
    CompletableFuture<Void> apply(RemoteFs fs, RemotePath one, RemotePath other);
  }
}
