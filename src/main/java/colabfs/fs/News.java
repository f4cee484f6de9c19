package colabfs.fs;

import colabfs.cache.Lookup;
import colabfs.cache.MetadataCache;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.TreeListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the helper on the runtime tells of changes there: taken into the caches, and told to the
 * kernel where somebody else made them. This side's own changes come back as news too; they are
 * known by looking as they were meant to.
 *
 * <p>Threading: everything is done on one executor, in the order in which the helper saw it; waits
 * for the local disk only.
 */
final class News implements TreeListener, Snapshots.Arrival {
  /** A tree that was lost is asked for again after so long, at most. */
  private static final Duration LOST_PAUSE = Duration.ofSeconds(2);

  /** What is being changed here is looked at again after so long. */
  private static final Duration HELD_PAUSE = Duration.ofMillis(50);

  private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

  private final MetadataCache cache;
  private final Local local;
  private final Lookups lookups;
  private final OpenNodes nodes;
  private final TimeKeeper times;
  private final KernelCache kernel;
  private final Executor inOrder;
  private final Environment environment;
  private final Map<RemotePath, Confirmation> confirming = new HashMap<>();
  private final Map<RemotePath, Told> held = new HashMap<>();
  private long lostNanos;
  private boolean wasLost;

  News(
      Environment environment,
      Lookups lookups,
      OpenNodes nodes,
      TimeKeeper times,
      KernelCache kernel,
      Executor inOrder) {
    this.environment = environment;
    this.cache = environment.metadata();
    this.local = environment.local();
    this.lookups = lookups;
    this.nodes = nodes;
    this.times = times;
    this.kernel = kernel;
    this.inOrder = inOrder;
  }

  @Override
  public void up() {
    inOrder.execute(() -> watch(RemotePath.ROOT));
  }

  @Override
  public void down() {
    inOrder.execute(
        () -> {
          cache.unwatch(RemotePath.ROOT);
          kernel.trust(false);
        });
  }

  @Override
  public void changed(RemotePath path, @Nullable FileAttrs attrs) {
    inOrder.execute(() -> take(path, attrs));
  }

  @Override
  public void doubted(RemotePath path) {
    inOrder.execute(
        () -> {
          RemotePath parent = path.parent();
          if (parent == null || cache.isWatched(parent)) {
            confirm(path);
          }
        });
  }

  @Override
  public void lost(RemotePath directory) {
    inOrder.execute(
        () -> {
          if (cache.last(directory) instanceof Lookup.Absent) {
            return; // it is known to be gone
          }
          cache.invalidateTree(directory);
          kernel.treeChanged(directory);
          if (directory.isRoot() && !isTooSoon()) {
            watch(directory);
          }
        });
  }

  private boolean isTooSoon() {
    long now = environment.nanoTime().getAsLong();
    boolean tooSoon = wasLost && now - lostNanos < LOST_PAUSE.toNanos();
    wasLost = true;
    lostNanos = now;
    return tooSoon;
  }

  private void watch(RemotePath directory) {
    var unused =
        lookups
            .askList(directory)
            .thenAccept(listing -> kernel.trust(cache.isWatched(RemotePath.ROOT)));
  }

  /** What was kept of files that have changed since is not theirs any more. */
  @Override
  public Runnable listed(RemotePath directory, List<DirEntry> entries) {
    MetadataCache.Remembered before = cache.remembered(directory);
    if (before == null) {
      return () -> {};
    }
    Map<String, FileAttrs> known = new HashMap<>();
    before.entries().forEach(entry -> known.put(entry.name(), entry.attrs()));
    List<Difference> differences = new ArrayList<>();
    for (DirEntry entry : entries) {
      FileAttrs last = known.remove(entry.name());
      if (last == null || !isSame(last, entry.attrs())) {
        differences.add(new Difference(directory.child(entry.name()), last, entry.attrs()));
      }
    }
    known.forEach(
        (name, last) -> differences.add(new Difference(directory.child(name), last, null)));
    differences.forEach(this::dropContent);
    return () -> differences.forEach(this::tellKernel);
  }

  private void take(RemotePath path, @Nullable FileAttrs attrs) {
    RemotePath parent = path.parent();
    if (parent != null && !cache.isWatched(parent)) {
      return; // nobody was told that it is known
    }
    if (held.containsKey(path) || isBeingChanged(path)) {
      hold(path, attrs);
      return;
    }
    Confirmation asked = confirming.get(path);
    if (asked != null) {
      asked.isOutdated = true;
      return;
    }
    Lookup known = cache.lookup(path);
    FileAttrs last = attrsIn(known);
    boolean unknown = known instanceof Lookup.Unknown;
    boolean isOwn = lookups.isOwn(path);
    if (!unknown && (attrs == null ? last == null : last != null && isSame(last, attrs))) {
      if (attrs != null) {
        cache.putAttrs(path, attrs, cache.stamp());
        watchNew(path, attrs);
        if (!isOwn && attrs.isRegular()) { // within a tick of the clock it was changed again
          contentGoes(path, false);
          kernel.contentChanged(path);
        } else if (attrs.isDirectory() && !attrs.equals(last)) { // its times
          kernel.attrsChanged(path);
        }
      }
      return;
    }
    if (isOwn) {
      confirm(path);
    } else {
      accept(path, last, attrs, cache.stamp());
    }
  }

  private boolean isBeingChanged(RemotePath path) {
    return lookups.isChanging(path) || nodes.isBeingWritten(path);
  }

