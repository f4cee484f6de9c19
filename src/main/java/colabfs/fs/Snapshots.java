package colabfs.fs;

import colabfs.cache.MetadataCache;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteTree;
import colabfs.remote.SnapshotBounds;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Listings that the helper on the runtime sends: of a directory that is not known, and of all below
 * it in the same answer. Threading: any thread; waits for nothing.
 */
final class Snapshots {
  private static final int MAX_DEPTH = 64;
  private static final Duration MAX_TIME = Duration.ofSeconds(60);
  private static final int MIN_ENTRIES = 10_000;

  /** A listing that a larger answer will bring is waited for so long, then asked for by itself. */
  private static final Duration PATIENCE = Duration.ofMillis(300);

  private final RemoteTree tree;
  private final MetadataCache cache;
  private final Executor inOrder;
  private final int maxEntries;
  private final int depth;
  private final boolean hasSide;
  private final Arrival arrival;

  /** Directories of which all below is on its way. */
  private final Set<RemotePath> roots = ConcurrentHashMap.newKeySet();

  private final ConcurrentMap<RemotePath, CompletableFuture<List<DirEntry>>> wanted =
      new ConcurrentHashMap<>();

  /** Is told of a listing, in the order in which the helper saw the file system. */
  interface Arrival {
    /**
     * All that is in a directory, with what the mount adds.
     *
     * @return what is to be done when the cache has it
     */
    Runnable listed(RemotePath directory, List<DirEntry> entries);
  }

  /**
   * @param inOrder runs what is told one after the other
   * @param arrival told before the cache
   */
  Snapshots(Environment environment, RemoteTree tree, Executor inOrder, Arrival arrival) {
    this.tree = tree;
    this.cache = environment.metadata();
    this.maxEntries = environment.settings().metadataEntries();
    this.depth = environment.settings().prefetch() ? MAX_DEPTH : 1;
    this.hasSide = environment.remote() instanceof RuntimeTrees;
    this.inOrder = inOrder;
    this.arrival = arrival;
  }

  /** Whether the helper can be asked for that directory. */
  boolean canTell(RemotePath directory) {
    return tree.isUp() && !directory.startsWith(RuntimeTrees.SIDE);
  }

  /**
   * The directory's listing; the cache has it before the caller, and soon those below it too.
   * ENOTCONN when the helper cannot tell.
   */
  CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    CompletableFuture<List<DirEntry>> mine = new CompletableFuture<>();
    CompletableFuture<List<DirEntry>> theirs = wanted.putIfAbsent(directory, mine);
    if (theirs != null) {
      return theirs;
    }
    if (isOnItsWay(directory)) {
      CompletableFuture.delayedExecutor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS, inOrder)
          .execute(() -> askAlone(directory, mine));
    } else {
      ask(directory, depth, mine);
    }
    return mine;
  }

  private void askAlone(RemotePath directory, CompletableFuture<List<DirEntry>> mine) {
    if (!mine.isDone()) {
      ask(directory, isOnItsWay(directory) ? 1 : depth, mine);
    }
  }

  private boolean isOnItsWay(RemotePath directory) {
    for (RemotePath at = directory; at != null; at = at.parent()) {
      if (roots.contains(at)) {
        return true;
      }
    }
    return false;
  }

  private void ask(RemotePath directory, int levels, CompletableFuture<List<DirEntry>> mine) {
    boolean whole = levels > 1 && roots.add(directory);
    long stamp = cache.stamp();
    int room = (int) Math.max(MIN_ENTRIES, maxEntries - cache.entries());
    var unused =
        tree.snapshot(
                directory,
                new SnapshotBounds(room, levels, MAX_TIME),
                (listed, entries, watched) ->
                    inOrder.execute(() -> arrived(listed, entries, watched, stamp)))
            .whenCompleteAsync((all, failure) -> ended(directory, whole, mine, failure), inOrder);
  }

  private void arrived(RemotePath directory, List<DirEntry> entries, boolean watched, long stamp) {
    List<DirEntry> shown = hasSide ? RuntimeTrees.withSide(directory, entries) : entries;
    Runnable afterwards = arrival.listed(directory, shown);
    if (watched) {
      cache.putWatched(directory, shown, stamp);
    } else {
      cache.putListing(directory, shown, stamp);
    }
    afterwards.run();
    CompletableFuture<List<DirEntry>> asked = wanted.remove(directory);
    if (asked != null) {
      asked.complete(shown);
    }
  }

  private void ended(
      RemotePath directory,
      boolean whole,
      CompletableFuture<List<DirEntry>> mine,
      @Nullable Throwable failure) {
    if (whole) {
      roots.remove(directory);
    }
    if (wanted.remove(directory, mine)) {
      mine.completeExceptionally(
          failure == null
              ? new FsException(Errno.ENOTCONN, directory + " was not told of")
              : failure);
    }
  }
}
