package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file whose content or attributes were changed here, or may be, as it is open. Threading:
 * guarded by the lock of the {@link Journal} that it belongs to.
 */
final class PendingFile {
  final long number;

  /** Its names; none when it was removed. */
  final Set<RemotePath> names = new LinkedHashSet<>();

  /** As programs here are shown it. */
  FileAttrs attrs;

  /** What the runtime has of it, as far as is known; null for nothing. */
  @Nullable FileAttrs remote;

  /** Under which name the runtime has it, if at all, when that many jobs were made and are done. */
  RemotePath remoteAt;

  long placedAfter;

  /**
   * Counts the contents that the runtime was given: an open handle there may be of an older one.
   */
  int versions;

  /** What brings it under that name; null when it is there. */
  @Nullable Job arrival;

  /** Changes of the content that have not arrived, oldest first; each is one job's. */
  final Deque<Layer> layers = new ArrayDeque<>();

  /** The last job that is about it and not done. */
  @Nullable Job last;

  /** How many jobs are about it. */
  int jobs;

  /** Open handles. */
  int handles;

  /** What became of its changes and no program was told, or null. */
  @Nullable Job untold;

  /** Its changes were given up by a person. */
  boolean discarded;

  PendingFile(
      long number, RemotePath path, FileAttrs attrs, @Nullable FileAttrs remote, long placedAfter) {
    this.number = number;
    this.names.add(path);
    this.remoteAt = path;
    this.placedAfter = placedAfter;
    this.attrs = attrs;
    this.remote = remote;
  }

  /** One of its names; null when it has none. */
  @Nullable RemotePath path() {
    return names.isEmpty() ? null : names.iterator().next();
  }

  /** Whether it has, or will have, several names here. */
  boolean isLinked() {
    return names.size() > 1 || (remote != null && remote.links() > 1);
  }

  void rename(RemotePath from, RemotePath to) {
    if (names.remove(from)) {
      names.add(to);
    }
  }
}
