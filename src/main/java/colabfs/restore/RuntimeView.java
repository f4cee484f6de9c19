package colabfs.restore;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a runtime has in some directories, asked for level by level. Threading: one thread. */
final class RuntimeView {
  private final Map<RemotePath, Map<String, FileAttrs>> listings = new HashMap<>();

  private RuntimeView() {}

  /**
   * Waits for the network.
   *
   * @param places parents before what is in them
   */
  static RuntimeView of(RemoteFs runtime, Iterable<RemotePath> places) throws FsException {
    RuntimeView view = new RuntimeView();
    Map<Integer, List<RemotePath>> levels = new HashMap<>();
    int deepest = 0;
    for (RemotePath place : places) {
      levels.computeIfAbsent(place.depth(), depth -> new ArrayList<>()).add(place);
      deepest = Math.max(deepest, place.depth());
    }
    for (int depth = 0; depth <= deepest; depth++) {
      view.look(runtime, levels.getOrDefault(depth, List.of()));
    }
    return view;
  }

  private void look(RemoteFs runtime, List<RemotePath> places) throws FsException {
    Map<RemotePath, CompletableFuture<List<DirEntry>>> asked = new HashMap<>();
    for (RemotePath place : places) {
      FileAttrs there = at(place);
      if (place.isRoot() || (there != null && there.isDirectory())) {
        asked.put(place, runtime.list(place));
      }
    }
    for (Map.Entry<RemotePath, CompletableFuture<List<DirEntry>>> listing : asked.entrySet()) {
      Map<String, FileAttrs> found = new HashMap<>();
      try {
        for (DirEntry entry : Answers.await(listing.getValue())) {
          found.put(entry.name(), entry.attrs());
        }
      } catch (FsException e) {
        if (e.errno() != Errno.ENOENT && e.errno() != Errno.EACCES) {
          throw e;
        }
      }
      listings.put(listing.getKey(), found);
    }
  }

  /** What is there under that name; null for nothing. Of the root nothing is known. */
  @Nullable FileAttrs at(RemotePath path) {
    RemotePath parent = path.parent();
    Map<String, FileAttrs> listing = parent == null ? null : listings.get(parent);
    return listing == null ? null : listing.get(path.name());
  }

  /** Something else than a directory is where the path or one above it should be one. */
  boolean isBlocked(@Nullable RemotePath directory) {
    for (RemotePath at = directory; at != null && !at.isRoot(); at = at.parent()) {
      FileAttrs there = at(at);
      if (there != null && !there.isDirectory()) {
        return true;
      }
    }
    return false;
  }

  /** Temporary files that an earlier restore has left. */
  List<RemotePath> leftOver() {
    List<RemotePath> left = new ArrayList<>();
    listings.forEach(
        (directory, names) ->
            names.keySet().stream()
                .filter(Sender::isTemporary)
                .forEach(name -> left.add(directory.child(name))));
    return left;
  }
}
