package colabfs.cache;

import colabfs.cache.Directory.Single;
import colabfs.cache.OwnChanges.Change;
import colabfs.cache.OwnChanges.Outcome;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
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
 * <p>What has expired, or may have changed, is not answered by {@link #lookup} and {@link #listing}
 * but stays until it is evicted: {@link #last} and {@link #lastListing} tell it, for when the
 * server cannot be asked. Own changes are entered into that, too.
 *
 * <p>What an earlier process knew last counts as expired here.
 *
 * <p>Memory: about 75 bytes a listed name of 12 letters, packed ({@link Listing}), and 215 where
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

  /** How long what is watched counts: watches are trusted, but not for ever. */
  private static final Duration WATCHED = Duration.ofHours(1);

  private final DirectoryTable directories;
  private final long ttlNanos;
  private final LongSupplier nanoTime;

  /** Guards every edit; Caffeine's own locks and what is kept may be taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private final OwnChanges changes;

  /** Odd while an edit is under way: a reader that saw it move looks again under the lock. */
  private final AtomicLong edits = new AtomicLong();

  /**
   * An empty cache.
   *
   * @param maxEntries names that are remembered, over all listings and single answers; a listing
   *     longer than this is not kept
   * @param ttl how long an answer counts, from the moment it is put
   * @param nanoTime a clock as {@link System#nanoTime}
   * @param kept what an earlier process knew last, and what a later one will
   */
  public MetadataCache(int maxEntries, Duration ttl, LongSupplier nanoTime, KeptNames kept) {
    this(maxEntries, ttl, nanoTime, kept, REMEMBERED_CHANGES);
  }

  MetadataCache(
      int maxEntries, Duration ttl, LongSupplier nanoTime, KeptNames kept, int rememberedChanges) {
    this.directories = new DirectoryTable(maxEntries, kept, nanoTime);
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
    return found(() -> directories.lookup(path, nanoTime.getAsLong()));
  }

  /** What was known of the name last, however long ago. May wait for the local disk. */
  public Lookup last(RemotePath path) {
    if (!directories.isRecalled(path)) {
      lock.lock();
      try {
        directories.recall(path);
      } finally {
        lock.unlock();
      }
    }
    return found(() -> directories.last(path));
  }

  private Lookup found(Supplier<Lookup> find) {
    long before = edits.get();
    if ((before & 1) == 0) {
      Lookup found = find.get();
      if (edits.get() == before) {
        return found;
      }
    }
    lock.lock();
    try {
      return find.get();
    } finally {
      lock.unlock();
    }
  }

  /** All entries of the directory in no order, or null when the server must be asked. */
  public @Nullable List<DirEntry> listing(RemotePath directory) {
    if (directories.get(directory) == null) {
      return null;
    }
    lock.lock();
    try {
      return directories.listing(directory, nanoTime.getAsLong());
    } finally {
      lock.unlock();
    }
  }

  /**
   * The entries of the directory in no order as they were known last, however long ago; null when
   * it was never listed. Names that were learned one by one make no listing. May wait for the local
   * disk.
   */
  public @Nullable List<DirEntry> lastListing(RemotePath directory) {
    lock.lock();
    try {
      return directories.lastListing(directory);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The names of the directory that are known to have been there last, however long ago; null when
   * none was ever asked for.
   */
  public @Nullable Remembered remembered(RemotePath directory) {
    lock.lock();
    try {
      Directory known = directories.recallDirectory(directory);
      return known == null ? null : new Remembered(known.entries(), known.wasListed());
    } finally {
      lock.unlock();
    }
  }

  /**
   * What is remembered of a directory.
   *
   * @param whole it was listed, so that these were all
   */
  public record Remembered(List<DirEntry> entries, boolean whole) {}

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
    putListing(directory, new Directory(entries, stamp, now + ttlNanos), stamp, now);
  }

  /**
   * As {@link #putListing}, and from now on every change is told here: what is known of the
   * directory counts for as long as that is so.
   */
  public void putWatched(RemotePath directory, List<DirEntry> entries, long stamp) {
    long now = nanoTime.getAsLong();
    long expires = now + WATCHED.toNanos();
    putListing(directory, Directory.watched(entries, stamp, expires), stamp, now);
  }

  private void putListing(RemotePath directory, Directory listed, long stamp, long now) {
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
      Directory older = directories.get(directory);
      if (older != null) {
        listed.keepNewer(older, stamp, now);
      }
      directories.put(directory, listed);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Whether all names in that directory are known, and every change is told here. */
  public boolean isWatched(RemotePath directory) {
    return directories.isWatched(directory, nanoTime.getAsLong());
  }

  /** Nobody tells of changes below that path any more: what is known counts for its time. */
  public void unwatch(RemotePath top) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      directories.unwatchTree(top, now, now + ttlNanos);
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
      directories.dropTree(path);
      if (attrs.isDirectory()) {
        directories.put(path, new Directory(List.of(), stamp, now + ttlNanos));
      }
      directories.set(path, new Single(attrs, stamp, now + ttlNanos), now);
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
      directories.set(path, new Single(attrs, stamp, now + ttlNanos), now);
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
      directories.dropTree(path);
      directories.set(path, new Single(null, stamp, now + ttlNanos), now);
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
      FileAttrs attrs = attrsIn(directories.lookup(from, now));
      FileAttrs last = attrs == null ? attrsIn(directories.last(from)) : attrs;
      directories.dropTree(to);
      if (attrs == null || attrs.isDirectory()) {
        directories.moveTree(from, to, now, now + ttlNanos);
      }
      long gone = changes.add(from, Outcome.ABSENT, null, true, now);
      directories.set(from, new Single(null, gone, now + ttlNanos), now);
      Outcome outcome = attrs == null ? Outcome.UNKNOWN : Outcome.PRESENT;
      long stamp = changes.add(to, outcome, attrs, true, now);
      if (attrs == null) {
        directories.doubt(to, last, now);
      } else {
        directories.set(to, new Single(attrs, stamp, now + ttlNanos), now);
      }
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /**
   * Something may have changed the name: its attributes and, of a directory, its listing are what
   * was known last. So are answers on their way.
   */
  public void invalidate(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      changes.add(path, Outcome.UNKNOWN, null, true, now);
      directories.doubtEntries(path, now);
      directories.doubt(path, now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** As {@link #invalidate}, with all below. */
  public void invalidateTree(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      changes.add(path, Outcome.UNKNOWN, null, true, now);
      directories.doubtTree(path, now);
      directories.doubt(path, now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** As {@link #invalidate}, with everything. */
  public void invalidateAll() {
    lock.lock();
    try {
      edits.incrementAndGet();
      changes.forgetAll();
      directories.doubtTree(RemotePath.ROOT, nanoTime.getAsLong());
      directories.doubt(RemotePath.ROOT, nanoTime.getAsLong());
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** As {@link #invalidateAll}, with all of which nobody tells when it changes. */
  public void invalidateUnwatched() {
    lock.lock();
    try {
      edits.incrementAndGet();
      changes.forgetAll();
      directories.doubtUnwatched(nanoTime.getAsLong());
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /**
   * What was known of the name and below it was wrong, and is not even what was known last: nothing
   * is known; answers on their way are void too.
   */
  public void forget(RemotePath path) {
    lock.lock();
    try {
      edits.incrementAndGet();
      long now = nanoTime.getAsLong();
      changes.add(path, Outcome.UNKNOWN, null, true, now);
      directories.dropTree(path);
      directories.doubt(path, null, now);
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  /** Names that are remembered, whether fresh or not. */
  public long entries() {
    return directories.entries();
  }

  /** Directories whose whole listing is known and fresh. */
  public long listings() {
    return directories.listings(nanoTime.getAsLong());
  }

  private void putAnswer(RemotePath path, @Nullable FileAttrs attrs, long stamp) {
    lock.lock();
    try {
      edits.incrementAndGet();
      if (changes.changedSince(path, stamp)) {
        return;
      }
      long now = nanoTime.getAsLong();
      directories.answer(path, new Single(attrs, stamp, now + ttlNanos), now);
      if (!path.isRoot() && (attrs == null || !attrs.isDirectory())) {
        directories.remove(path);
      }
    } finally {
      edits.incrementAndGet();
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void correctLocked(Directory listed, Change change, long now) {
    String name = change.path().name();
    if (change.outcome() == Outcome.UNKNOWN) {
      listed.doubt(name);
      return;
    }
    long expires = change.atNanos() + ttlNanos;
    if (now - expires >= 0) {
      listed.doubt(name, change.attrs());
    } else {
      listed.set(name, new Single(change.attrs(), change.stamp(), expires), now);
    }
  }

  private static @Nullable FileAttrs attrsIn(Lookup found) {
    return found instanceof Lookup.Known known ? known.attrs() : null;
  }
}
