package colabfs.remote;

import colabfs.core.RemotePath;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Bulk work on the files below the mounted root, by a helper that runs on the runtime. It comes and
 * goes with the connection, and where the runtime cannot run it there is none: whoever uses it has
 * a way without.
 *
 * <p>Every answer and every piece of news is given out in the order in which the helper saw the
 * file system: an answer that comes later was never seen earlier. What the helper says is not
 * trusted to be sane, only to be well-formed: names are file names, numbers are in range, and
 * nothing is told of what is not below what was asked for.
 *
 * <p>Threading: any thread. Sinks, listeners and futures are called on one thread of the
 * implementation's, which must not be blocked.
 *
 * <p>Errors: a future ends with an {@link colabfs.core.FsException}: ENOTCONN when there is no
 * helper, or it went before it had answered (a change may or may not have been made then), and what
 * the runtime said otherwise.
 */
public interface RemoteTree {

  /** There is never a helper. */
  RemoteTree NONE = new NoTree();

  /** Whether the helper can be asked now. */
  boolean isUp();

  /** Tells from now on, beginning with {@link TreeListener#up} when the helper is there. */
  void listen(TreeListener listener);

  /** Ends when every change that was made on the runtime before this was asked has been told. */
  CompletableFuture<Void> caughtUp();

  /**
   * The listings of a directory and of all below it, each directory before those in it, nearest
   * first, until a bound is reached. Directories are watched from before they are read. Links are
   * not followed, and other file systems are entered.
   *
   * @return ends when all has been given to the sink: true when nothing was left out for a bound
   */
  CompletableFuture<Boolean> snapshot(
      RemotePath directory, SnapshotBounds bounds, SnapshotSink sink);

  /**
   * The contents of regular files, in the order given. A file that is longer than the bound, that
   * changed while it was read, or that cannot be read, is answered without content.
   *
   * @param maxFileBytes longer files are left out
   */
  CompletableFuture<Void> contents(List<RemotePath> files, long maxFileBytes, ContentSink sink);

  /**
   * Makes a change. Changes that are handed over one after the other by one thread are made in that
   * order, without waiting for each other's answers: what depends on one that failed fails by
   * itself, or does not if it need not.
   *
   * @return what the name is after it; null when it is gone
   */
  CompletableFuture<TreeChange.Done> apply(TreeChange change);

  /**
   * Digests of a regular file's blocks, the last one of what is left.
   *
   * @param blockBytes a power of two, from 4 KiB to 16 MiB
   */
  CompletableFuture<BlockDigests> digests(RemotePath file, int blockBytes);
}
