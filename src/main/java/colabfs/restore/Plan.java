package colabfs.restore;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.restore.RestoreReport.Item;
import colabfs.writeback.Replacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime should have so that it is as it was before the pending changes, as far as it is
 * known here. Threading: one thread.
 */
final class Plan {
  /** By where they are on the runtime, parents first. */
  final Map<RemotePath, Directory> directories = new TreeMap<>();

  final List<Link> links = new ArrayList<>();
  final List<File> files = new ArrayList<>();

  /** Pending contents whose file need not be there: they bring all of it. */
  final List<File> replaced = new ArrayList<>();

  /** What cannot be sent. */
  final List<Item> left = new ArrayList<>();

  /**
   * A directory.
   *
   * @param local as programs here see it
   * @param attrs null for one of which nothing is known but that it is needed
   */
  record Directory(RemotePath local, @Nullable FileAttrs attrs) {}

  /** A link with its text. */
  record Link(RemotePath local, RemotePath origin, String text) {}

  /**
   * A file.
   *
   * @param origin where the runtime has it, before the pending changes
   * @param attrs in the version that is known here
   * @param pending the change that takes its place or changes it, or null
   */
  record File(
      RemotePath local, RemotePath origin, FileAttrs attrs, @Nullable Replacement pending) {}

  /** A directory that something needs, and those above it. */
  void need(@Nullable RemotePath directory) {
    for (RemotePath at = directory; at != null && !at.isRoot(); at = at.parent()) {
      directories.putIfAbsent(at, new Directory(at, null));
    }
  }

  /** Every directory of the runtime that the plan says something about, parents first. */
  Iterable<RemotePath> places() {
    TreeSet<RemotePath> places = new TreeSet<>(directories.keySet());
    places.add(RemotePath.ROOT);
    return places;
  }
}