  /** It is being changed here: what it is by now says nothing before that is over. */
  private void hold(RemotePath path, @Nullable FileAttrs attrs) {
    if (held.put(path, new Told(attrs)) == null) {
      lookAgainAtHeld(path);
    }
  }

  private void lookAgainAtHeld(RemotePath path) {
    CompletableFuture.delayedExecutor(HELD_PAUSE.toMillis(), TimeUnit.MILLISECONDS, inOrder)
        .execute(
            () -> {
              takeHeld(path);
              if (held.containsKey(path)) {
                lookAgainAtHeld(path);
              }
            });
  }

  private void takeHeld(RemotePath path) {
    Told told = held.get(path);
    if (told != null && !isBeingChanged(path)) {
      held.remove(path);
      take(path, told.attrs());
    }
  }

  /** It may have been seen before an own change: what the runtime has now is asked. */
  private void confirm(RemotePath path) {
    long stamp = cache.stamp();
    Confirmation mine = new Confirmation();
    Confirmation other = confirming.putIfAbsent(path, mine);
    if (other != null) {
      other.isOutdated = true;
      return;
    }
    var unused =
        environment
            .remote()
            .lstat(path)
            .handleAsync(
                (found, failure) -> {
                  confirming.remove(path);
                  if (mine.isOutdated) {
                    confirm(path);
                  } else if (failure == null || Patience.reason(failure).errno() == Errno.ENOENT) {
                    confirmed(path, found, stamp);
                  }
                  return mine.done.complete(null);
                },
                inOrder);
  }

  private void confirmed(RemotePath path, @Nullable FileAttrs found, long stamp) {
    FileAttrs last = attrsIn(cache.lookup(path));
    if (found == null ? last == null : last != null && isSame(last, found)) {
      return;
    }
    accept(path, last, found, stamp);
  }

  /** Ends when all that was told is taken, and what was asked because of it is known. */
  CompletableFuture<Void> taken() {
    return CompletableFuture.supplyAsync(
            () -> {
              List.copyOf(held.keySet()).forEach(this::takeHeld);
              return confirming.values().stream().map(asked -> asked.done).toList();
            },
            inOrder)
        .thenComposeAsync(
            open ->
                open.isEmpty()
                    ? NOTHING
                    : CompletableFuture.allOf(open.toArray(CompletableFuture<?>[]::new))
                        .thenCompose(done -> taken()));
  }

  private static @Nullable FileAttrs attrsIn(Lookup found) {
    return found instanceof Lookup.Known known ? known.attrs() : null;
  }

  private void accept(
      RemotePath path, @Nullable FileAttrs last, @Nullable FileAttrs attrs, long stamp) {
    Difference difference = new Difference(path, last, attrs);
    dropContent(difference);
    if (attrs == null) {
      cache.putAbsent(path, stamp);
    } else {
      cache.putAttrs(path, attrs, stamp);
    }
    tellKernel(difference);
    watchNew(path, attrs);
  }

  /** A new directory is not watched until it is asked for. */
  private void watchNew(RemotePath path, @Nullable FileAttrs attrs) {
    if (attrs != null && attrs.isDirectory() && !cache.isWatched(path)) {
      var unused = lookups.askList(path);
    }
  }

  /** What was known of the content goes before the new version is known. */
  private void dropContent(Difference difference) {
    RemotePath path = difference.path();
    FileAttrs last = difference.last();
    times.forget(path);
    if (difference.isAnother()) {
      contentGoes(path, last != null && last.isDirectory());
      lookups.forget(path);
    } else if (difference.hasOtherContent()) {
      contentGoes(path, false);
    }
  }

  /** The kernel asks anew as soon as it is told, and is answered what is known by now. */
  private void tellKernel(Difference difference) {
    RemotePath path = difference.path();
    if (difference.isAnother()) {
      kernel.nameChanged(path);
    } else if (difference.hasOtherContent()) {
      kernel.contentChanged(path);
    } else {
      kernel.attrsChanged(path);
    }
  }

  private void contentGoes(RemotePath path, boolean tree) {
    if (tree) {
      local.contents().forgetTree(path);
    }
    nodes.forgetContent(path); // on the local disk, too
  }

  /** What the runtime has of a name is being asked. */
  private static final class Confirmation {
    final CompletableFuture<Void> done = new CompletableFuture<>();

    /** More was told of the name since. */
    boolean isOutdated;
  }

  /** What a name is said to be. */
  private record Told(@Nullable FileAttrs attrs) {}

  /**
   * Somebody else changed a name.
   *
   * @param last what it was known to be; null when it was missing, or nothing was known
   * @param now null when it is gone
   */
  private record Difference(RemotePath path, @Nullable FileAttrs last, @Nullable FileAttrs now) {
    boolean isAnother() {
      return last == null || now == null || last.type() != now.type();
    }

    boolean hasOtherContent() {
      return last != null && now != null && now.isRegular() && !isSameContent(last, now);
    }
  }

  /** Whether a name is what it was known to be, as exactly as both tell. */
  private static boolean isSame(FileAttrs last, FileAttrs now) {
    return last.type() == now.type()
        && last.permissions() == now.permissions()
        && last.uid() == now.uid()
        && last.gid() == now.gid()
        && (now.isDirectory() || isSameContent(last, now));
  }

  private static boolean isSameContent(FileAttrs last, FileAttrs now) {
    boolean exact = last.inode() != 0 && now.inode() != 0;
    return last.sizeBytes() == now.sizeBytes()
        && TimeKeeper.agree(last.mtimeNanos(), now.mtimeNanos())
        && (!exact || (last.inode() == now.inode() && last.ctimeNanos() == now.ctimeNanos()));
  }
}
