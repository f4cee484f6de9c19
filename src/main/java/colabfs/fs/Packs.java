package colabfs.fs;

import colabfs.cache.MetadataCache;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.ContentSink;
import colabfs.remote.RemoteTree;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Contents of small files that the helper on the runtime sends many of at a time. The second small
 * file that is opened in a directory brings the others there; the third directory brings all that
 * is below the one that has them in common; the first file in a {@code .git} brings all of that.
 *
 * <p>Threading: any thread; its monitor is held for a moment only, and nothing waits.
 */
final class Packs {
  /** Longer files are read in blocks, as far as they are asked for. */
  static final int SMALL_FILE_BYTES = 1 << 20;

  /** Brought, and not opened yet. */
  private static final long MAX_AHEAD_BYTES = 64L << 20;

  /** Brought in vain, over the life of the mount: then nothing is brought ahead any more. */
  private static final long MAX_WASTED_BYTES = 256L << 20;

  private static final int REQUEST_BYTES = 4 << 20;
  private static final int MAX_REQUESTS = 2;
  private static final int MAX_DIRECTORIES = 10_000;
  private static final int TREE_DIRECTORIES = 3;
  private static final String GIT = ".git";
  private static final String GIT_OBJECTS = "objects";

  private final RemoteTree tree;
  private final MetadataCache metadata;
  private final OpenNodes nodes;
  private final boolean readsAhead;
  private final Executor inOrder;

  /** Files that were missed, by directory. */
  private final PathTable<Integer> missed = new PathTable<>(MAX_DIRECTORIES);

  /** The last directories of which several files were missed. */
  @GuardedBy("this")
  private final Deque<RemotePath> visited = new ArrayDeque<>();

  /** Asked for, or about to be; ends when it is here, or is not going to be. */
  @GuardedBy("this")
  private final Map<RemotePath, CompletableFuture<Void>> coming = new HashMap<>();

  /** To be asked for, in the order in which it will be read, with lengths. */
  @GuardedBy("this")
  private final Map<RemotePath, Long> waiting = new LinkedHashMap<>();

  /** Brought or to be brought, and not opened yet, with lengths. */
  @GuardedBy("this")
  private final Map<RemotePath, Long> ahead = new LinkedHashMap<>();

  @GuardedBy("this")
  private long aheadBytes;

  @GuardedBy("this")
  private long wastedBytes;

  @GuardedBy("this")
  private int requests;

  Packs(Environment environment, RemoteTree tree, OpenNodes nodes, Executor inOrder) {
    this.tree = tree;
    this.metadata = environment.metadata();
    this.nodes = nodes;
    this.readsAhead = environment.settings().prefetch();
    this.inOrder = inOrder;
  }

  /** The file is opened, and all of it is here. */
  synchronized void opened(RemotePath file) {
    Long bytes = ahead.remove(file);
    aheadBytes -= bytes == null ? 0 : bytes;
  }

  /**
   * Brings a file that is not here, and what will be read after it.
   *
   * @return ends when it is here, or will not come this way; null when it cannot
   */
  @Nullable CompletableFuture<Void> bring(RemotePath file, FileAttrs attrs) {
    RemotePath directory = file.parent();
    if (directory == null
        || attrs.sizeBytes() > SMALL_FILE_BYTES
        || !tree.isUp()
        || !metadata.isWatched(directory)) {
      return null;
    }
    CompletableFuture<Void> mine;
    synchronized (this) {
      opened(file);
      CompletableFuture<Void> known = coming.get(file);
      if (known != null && waiting.remove(file) == null) {
        return known;
      }
      mine = known == null ? new CompletableFuture<>() : known;
      coming.put(file, mine);
    }
    var unused = send(List.of(file));
    if (readsAhead) {
      readAhead(file, directory);
    }
    return mine;
  }

  /** Nothing of what is on its way is of the runtime that answers now. */
  synchronized void reset() {
    List.copyOf(waiting.keySet()).forEach(this::ended);
    waiting.clear();
    ahead.clear();
    aheadBytes = 0;
  }

  private void readAhead(RemotePath file, RemotePath directory) {
    Integer before = missed.get(directory);
    int count = before == null ? 1 : before + 1;
    missed.put(directory, count);
    RemotePath git = gitOf(file);
    if (git != null) {
      if (missed.get(git.child(GIT_OBJECTS)) == null) {
        missed.put(git.child(GIT_OBJECTS), 0);
        queueTree(git);
      }
    } else if (count == 2) {
      queue(directory);
      RemotePath common = visit(directory);
      if (common != null) {
        queueTree(common);
      }
    }
    pump();
  }

  private static @Nullable RemotePath gitOf(RemotePath file) {
    for (RemotePath at = file.parent(); at != null && !at.isRoot(); at = at.parent()) {
      if (at.name().equals(GIT)) {
        return at;
      }
    }
    return null;
  }

  /** What the last directories have in common, when there were enough of them. */
  private synchronized @Nullable RemotePath visit(RemotePath directory) {
    visited.addLast(directory);
    if (visited.size() < TREE_DIRECTORIES) {
      return null;
    }
    RemotePath common = directory;
    for (RemotePath other : visited) {
      while (!other.startsWith(common)) {
        RemotePath above = common.parent();
        common = above == null ? RemotePath.ROOT : above;
      }
    }
    visited.removeFirst();
    return common;
  }

