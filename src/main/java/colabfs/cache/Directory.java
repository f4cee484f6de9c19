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
 * <p>What came with the listing is in a {@link Listing} and lives as long as that. Over it lies a
 * {@link Single} for a name that was learned by itself, later than the listing, and a {@link Doubt}
 * where only the server can tell, whatever the listing says. In a whole listing a missing name is
 * an absent one. What has expired stays as what was known last; only expired absences of names that
 * were not listed are given up.
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

  /** The name was listed, and was removed here since. */
  private record Removed() {}

  private static final Removed REMOVED = new Removed();

  /** Fewer singles than this are never worth a search for expired ones. */
  private static final int PURGE_FROM = 64;

  private final Listing listed;

  /** A {@link Single}, {@link Doubt} or {@link Removed} by name. */
  private final ConcurrentHashMap<String, Object> values = new ConcurrentHashMap<>(4);

  private volatile @Nullable Whole whole;

  /** Somebody tells of every change since it was listed. */
  private volatile boolean watched;

  private int purgeAt = PURGE_FROM;

  /** Nothing known. */
  Directory() {
    listed = Listing.EMPTY;
  }

  /** A whole listing. */
  Directory(List<DirEntry> entries, long stamp, long expiresNanos) {
    listed = new Listing(entries);
    whole = new Whole(stamp, expiresNanos);
  }

  /** A whole listing from when on somebody tells of every change. */
  static Directory watched(List<DirEntry> entries, long stamp, long expiresNanos) {
    Directory directory = new Directory(entries, stamp, expiresNanos);
    directory.watched = true;
    return directory;
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
    boolean fresh = isWhole(nowNanos);
    Object value = values.get(name);
    if (value instanceof Single single) {
      return fresh || nowNanos - single.expiresNanos < 0 ? toLookup(single) : Lookup.UNKNOWN;
    }
    if (!fresh || value instanceof Doubt) {
      return Lookup.UNKNOWN;
    }
    return value == null ? inListing(name) : Lookup.ABSENT;
  }

  /** What was known of the name last, however long ago. */
  Lookup last(String name) {
    Object value = values.get(name);
    if (value instanceof Single single) {
      return toLookup(single);
    }
    if (value == null) {
      return whole == null ? Lookup.UNKNOWN : inListing(name);
    }
    FileAttrs attrs = lastAttrs(value);
    if (attrs == null) {
      return value instanceof Removed ? Lookup.ABSENT : Lookup.UNKNOWN;
    }
    return new Lookup.Known(attrs);
  }

  private Lookup inListing(String name) {
    FileAttrs attrs = listed.get(name);
    return attrs == null ? Lookup.ABSENT : new Lookup.Known(attrs);
  }

  private static Lookup toLookup(Single single) {
    return single.attrs == null ? Lookup.ABSENT : new Lookup.Known(single.attrs);
  }

  private static @Nullable FileAttrs lastAttrs(Object value) {
    if (value instanceof Single single) {
      return single.attrs;
    }
    return value instanceof Doubt doubt ? doubt.last : null;
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
    List<DirEntry> entries = new ArrayList<>(listed.size() + values.size());
    for (int i = 0; i < listed.size(); i++) {
      String name = listed.name(i);
      if (!values.containsKey(name)) {
        entries.add(new DirEntry(name, listed.attrs(i)));
      }
    }
    for (Map.Entry<String, Object> entry : values.entrySet()) {
      FileAttrs attrs = lastAttrs(entry.getValue());
      if (attrs != null) {
        entries.add(new DirEntry(entry.getKey(), attrs));
      }
    }
    return entries;
  }

  /** Whether all of it is known, and somebody tells when it changes. */
  boolean isWatched(long nowNanos) {
    return watched && isWhole(nowNanos);
  }

  /** Nobody tells of changes any more: what is known counts until then. */
  void unwatch(long nowNanos, long expiresNanos) {
    if (!watched) {
      return;
    }
    watched = false;
    Whole listing = whole;
    if (listing != null && isWhole(nowNanos)) {
      whole = new Whole(listing.stamp, expiresNanos);
    }
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
      Object value = values.get(name);
      if (value == null ? listed.find(name) >= 0 : !(value instanceof Removed)) {
        values.put(name, answer); // stays told apart from an own removal, see forgetAbsences
      }
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
      if (listed.find(name) < 0) {
        values.remove(name);
      } else {
        values.put(name, REMOVED);
      }
      return;
    }
    values.put(name, value);
    if (values.size() >= purgeAt && !isWhole(nowNanos)) {
      values
          .entrySet()
          .removeIf(
              entry ->
                  isExpiredAbsence(entry.getValue(), nowNanos) && listed.find(entry.getKey()) < 0);
      purgeAt = Math.max(PURGE_FROM, 2 * values.size());
    }
  }

  /** Something may have changed the name; what it is now, the server must tell. */
  void doubt(String name) {
    Object value = values.get(name);
    doubt(name, value == null ? listed.get(name) : lastAttrs(value));
  }

  /** As {@link #doubt(String)}, for a name that is thought to have been something else before. */
  void doubt(String name, @Nullable FileAttrs last) {
    if (last == null && whole == null && listed.find(name) < 0) {
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
    return listed.size() + values.size();
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
