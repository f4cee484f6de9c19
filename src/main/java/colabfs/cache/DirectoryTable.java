package colabfs.cache;

import colabfs.cache.Directory.Single;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of every directory, and of the root, which is in none; bounded by names, least
 * useful directory first out. What an earlier process knew last of a directory is read when the
 * first thing is learned of it, or asked for, here.
 *
 * <p>Threading: reads from any thread; edits under the owner's lock.
 */
final class DirectoryTable {
  private final Cache<RemotePath, Directory> directories;
  private final KeptNames kept;
  private final LongSupplier nanoTime;
  private volatile @Nullable Single root;

  DirectoryTable(int maxEntries, KeptNames kept, LongSupplier nanoTime) {
    this.kept = kept;
    this.nanoTime = nanoTime;
    this.directories =
        Caffeine.newBuilder()
            .maximumWeight(maxEntries)
            .weigher((RemotePath path, Directory directory) -> 1 + directory.size())
            .executor(Runnable::run)
            .build();
  }

  Lookup lookup(RemotePath path, long nowNanos) {
    RemotePath parent = path.parent();
    if (parent == null) {
      Single known = root;
      boolean counts =
          known != null && (nowNanos - known.expiresNanos() < 0 || isWatched(path, nowNanos));
      return counts ? last(path) : Lookup.UNKNOWN;
    }
    Directory directory = directories.getIfPresent(parent);
    return directory == null ? Lookup.UNKNOWN : directory.lookup(path.name(), nowNanos);
  }

  /** What was known of the name last, however long ago, in this process. */
  Lookup last(RemotePath path) {
    RemotePath parent = path.parent();
    if (parent == null) {
      Single known = root;
      return known == null || known.attrs() == null
          ? Lookup.UNKNOWN
          : new Lookup.Known(known.attrs());
    }
    Directory directory = directories.getIfPresent(parent);
    return directory == null ? Lookup.UNKNOWN : directory.last(path.name());
  }

  /** Whether what was known in an earlier process need not be read for that name. */
  boolean isRecalled(RemotePath path) {
    RemotePath parent = path.parent();
    return parent == null ? root != null : directories.getIfPresent(parent) != null;
  }

  /** Reads what an earlier process knew last of that name's directory. */
  void recall(RemotePath path) {
    RemotePath parent = path.parent();
    if (parent != null) {
      recallDirectory(parent);
    } else if (root == null) {
      FileAttrs attrs = kept.root();
      root = attrs == null ? null : new Single(attrs, 0, nanoTime.getAsLong());
    }
  }

  /** The directory, with what an earlier process knew last of it; null when that is nothing. */
  @Nullable Directory recallDirectory(RemotePath path) {
    Directory known = directories.getIfPresent(path);
    if (known == null) {
      KeptNames.Entries entries = kept.directory(path);
      if (entries != null) {
        known = Directory.ofLast(entries, nanoTime.getAsLong());
        directories.put(path, known);
      }
    }
    return known;
  }

  @Nullable Directory get(RemotePath path) {
    return directories.getIfPresent(path);
  }

  /** Takes a directory, or one that was edited: it is weighed again. */
  void put(RemotePath path, Directory directory) {
    directories.put(path, directory);
    kept.changed(path, directory::toKeep);
  }

  /** The path is not a directory, or nothing is known of its entries. */
  void remove(RemotePath path) {
    directories.invalidate(path);
    kept.removed(path);
  }

  /** Takes what the runtime answered for one name. */
  void answer(RemotePath path, Single answer, long nowNanos) {
    RemotePath parent = path.parent();
    if (parent == null) {
      setRoot(answer);
      return;
    }
    Directory directory = getOrNew(parent);
    directory.answer(path.name(), answer, nowNanos);
    put(parent, directory);
  }

  /** Sets what one name is after an own change. */
  void set(RemotePath path, Single value, long nowNanos) {
    RemotePath parent = path.parent();
    if (parent == null) {
      setRoot(value);
      return;
    }
    Directory directory = getOrNew(parent);
    directory.set(path.name(), value, nowNanos);
    put(parent, directory);
  }

