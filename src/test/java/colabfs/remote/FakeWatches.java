package colabfs.remote;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a {@link FakeTreeHelper} watches. Threading: guarded by what holds it. */
final class FakeWatches {
  private final Map<RemotePath, Map<String, FileAttrs>> watched = new TreeMap<>();

  /** Takes news: null attributes when the name is gone. */
  @FunctionalInterface
  interface Changed {
    void tell(RemotePath path, @Nullable FileAttrs attrs);
  }

  void add(FakeSnapshot.Listing listing) {
    watched.put(listing.directory(), byName(listing));
  }

  void drop(RemotePath below) {
    watched.keySet().removeIf(each -> each.startsWith(below));
  }

  void clear() {
    watched.clear();
  }

  List<RemotePath> all() {
    return List.copyOf(watched.keySet());
  }

  /** Tells what is not as it was. */
  void look(FakeSnapshot.Source source, Changed changed) {
    for (RemotePath directory : all()) {
      Map<String, FileAttrs> before = watched.getOrDefault(directory, Map.of());
      try {
        Map<String, FileAttrs> now = byName(source.of(directory));
        watched.put(directory, now);
        tell(directory, before, now, changed);
      } catch (FsException e) {
        watched.remove(directory); // it is gone, and so is the watch
      }
    }
  }

  private static void tell(
      RemotePath directory,
      Map<String, FileAttrs> before,
      Map<String, FileAttrs> now,
      Changed changed) {
    before.forEach(
        (name, attrs) -> {
          if (!now.containsKey(name)) {
            changed.tell(directory.child(name), null);
          }
        });
    now.forEach(
        (name, attrs) -> {
          if (!attrs.equals(before.get(name))) {
            changed.tell(directory.child(name), attrs);
          }
        });
  }

  private static Map<String, FileAttrs> byName(FakeSnapshot.Listing listing) {
    Map<String, FileAttrs> all = new HashMap<>();
    for (DirEntry entry : listing.entries()) {
      all.put(entry.name(), entry.attrs());
    }
    return all;
  }
}
