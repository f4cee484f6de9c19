package colabfs.cache;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the names in one directory: single answers, and perhaps the whole listing.
 *
 * <p>A name's value is a {@link FileAttrs} when it came with the listing and lives as long as that;
 * a {@link Single} when it was learned by itself, later than the listing; a {@link Doubt} when only
 * the server can tell, whatever the listing says. In a whole listing a missing name is an absent
 * one. What has expired stays as what was known last; only expired absences are given up, which a
 * listing tells without them.
 *
 * <p>Threading: reads from any thread; edits under the owner's lock.
 */
final class Directory {

  /**
   * One name's own answer.
   *
   * @param attrs null when the name is absent
   * @param stamp the own changes that the answer knows of
   */
  record Single(@Nullable FileAttrs attrs, long stamp, long expiresNanos) {}

  /** The listing's age. */
  private record Whole(long stamp, long expiresNanos) {}

  /**
   * Something may have changed the name.
   *
   * @param last what it was before; null when it was absent, or nothing is known
   */
  private record Doubt(@Nullable FileAttrs last) {}

  /** Fewer singles than this are never worth a search for expired ones. */
  private static final int PURGE_FROM = 64;

  private final ConcurrentHashMap<String, Object> values;
  private volatile @Nullable Whole whole;
  private int purgeAt = PURGE_FROM;

  /** Nothing known. */
  Directory() {
    values = new ConcurrentHashMap<>(4);
  }

  /** A whole listing. */
  Directory(List<DirEntry> entries, long stamp, long expiresNanos) {
    values = new ConcurrentHashMap<>(entries.size() + entries.size() / 2 + 1);
    for (DirEntry entry : entries) {
      values.put(entry.name(), entry.attrs());
    }
    whole = new Whole(stamp, expiresNanos);
  }

  /** What an earlier process knew last: nothing that is so now. */
  static Directory ofLast(KeptNames.Entries entries, long nowNanos) {
    Directory directory = new Directory();
    for (DirEntry entry : entries.known()) {
      directory.values.put(entry.name(), new Doubt(entry.attrs()));
    }
    if (entries.whole()) {
      directory.whole = new Whole(0, nowNanos);
    }
    return directory;
  }

  /** For a later process. */
  KeptNames.Entries toKeep() {
    return new KeptNames.Entries(whole != null, entries());
  }

  Lookup lookup(String name, long nowNanos) {
    boolean listed = isWhole(nowNanos);
    Object value = values.get(name);
    if (value == null) {
      return listed ? Lookup.ABSENT : Lookup.UNKNOWN;
    }
    if (value instanceof Single single) {
      if (!listed && nowNanos - single.expiresNanos >= 0) {
        return Lookup.UNKNOWN;
      }
      return toLookup(single);
    }
    return listed && value instanceof FileAttrs attrs ? new Lookup.Known(attrs) : Lookup.UNKNOWN;
  }

  /** What was known of the name last, however long ago. */
  Lookup last(String name) {
    Object value = values.get(name);
    if (value == null) {
      return whole == null ? Lookup.UNKNOWN : Lookup.ABSENT;
    }
    if (value instanceof Single single) {
      return toLookup(single);
    }
    FileAttrs attrs = lastAttrs(value);
    return attrs == null ? Lookup.UNKNOWN : new Lookup.Known(attrs);
  }

  private static Lookup toLookup(Single single) {
    return single.attrs == null ? Lookup.ABSENT : new Lookup.Known(single.attrs);
  }

  private static @Nullable FileAttrs lastAttrs(Object value) {
    if (value instanceof Single single) {
      return single.attrs;
    }
    return value instanceof Doubt doubt ? doubt.last : (FileAttrs) value;
  }

  /** The entries, or null unless the whole listing is known and fresh. */
  @Nullable List<DirEntry> listing(long nowNanos) {
    if (!isWhole(nowNanos)) {
      return null;
    }
    for (Object value : values.values()) {
      if (value instanceof Doubt) {
        return null;
      }
    }
    return entries();
  }

