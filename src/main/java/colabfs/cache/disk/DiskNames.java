package colabfs.cache.disk;

import colabfs.cache.KeptNames;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Names on a {@link Shelf}. What changed is noted, and written down with the next {@link #save}, so
 * that a thousand files made in a directory are one writing of it.
 *
 * <p>Threading: any thread; one saves.
 */
final class DiskNames implements KeptNames {
  /** A directory of so many names is not written with every save. */
  private static final int LARGE = 5_000;

  /** Saves that a large directory is left out of: about ten seconds. */
  private static final int LARGE_EVERY = 20;

  private final Shelf shelf;

  /** What is known of directories, and not written down. */
  @GuardedBy("this")
  private final Map<RemotePath, Change> changed = new HashMap<>();

  @GuardedBy("this")
  private @Nullable FileAttrs changedRoot;

  private int saves;

  /** Something to be written down, told apart from what is noted of the same path later. */
  private static final class Change {
    /** Null when nothing is known of the directory any more. */
    final @Nullable Supplier<Entries> now;

    Change(@Nullable Supplier<Entries> now) {
      this.now = now;
    }
  }

  DiskNames(Shelf shelf) {
    this.shelf = shelf;
  }

  @Override
  public @Nullable Entries directory(RemotePath path) {
    Change change;
    synchronized (this) {
      change = changed.get(path);
    }
    if (change == null) {
      return shelf.find(store -> store.directory(path));
    }
    return change.now == null ? null : change.now.get();
  }

  @Override
  public @Nullable FileAttrs root() {
    synchronized (this) {
      if (changedRoot != null) {
        return changedRoot;
      }
    }
    return shelf.find(Store::root);
  }

  @Override
  public synchronized void changed(RemotePath path, Supplier<Entries> now) {
    changed.put(path, new Change(now));
  }

  @Override
  public synchronized void changedRoot(FileAttrs attrs) {
    changedRoot = attrs;
  }

  @Override
  public synchronized void removed(RemotePath path) {
    changed.put(path, new Change(null));
  }

  @Override
  public void removedTree(RemotePath top) {
    synchronized (this) {
      changed.keySet().removeIf(path -> path.startsWith(top));
    }
    shelf.change(store -> store.removeDirectories(top, true));
  }

  @Override
  public void movedTree(RemotePath from, RemotePath to) {
    synchronized (this) {
      changed.keySet().removeIf(path -> path.startsWith(from) || path.startsWith(to));
    }
    shelf.change(store -> store.moveDirectories(from, to));
  }

  /**
   * Writes down what changed.
   *
   * @param all even what is large and was written a moment ago
   */
  void save(boolean all) {
    if (!shelf.isWriting()) {
      return;
    }
    saves++;
    boolean large = all || saves % LARGE_EVERY == 0;
    Map<RemotePath, Change> saving;
    FileAttrs root;
    synchronized (this) {
      saving = new HashMap<>(changed);
      root = changedRoot;
    }
    saving.forEach((path, change) -> save(path, change, large));
    if (root != null) {
      shelf.change(store -> store.putRoot(root));
      synchronized (this) {
        changedRoot = root.equals(changedRoot) ? null : changedRoot;
      }
    }
  }

  private void save(RemotePath path, Change change, boolean large) {
    if (change.now == null) {
      write(path, change, store -> store.removeDirectories(path, false));
      return;
    }
    Entries entries = change.now.get();
    if (large || entries.known().size() < LARGE) {
      write(path, change, store -> store.putDirectory(path, entries));
    }
  }

  /** Unless something else is to be written by now: what changed meanwhile was noted anew. */
  private void write(RemotePath path, Change change, Shelf.Action action) {
    shelf.change(
        store -> {
          boolean current;
          synchronized (this) {
            current = changed.get(path) == change;
          }
          if (current) {
            action.with(store);
          }
        });
    synchronized (this) {
      changed.remove(path, change);
    }
  }
}
