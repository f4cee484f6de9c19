package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.writeback.Layer.Extent;
import colabfs.writeback.Upload.Found;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What those who carry one job need of the uploader, which is also the executor of all their steps.
 * Threading: the uploader's thread.
 */
interface Carrier extends Executor {

  /** What the names of temporary files have in common. */
  String id();

  /** Whether a new file could not be given that one's owner. */
  boolean ownsNot(FileAttrs attrs);

  /** What the runtime has under a name. */
  CompletableFuture<Found> look(RemotePath path);

  /** For who need not look. */
  CompletableFuture<Found> notLooked();

  /**
   * Goes on as soon as no earlier change is to be seen first; from then on the runtime may have
   * been changed, and nothing joins the job any more. Cancelled when something has joined it.
   *
   * @param changes what had joined the job when it was looked at
   */
  CompletableFuture<Void> atItsTurn(Job job, int changes, Supplier<CompletableFuture<Void>> step);

  /** The same, at once. */
  CompletableFuture<Void> now(Job job, int changes, Supplier<CompletableFuture<Void>> step);

  /** A temporary file is about to be made. */
  void staging(Job job, RemotePath temporary);

  /** The runtime was told: what comes after it may be told, too. */
  void shown(Job job);

  /** A helper was given it: what may follow it there is given, too. */
  void handed(Job job);

  /** It is done; asks what the runtime has there now. */
  CompletableFuture<Void> arrived(Job job, RemotePath path);

  /** It is done. */
  CompletableFuture<Void> done(Job job, @Nullable FileAttrs result);

  /**
   * Somebody else's version is where this side's was to be: this one, which lies under a temporary
   * name, gets one beside it.
   */
  CompletableFuture<Void> conflict(Job job, RemotePath path, RemotePath temporary, String what);

  /** Somebody else's version stays as it is, and this side's change is not made. */
  CompletableFuture<Void> stays(Job job, RemotePath path, String what);

  /** Removes a temporary file, without waiting. */
  void remove(RemotePath temporary);

  /**
   * Writes pieces from the journal, many in flight.
   *
   * @param behind done when the last is on its way
   */
  CompletableFuture<Void> writeAll(RemoteFile handle, List<List<Extent>> pieces, Runnable behind);
}
