package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;

/**
 * Remembers the times that local programs were shown, where the runtime knows only whole seconds,
 * or has a time of its own for a change that was made here: for as long as the runtime's size and
 * seconds still agree, the times as shown do not move. Threading: any thread.
 */
final class TimeKeeper {
  private static final int MAX_ENTRIES = 100_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final PathTable<Kept> kept = new PathTable<>(MAX_ENTRIES);

  private record Kept(long sizeBytes, long atimeNanos, long mtimeNanos, long ctimeNanos) {
    boolean agreesWith(FileAttrs attrs) {
      return attrs.sizeBytes() == sizeBytes && agree(attrs.mtimeNanos(), mtimeNanos);
    }
  }

  /** These times were shown, and the runtime has the same mtime in whole seconds. */
  void keep(RemotePath path, FileAttrs shown) {
    kept.put(
        path,
        new Kept(shown.sizeBytes(), shown.atimeNanos(), shown.mtimeNanos(), shown.ctimeNanos()));
  }

  FileAttrs shown(RemotePath path, FileAttrs attrs) {
    Kept known = kept.get(path);
    if (known == null || !known.agreesWith(attrs)) {
      return attrs;
    }
    long atime =
        seconds(attrs.atimeNanos()) == seconds(known.atimeNanos())
            ? known.atimeNanos()
            : attrs.atimeNanos();
    return attrs.withTimes(atime, known.mtimeNanos(), known.ctimeNanos());
  }

  void forget(RemotePath path) {
    kept.remove(path);
  }

  void renamed(RemotePath from, RemotePath to, boolean tree) {
    if (tree) {
      kept.renamedTree(from, to);
    } else {
      kept.renamed(from, to);
    }
  }

  /** The runtime keeps an mtime as whole seconds: what it says after it was told this time. */
  static long seconds(long nanos) {
    return Math.floorDiv(nanos, NANOS_PER_SECOND);
  }

  /** Whether both are the same time, as exactly as both tell. */
  static boolean agree(long oneNanos, long otherNanos) {
    return oneNanos == otherNanos
        || (seconds(oneNanos) == seconds(otherNanos)
            && (wholeSeconds(oneNanos) || wholeSeconds(otherNanos)));
  }

  private static boolean wholeSeconds(long nanos) {
    return Math.floorMod(nanos, NANOS_PER_SECOND) == 0;
  }
}