  private void setRoot(Single value) {
    root = value;
    FileAttrs attrs = value.attrs();
    if (attrs != null) {
      kept.changedRoot(attrs);
    }
  }

  /** Something may have changed the name. */
  void doubt(RemotePath path, long nowNanos) {
    recall(path);
    doubt(path, last(path) instanceof Lookup.Known known ? known.attrs() : null, nowNanos);
  }

  /** As {@link #doubt(RemotePath, long)}, for a name that was that before; null: nobody knows. */
  void doubt(RemotePath path, @Nullable FileAttrs last, long nowNanos) {
    RemotePath parent = path.parent();
    if (parent == null) {
      root = last == null ? null : new Single(last, 0, nowNanos);
      return;
    }
    Directory directory = last == null ? recallDirectory(parent) : getOrNew(parent);
    if (directory != null) {
      directory.doubt(path.name(), last);
      put(parent, directory);
    }
  }

  /** Something may have changed whatever is in the directory. */
  void doubtEntries(RemotePath path, long nowNanos) {
    Directory directory = directories.getIfPresent(path);
    if (directory != null) {
      directory.doubtAll(nowNanos);
    }
  }

  /** Something may have changed whatever is below that path. */
  void doubtTree(RemotePath top, long nowNanos) {
    directories
        .asMap()
        .forEach(
            (path, directory) -> {
              if (path.startsWith(top)) {
                directory.doubtAll(nowNanos);
              }
            });
  }

  /** Whether all names in that directory are known, and somebody tells when one changes. */
  boolean isWatched(RemotePath path, long nowNanos) {
    Directory known = directories.getIfPresent(path);
    return known != null && known.isWatched(nowNanos);
  }

  /** Nobody tells of changes below that path any more. */
  void unwatchTree(RemotePath top, long nowNanos, long expiresNanos) {
    directories
        .asMap()
        .forEach(
            (path, directory) -> {
              if (path.startsWith(top)) {
                directory.unwatch(nowNanos, expiresNanos);
              }
            });
  }

  /** Something may have changed whatever nobody tells of. */
  void doubtUnwatched(long nowNanos) {
    directories
        .asMap()
        .forEach(
            (path, directory) -> {
              if (!directory.isWatched(nowNanos)) {
                directory.doubtAll(nowNanos);
              }
            });
  }

  void dropTree(RemotePath top) {
    directories.asMap().keySet().removeIf(path -> path.startsWith(top));
    kept.removedTree(top);
  }

  /** As it was watched under its old path, nobody tells of changes any more. */
  void moveTree(RemotePath from, RemotePath to, long nowNanos, long expiresNanos) {
    List<RemotePath> moving = new ArrayList<>();
    for (RemotePath path : directories.asMap().keySet()) {
      if (path.startsWith(from)) {
        moving.add(path);
      }
    }
    kept.movedTree(from, to);
    for (RemotePath path : moving) {
      Directory directory = directories.asMap().remove(path);
      if (directory != null) {
        directory.forgetAbsences();
        directory.unwatch(nowNanos, expiresNanos);
        put(path.rebase(from, to), directory);
      }
    }
  }

  /** The entries, or null unless they are known and fresh. */
  @Nullable List<DirEntry> listing(RemotePath path, long nowNanos) {
    Directory known = directories.getIfPresent(path);
    return known == null ? null : known.listing(nowNanos);
  }

  /** The entries as they were known last; null when the directory was never listed. */
  @Nullable List<DirEntry> lastListing(RemotePath path) {
    Directory known = recallDirectory(path);
    return known == null ? null : known.lastListing();
  }

  /** Names that are remembered, whether fresh or not. */
  long entries() {
    return directories.asMap().values().stream().mapToLong(Directory::size).sum();
  }

  /** Directories whose whole listing is known and fresh. */
  long listings(long nowNanos) {
    return directories.asMap().values().stream().filter(d -> d.isWhole(nowNanos)).count();
  }

  private Directory getOrNew(RemotePath path) {
    Directory known = recallDirectory(path);
    return known == null ? new Directory() : known;
  }
}
