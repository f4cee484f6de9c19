package colabfs.fs;

import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Something remembered for each of many paths; follows renames, and drops what was not used for
 * longest when it is full. Threading: any thread.
 */
final class PathTable<V> {
  private final int maxEntries;

  @GuardedBy("this")
  private final LinkedHashMap<RemotePath, V> entries = new LinkedHashMap<>(64, 0.75f, true);

  PathTable(int maxEntries) {
    this.maxEntries = maxEntries;
  }

  synchronized @Nullable V get(RemotePath path) {
    return entries.get(path);
  }

  synchronized void put(RemotePath path, V value) {
    entries.put(path, value);
    if (entries.size() > maxEntries) {
      entries.remove(entries.keySet().iterator().next());
    }
  }

  synchronized @Nullable V remove(RemotePath path) {
    return entries.remove(path);
  }

  /** What stood at {@code from} now stands at {@code to}, in place of what was there. */
  synchronized void renamed(RemotePath from, RemotePath to) {
    V value = entries.remove(from);
    entries.remove(to);
    if (value != null) {
      entries.put(to, value);
    }
  }

  /** As {@link #renamed}, with everything below; looks at every entry. */
  synchronized void renamedTree(RemotePath from, RemotePath to) {
    entries.keySet().removeIf(path -> path.startsWith(to));
    Map<RemotePath, V> moved = new LinkedHashMap<>();
    entries.forEach(
        (path, value) -> {
          if (path.startsWith(from)) {
            moved.put(path, value);
          }
        });
    entries.keySet().removeAll(moved.keySet());
    moved.forEach((path, value) -> entries.put(path.rebase(from, to), value));
  }

  /** How many values are like that. */
  synchronized int count(Predicate<V> like) {
    return (int) entries.values().stream().filter(like).count();
  }

  synchronized void clear() {
    entries.clear();
  }
}
