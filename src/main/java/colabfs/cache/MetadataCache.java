package colabfs.cache;

import colabfs.cache.Directory.Single;
import colabfs.cache.OwnChanges.Change;
import colabfs.cache.OwnChanges.Outcome;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of names on the runtime: attributes, absence, whole listings. Kept by directory, so
 * a listing answers for each of its names and for all others, and a renamed directory moves with
 * few steps.
 *
 * <p>An answer of the server is put with the {@link #stamp} that was taken before it was asked for;
 * where an own change came in between, the answer is ignored, or corrected by the change. An own
 * change is told when the server has acknowledged it; what is not acknowledged yet is the caller's
 * to lay over.
 *
 * <p>Memory: about 180 bytes a listed name of 12 letters (map node, name, attributes), 215 where
 * the name was learned by itself; measured with 100,000 of them on JDK 17, 64-bit.
 *
 * <p>Threading: any thread. Lookups take no lock unless an edit is under way; edits take turns.
 */
public final class MetadataCache {

  /**
   * Own changes that are remembered against late answers. Thousands of files may be made while one
   * listing of a slow link is on its way; about 200 bytes each.
   */
  private static final int REMEMBERED_CHANGES = 8192;

  private final Cache<RemotePath, Directory> directories;
  private final long ttlNanos;
  private final LongSupplier nanoTime;

  /** Guards every edit; Caffeine's own locks may be taken under it, and nothing else. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final OwnChanges changes;

  /** Changed only under the lock. */
  private volatile @Nullable Single root;

  /** Odd while an edit is under way: a reader that saw it move looks again under the lock. */
  private final AtomicLong edits = new AtomicLong();

  /**
   * An empty cache.
   *
   * @param maxEntries names that are remembered, over all listings and single answers; a listing
   *     longer than this is not kept
   * @param ttl how long an answer counts, from the moment it is put
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  public MetadataCache(int maxEntries, Duration ttl, LongSupplier nanoTime) {
    this(maxEntries, ttl, nanoTime, REMEMBERED_CHANGES);
  }

  MetadataCache(int maxEntries, Duration ttl, LongSupplier nanoTime, int rememberedChanges) {
    this.directories =
        Caffeine.newBuilder()
            .maximumWeight(maxEntries)
            .weigher((RemotePath path, Directory directory) -> 1 + directory.size())
            .executor(Runnable::run)
            .build();
    this.ttlNanos = ttl.toNanos();
    this.nanoTime = nanoTime;
    this.changes = new OwnChanges(rememberedChanges);
  }

  /** A mark in the order of own changes; take it before a request is sent. */
  @SuppressWarnings("GuardedBy") // the count may be read by anyone
  public long stamp() {
    return changes.stamp();
  }

  /** What is known of the name now. */
  public Lookup lookup(RemotePath path) {
    long before = edits.get();
    if ((before & 1) == 0) {
      Lookup found = find(path);
      if (edits.get() == before) {
        return found;
      }
    }
    lock.lock();
    try {
      return find(path);
    } finally {
      lock.unlock();
    }
  }

  /** All entries of the directory in no order, or null when the server must be asked. */
  public @Nullable List<DirEntry> listing(RemotePath directory) {
    Directory known = directories.getIfPresent(directory);
    if (known == null) {
      return null;
    }
    lock.lock();
    try {
      known = directories.getIfPresent(directory);
      return known == null ? null : known.listing(nanoTime.getAsLong());
    } finally {
      lock.unlock();
    }
  }

  /** Takes the answer that the name has these attributes. */
  public void putAttrs(RemotePath path, FileAttrs attrs, long stamp) {
    putAnswer(path, attrs, stamp);
  }

  /** Takes the answer that the name is not there. */
  public void putAbsent(RemotePath path, long stamp) {
    putAnswer(path, null, stamp);
  }

  /**
   * Takes the answer that the directory holds exactly these. Entries that were changed by own
   * changes after the stamp are corrected by them.
   */
  public void putListing(RemotePath directory, List<DirEntry> entries, long stamp) {
    long now = nanoTime.getAsLong();
    Directory listed = new Directory(entries, stamp, now + ttlNanos);
    lock.lock();
    try {
      edits.incrementAndGet();
      if (changes.treeChangedSince(directory, stamp)) {
        return;
      }
      for (Change change : changes.since(stamp)) {
        if (directory.equals(change.path().parent())) {
          correctLocked(listed, change, now);
        }
      }
      Directory older = directories.getIfPresent(directory);
      if (older != null) {
        listed.keepNewer(older, stamp, now);
      }
      directories.put(directory, listed);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /**
   * Own change: the name was not there, or was replaced, and is now this. A directory is taken to
   * be empty.
   */
  public void created(RemotePath path, FileAttrs attrs) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      long stamp = changes.add(path, Outcome.PRESENT, attrs, true, now);
      dropTreeLocked(path);
      if (attrs.isDirectory()) {
        directories.put(path, new Directory(List.of(), stamp, now + ttlNanos));
      }
      setLocked(path, new Single(attrs, stamp, now + ttlNanos), now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Own change: the name is now this; what is known below it stays. */
  public void changed(RemotePath path, FileAttrs attrs) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      long stamp = changes.add(path, Outcome.PRESENT, attrs, false, now);
      setLocked(path, new Single(attrs, stamp, now + ttlNanos), now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Own change: the name, and all below it, is gone. */
  public void removed(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      long stamp = changes.add(path, Outcome.ABSENT, null, true, now);
      dropTreeLocked(path);
      setLocked(path, new Single(null, stamp, now + ttlNanos), now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /**
   * Own change: everything known at and below {@code from} is now at {@code to}, in place of what
   * was there; {@code from} is gone.
   */
  public void renamed(RemotePath from, RemotePath to) {
    if (from.equals(to)) {
      return;
    }
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      FileAttrs attrs = find(from) instanceof Lookup.Known known ? known.attrs() : null;
      dropTreeLocked(to);
      if (attrs == null || attrs.isDirectory()) {
        moveTreeLocked(from, to, now);
      }
      long gone = changes.add(from, Outcome.ABSENT, null, true, now);
      setLocked(from, new Single(null, gone, now + ttlNanos), now);
      Outcome outcome = attrs == null ? Outcome.UNKNOWN : Outcome.PRESENT;
      long stamp = changes.add(to, outcome, attrs, true, now);
      if (attrs == null) {
        forgetLocked(to, now);
      } else {
        setLocked(to, new Single(attrs, stamp, now + ttlNanos), now);
      }
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Forgets the name's attributes and, of a directory, its listing; answers on their way too. */
  public void invalidate(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      changes.add(path, Outcome.UNKNOWN, null, true, now);
      directories.invalidate(path);
      forgetLocked(path, now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Forgets the name and all below it; answers on their way too. */
  public void invalidateTree(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      changes.add(path, Outcome.UNKNOWN, null, true, now);
      dropTreeLocked(path);
      forgetLocked(path, now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Forgets everything; answers on their way too. */
  public void invalidateAll() {
    lock.lock();
    try {
      edits.incrementAndGet();
      changes.forgetAll();
      directories.invalidateAll();
      root = null;
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Names that are remembered, whether fresh or not. */
  public long entries() {
    return directories.asMap().values().stream().mapToLong(Directory::size).sum();
  }

  /** Directories whose whole listing is known and fresh. */
  public long listings() {
    long now = nanoTime.getAsLong();
    return directories.asMap().values().stream().filter(d -> d.isWhole(now)).count();
  }

  private Lookup find(RemotePath path) {
    long now = nanoTime.getAsLong();
    RemotePath parent = path.parent();
    if (parent == null) {
      Single known = root;
      return known == null || known.attrs() == null || now - known.expiresNanos() >= 0
          ? Lookup.UNKNOWN
          : new Lookup.Known(known.attrs());
    }
    Directory directory = directories.getIfPresent(parent);
    return directory == null ? Lookup.UNKNOWN : directory.lookup(path.name(), now);
  }

  private void putAnswer(RemotePath path, @Nullable FileAttrs attrs, long stamp) {
    lock.lock();
    try {
      edits.incrementAndGet();
      if (changes.changedSince(path, stamp)) {
        return;
      }
      long now = nanoTime.getAsLong();
      Single answer = new Single(attrs, stamp, now + ttlNanos);
      RemotePath parent = path.parent();
      if (parent == null) {
        root = answer;
        return;
      }
      Directory directory = directoryLocked(parent);
      directory.answer(path.name(), answer, now);
      directories.put(parent, directory);
      if (attrs == null || !attrs.isDirectory()) {
        directories.invalidate(path);
      }
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void correctLocked(Directory listed, Change change, long now) {
    String name = change.path().name();
    long expires = change.atNanos() + ttlNanos;
    if (change.outcome() == Outcome.UNKNOWN || now - expires >= 0) {
      listed.forget(name, now);
    } else {
      listed.set(name, new Single(change.attrs(), change.stamp(), expires), now);
    }
  }

  @GuardedBy("lock")
  private void setLocked(RemotePath path, Single value, long now) {
    RemotePath parent = path.parent();
    if (parent == null) {
      root = value;
      return;
    }
    Directory directory = directoryLocked(parent);
    directory.set(path.name(), value, now);
    directories.put(parent, directory); // weighs it again
  }

  @GuardedBy("lock")
  private void forgetLocked(RemotePath path, long now) {
    RemotePath parent = path.parent();
    if (parent == null) {
      root = null;
      return;
    }
    Directory directory = directories.getIfPresent(parent);
    if (directory != null) {
      directory.forget(path.name(), now);
      directories.put(parent, directory);
    }
  }

  @GuardedBy("lock")
  private Directory directoryLocked(RemotePath path) {
    Directory known = directories.getIfPresent(path);
    return known == null ? new Directory() : known;
  }

  @GuardedBy("lock")
  private void dropTreeLocked(RemotePath top) {
    directories.asMap().keySet().removeIf(path -> path.startsWith(top));
  }

  @GuardedBy("lock")
  private void moveTreeLocked(RemotePath from, RemotePath to, long now) {
    List<RemotePath> moving = new ArrayList<>();
    for (RemotePath path : directories.asMap().keySet()) {
      if (path.startsWith(from)) {
        moving.add(path);
      }
    }
    for (RemotePath path : moving) {
      Directory directory = directories.asMap().remove(path);
      if (directory != null) {
        directory.forgetAbsences(now);
        directories.put(path.rebase(from, to), directory);
      }
    }
  }
}
