package colabfs.writeback;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import colabfs.remote.ContentSink;
import colabfs.remote.RemoteTree;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.SnapshotSink;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeListener;
import colabfs.writeback.Names.Name;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a helper tells of a runtime's files, with what is pending laid over it. Of a name that is
 * pending, nothing is told before its changes are on the runtime; changes are not made this way.
 *
 * <p>Threading: any thread; no call waits, but for the local disk.
 */
final class JournaledTree implements RemoteTree {
  /** Beyond these, news of what is pending are not kept: its own arrival tells of itself. */
  private static final int MAX_HELD = 100_000;

  private final RemoteTree tree;
  private final Sight sight;

  JournaledTree(RemoteTree tree, Sight sight) {
    this.tree = tree;
    this.sight = sight;
  }

  @Override
  public boolean isUp() {
    return tree.isUp();
  }

  @Override
  public void listen(TreeListener listener) {
    tree.listen(new Settled(listener));
  }

  @Override
  public CompletableFuture<Void> caughtUp() {
    return tree.caughtUp();
  }

  @Override
  public CompletableFuture<Boolean> snapshot(
      RemotePath directory, SnapshotBounds bounds, SnapshotSink sink) {
    if (sight.settled(directory) != null) {
      return pending(directory);
    }
    Map<RemotePath, Map<String, Name>> before = sight.pending();
    return tree.snapshot(
        directory,
        bounds,
        (listed, entries, watched) -> {
          if (sight.settled(listed) == null) {
            List<DirEntry> shown =
                sight.laid(listed, before.getOrDefault(listed, Map.of()), entries);
            sink.listing(listed, shown, watched);
          }
        });
  }

  @Override
  public CompletableFuture<Void> contents(
      List<RemotePath> files, long maxFileBytes, ContentSink sink) {
    List<RemotePath> asked = files.stream().filter(file -> sight.settled(file) == null).toList();
    return tree.contents(
        asked,
        maxFileBytes,
        new ContentSink() {
          @Override
          public void content(RemotePath file, FileAttrs attrs, byte[] content) {
            if (sight.settled(file) == null) {
              sink.content(file, attrs, content);
            }
          }

          @Override
          public void leftOut(RemotePath file, Errno why) {
            sink.leftOut(file, why);
          }
        });
  }

  @Override
  public CompletableFuture<TreeChange.Done> apply(TreeChange change) {
    return CompletableFuture.failedFuture(
        new FsException(Errno.EPERM, change.path() + ": changes go through the journal"));
  }

  @Override
  public CompletableFuture<BlockDigests> digests(RemotePath file, int blockBytes) {
    return sight.settled(file) == null ? tree.digests(file, blockBytes) : pending(file);
  }

  private static <T> CompletableFuture<T> pending(RemotePath path) {
    return CompletableFuture.failedFuture(
        new FsException(Errno.ENOTCONN, path + " is not on the runtime yet as it is here"));
  }

  /** Holds news of what is pending until it is not. */
  private final class Settled implements TreeListener {
    private final TreeListener listener;
    private final Set<RemotePath> held = ConcurrentHashMap.newKeySet();

    Settled(TreeListener listener) {
      this.listener = listener;
    }

    @Override
    public void up() {
      listener.up();
    }

    @Override
    public void down() {
      held.clear();
      listener.down();
    }

    @Override
    public void changed(RemotePath path, @Nullable FileAttrs attrs) {
      if (!sight.isTemporary(path) && !isHeld(path)) {
        listener.changed(path, attrs);
      }
    }

    @Override
    public void doubted(RemotePath path) {
      if (!isHeld(path)) {
        listener.doubted(path);
      }
    }

    @Override
    public void lost(RemotePath directory) {
      listener.lost(directory);
    }

    /** What was told of a pending name is outdated when it is not pending any more. */
    private boolean isHeld(RemotePath path) {
      CompletableFuture<Void> settled = sight.settled(path);
      if (settled == null) {
        return false;
      }
      if (held.size() < MAX_HELD && held.add(path)) {
        var unused =
            settled.thenRun(
                () -> {
                  held.remove(path);
                  doubted(path);
                });
      }
      return true;
    }
  }
}
