package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** No helper, ever. */
final class NoTree implements RemoteTree {
  private static <T> CompletableFuture<T> none() {
    return CompletableFuture.failedFuture(
        new FsException(Errno.ENOTCONN, "there is no helper on the runtime"));
  }

  @Override
  public boolean isUp() {
    return false;
  }

  @Override
  public void listen(TreeListener listener) {}

  @Override
  public CompletableFuture<Void> caughtUp() {
    return none();
  }

  @Override
  public CompletableFuture<Boolean> snapshot(
      RemotePath directory, SnapshotBounds bounds, SnapshotSink sink) {
    return none();
  }

  @Override
  public CompletableFuture<Void> contents(
      List<RemotePath> files, long maxFileBytes, ContentSink sink) {
    return none();
  }

  @Override
  public CompletableFuture<TreeChange.Done> apply(TreeChange change) {
    return none();
  }

  @Override
  public CompletableFuture<BlockDigests> digests(RemotePath file, int blockBytes) {
    return none();
  }
}