  /** The entries as they were known last; null when the directory was never listed. */
  @Nullable List<DirEntry> lastListing() {
    return whole == null ? null : entries();
  }

  /** Whether it was ever listed. */
  boolean wasListed() {
    return whole != null;
  }

  /** The names that are known to have been there last, also where it was never listed. */
  List<DirEntry> entries() {
    List<DirEntry> entries = new ArrayList<>(values.size());
    for (Map.Entry<String, Object> entry : values.entrySet()) {
      FileAttrs attrs = lastAttrs(entry.getValue());
      if (attrs != null) {
        entries.add(new DirEntry(entry.getKey(), attrs));
      }
    }
    return entries;
  }

  boolean isWhole(long nowNanos) {
    Whole listing = whole;
    return listing != null && nowNanos - listing.expiresNanos < 0;
  }

  /** Takes what one name was found to be, unless something newer is known. */
  void answer(String name, Single answer, long nowNanos) {
    Whole listing = whole;
    if (listing != null && isWhole(nowNanos) && listing.stamp > answer.stamp) {
      return;
    }
    if (values.get(name) instanceof Single known && known.stamp > answer.stamp) {
      return;
    }
    if (answer.attrs == null && isWhole(nowNanos)) {
      values.replace(name, answer); // stays told apart from an own removal, see forgetAbsences
      return;
    }
    set(name, answer, nowNanos);
  }

  /**
   * The directory was renamed. That a name is absent may have been answered by its old path after
   * the rename, before it was told here.
   */
  void forgetAbsences() {
    values.forEach(
        (name, value) -> {
          if (value instanceof Single single && single.attrs == null) {
            doubt(name, null);
          }
        });
  }

  /** Sets what one name is after an own change. */
  void set(String name, Single value, long nowNanos) {
    if (value.attrs == null && isWhole(nowNanos)) {
      values.remove(name);
      return;
    }
    values.put(name, value);
    if (values.size() >= purgeAt && !isWhole(nowNanos)) {
      values.values().removeIf(v -> isExpiredAbsence(v, nowNanos));
      purgeAt = Math.max(PURGE_FROM, 2 * values.size());
    }
  }

  /** Something may have changed the name; what it is now, the server must tell. */
  void doubt(String name) {
    Object value = values.get(name);
    doubt(name, value == null ? null : lastAttrs(value));
  }

  /** As {@link #doubt(String)}, for a name that is thought to have been something else before. */
  void doubt(String name, @Nullable FileAttrs last) {
    if (last == null && whole == null) {
      values.remove(name);
    } else {
      values.put(name, new Doubt(last));
    }
  }

  /** Something may have changed any name: all of it has expired. */
  void doubtAll(long nowNanos) {
    Whole listing = whole;
    if (listing != null) {
      whole = new Whole(listing.stamp, nowNanos);
    }
    values.replaceAll(
        (name, value) ->
            value instanceof Single single
                ? new Single(single.attrs, single.stamp, nowNanos)
                : value);
  }

  /** Keeps the other's single answers that know of more own changes than this listing does. */
  void keepNewer(Directory older, long stamp, long nowNanos) {
    older.values.forEach(
        (name, value) -> {
          if (value instanceof Single single
              && single.stamp > stamp
              && isFreshSingle(value, nowNanos)) {
            set(name, single, nowNanos);
          }
        });
  }

  /** The names with something to remember: what it weighs. */
  int size() {
    return values.size();
  }

  private static boolean isExpiredAbsence(Object value, long nowNanos) {
    return value instanceof Single single
        && single.attrs == null
        && nowNanos - single.expiresNanos >= 0;
  }

  private static boolean isFreshSingle(Object value, long nowNanos) {
    return value instanceof Single single && nowNanos - single.expiresNanos < 0;
  }
}
