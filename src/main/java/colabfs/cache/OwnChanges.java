package colabfs.cache;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The newest own changes by path, each with its stamp: tells whether an answer was asked for before
 * the path was changed, and what the path has been since.
 *
 * <p>It remembers a bounded number; once a change had to be forgotten, every answer asked for
 * before it counts as outdated.
 *
 * <p>Threading: guarded by the owner's lock, but {@link #stamp} may be read without.
 */
final class OwnChanges {

  /** What a path was after an own change. */
  enum Outcome {
    PRESENT,
    ABSENT,
    UNKNOWN
  }

  /**
   * The newest change of a path.
   *
   * @param stamp counts all changes
   * @param treeStamp the newest change of everything below the path too, or 0
   * @param attrs what it is, when {@code outcome} is PRESENT
   * @param atNanos when it was changed
   */
  record Change(
      RemotePath path,
      long stamp,
      long treeStamp,
      Outcome outcome,
      @Nullable FileAttrs attrs,
      long atNanos) {}

  private final int limit;

  private final Map<RemotePath, Change> byPath = new HashMap<>();
  private final NavigableMap<Long, Change> byStamp = new TreeMap<>();
  private long forgottenStamp;
  private volatile long stamp;

  /**
   * A memory of so many paths.
   *
   * @param limit at least 1
   */
  OwnChanges(int limit) {
    this.limit = limit;
  }

  /** The number of own changes so far. */
  long stamp() {
    return stamp;
  }

  /**
   * Remembers a change.
   *
   * @param tree what was known below the path is void too
   * @return its stamp
   */
  long add(
      RemotePath path, Outcome outcome, @Nullable FileAttrs attrs, boolean tree, long nowNanos) {
    long next = stamp + 1;
    Change old = byPath.get(path);
    if (old != null) {
      byStamp.remove(old.stamp());
    }
    long treeStamp = tree ? next : old == null ? 0 : old.treeStamp();
    Change change = new Change(path, next, treeStamp, outcome, attrs, nowNanos);
    byPath.put(path, change);
    byStamp.put(next, change);
    while (byStamp.size() > limit) {
      Change forgotten = byStamp.pollFirstEntry().getValue();
      byPath.remove(forgotten.path());
      forgottenStamp = forgotten.stamp();
    }
    stamp = next;
    return next;
  }

  /** Makes every answer asked for until now outdated. */
  void forgetAll() {
    byPath.clear();
    byStamp.clear();
    long next = stamp + 1;
    forgottenStamp = next;
    stamp = next;
  }

  /** Whether the path itself, or a tree that it lies in, was changed after that stamp. */
  boolean changedSince(RemotePath path, long since) {
    Change own = byPath.get(path);
    return (own != null && own.stamp() > since) || treeChangedSince(path, since);
  }

  /** Whether the tree at the path, or one that it lies in, was changed after that stamp. */
  boolean treeChangedSince(RemotePath path, long since) {
    if (since < forgottenStamp) {
      return true;
    }
    if (byStamp.isEmpty() || byStamp.lastKey() <= since) {
      return false;
    }
    for (RemotePath at = path; at != null; at = at.parent()) {
      Change change = byPath.get(at);
      if (change != null && change.treeStamp() > since) {
        return true;
      }
    }
    return false;
  }

  /** The changes after that stamp, oldest first; the newest only of each path. */
  Collection<Change> since(long since) {
    return byStamp.tailMap(since, false).values();
  }
}