  /** Everything below, in the order in which most programs read it; what git keeps comes last. */
  private void queueTree(RemotePath top) {
    Deque<RemotePath> directories = new ArrayDeque<>(List.of(top));
    Deque<RemotePath> last = new ArrayDeque<>();
    while (!directories.isEmpty() || !last.isEmpty()) {
      RemotePath directory = directories.isEmpty() ? last.removeFirst() : directories.removeFirst();
      List<DirEntry> below = queue(directory);
      if (below == null) {
        return;
      }
      List<RemotePath> next = new ArrayList<>();
      for (DirEntry entry : below) {
        RemotePath path = directory.child(entry.name());
        if (!entry.attrs().isDirectory() || path.startsWith(RuntimeTrees.SIDE)) {
          continue;
        }
        if (entry.name().equals(GIT) || entry.name().equals(GIT_OBJECTS)) {
          last.add(path);
        } else {
          next.add(path);
        }
      }
      for (int i = next.size() - 1; i >= 0; i--) {
        directories.addFirst(next.get(i));
      }
    }
  }

  /**
   * The small files of a directory; answers its entries, or null when there is no room for more.
   */
  private @Nullable List<DirEntry> queue(RemotePath directory) {
    List<DirEntry> listing = metadata.listing(directory);
    if (listing == null || !metadata.isWatched(directory)) {
      return List.of();
    }
    for (DirEntry entry : listing) {
      FileAttrs attrs = entry.attrs();
      RemotePath file = directory.child(entry.name());
      if (attrs.isRegular()
          && attrs.sizeBytes() > 0
          && attrs.sizeBytes() <= SMALL_FILE_BYTES
          && !nodes.isCached(file, attrs)
          && !queue(file, attrs.sizeBytes())) {
        return null;
      }
    }
    return listing;
  }

  private synchronized boolean queue(RemotePath file, long bytes) {
    if (coming.containsKey(file)) {
      return true;
    }
    if (aheadBytes + bytes > MAX_AHEAD_BYTES) {
      forgetOldest();
    }
    if (aheadBytes + bytes > MAX_AHEAD_BYTES || wastedBytes > MAX_WASTED_BYTES) {
      return false;
    }
    coming.put(file, new CompletableFuture<>());
    waiting.put(file, bytes);
    ahead.put(file, bytes);
    aheadBytes += bytes;
    return true;
  }

  /** Gives up half of what was brought and is not read: somebody reads elsewhere now. */
  @GuardedBy("this")
  private void forgetOldest() {
    var oldest = ahead.entrySet().iterator();
    while (oldest.hasNext() && aheadBytes > MAX_AHEAD_BYTES / 2) {
      Map.Entry<RemotePath, Long> file = oldest.next();
      if (!coming.containsKey(file.getKey())) {
        oldest.remove();
        aheadBytes -= file.getValue();
        wastedBytes += file.getValue();
      }
    }
  }

  private void pump() {
    for (List<RemotePath> files = next(); !files.isEmpty(); files = next()) {
      var unused = send(files).whenComplete((done, failure) -> requestEnded());
    }
  }

  private synchronized List<RemotePath> next() {
    List<RemotePath> files = new ArrayList<>();
    if (requests < MAX_REQUESTS) {
      long bytes = 0;
      var oldest = waiting.entrySet().iterator();
      while (oldest.hasNext() && bytes < REQUEST_BYTES) {
        Map.Entry<RemotePath, Long> file = oldest.next();
        files.add(file.getKey());
        bytes += file.getValue();
        oldest.remove();
      }
      requests += files.isEmpty() ? 0 : 1;
    }
    return files;
  }

  private void requestEnded() {
    synchronized (this) {
      requests--;
    }
    pump();
  }

  private CompletableFuture<Void> send(List<RemotePath> files) {
    return tree.contents(files, SMALL_FILE_BYTES, new Arrival())
        .whenCompleteAsync((done, failure) -> files.forEach(this::endedWithout), inOrder);
  }

  /** It does not come, or has come. */
  private synchronized void endedWithout(RemotePath file) {
    if (coming.containsKey(file)) {
      opened(file);
      ended(file);
    }
  }

  @GuardedBy("this")
  private void ended(RemotePath file) {
    CompletableFuture<Void> done = coming.remove(file);
    if (done != null) {
      done.completeAsync(() -> null);
    }
  }

  /** Takes what comes. */
  private final class Arrival implements ContentSink {
    @Override
    public void content(RemotePath file, FileAttrs attrs, byte[] content) {
      inOrder.execute(() -> taken(file, nodes.took(file, attrs, content)));
    }

    @Override
    public void leftOut(RemotePath file, Errno why) {
      inOrder.execute(() -> endedWithout(file));
    }
  }

  private synchronized void taken(RemotePath file, boolean isHere) {
    if (!isHere) {
      opened(file);
    }
    ended(file);
  }
}
