package colabfs.remote;

import colabfs.core.DirEntry;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** One snapshot of a {@link FakeTreeHelper}: nearest first, within bounds. */
final class FakeSnapshot {
  private final SnapshotBounds bounds;
  private final Source source;
  private final Consumer<Runnable> telling;
  private final SnapshotSink sink;
  private int entries;
  private boolean whole = true;

  /** Where listings come from; the directory is watched from then on. */
  @FunctionalInterface
  interface Source {
    Listing of(RemotePath directory) throws FsException;
  }

  /** What is in a directory. */
  record Listing(RemotePath directory, List<DirEntry> entries) {}

  FakeSnapshot(
      SnapshotBounds bounds, Source source, Consumer<Runnable> telling, SnapshotSink sink) {
    this.bounds = bounds;
    this.source = source;
    this.telling = telling;
    this.sink = sink;
  }

  boolean of(RemotePath directory) throws FsException {
    Deque<RemotePath> level = new ArrayDeque<>();
    level.add(directory);
    for (int depth = 0; !level.isEmpty(); depth++) {
      if (depth == bounds.depth()) {
        return false;
      }
      Deque<RemotePath> next = new ArrayDeque<>();
      for (RemotePath each : level) {
        Listing listing = source.of(each);
        if (entries + listing.entries().size() > bounds.entries()) {
          whole = false;
          continue;
        }
        entries += listing.entries().size();
        telling.accept(() -> sink.listing(each, listing.entries(), true));
        for (DirEntry entry : listing.entries()) {
          if (entry.attrs().isDirectory()) {
            next.add(each.child(entry.name()));
          }
        }
      }
      level = next;
    }
    return whole;
  }
}
