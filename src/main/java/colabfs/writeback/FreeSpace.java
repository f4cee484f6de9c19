package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Whether the runtime's disk has room for what is written, as far as was last heard; asked again in
 * the background while something is written. Threading: any thread; never waits.
 */
final class FreeSpace {
  private static final Duration BELIEVED = Duration.ofSeconds(5);

  private final RemoteFs remote;
  private final AtomicBoolean asking = new AtomicBoolean();
  private volatile @Nullable Heard heard;

  private record Heard(long freeBytes, long atNanos) {}

  FreeSpace(RemoteFs remote) {
    this.remote = remote;
  }

  /** ENOSPC when so many bytes more than are pending do not fit. */
  void check(long pendingBytes, int moreBytes) throws FsException {
    Heard last = heard;
    if (last == null || System.nanoTime() - last.atNanos() > BELIEVED.toNanos()) {
      ask();
    }
    if (last != null && pendingBytes + moreBytes > last.freeBytes()) {
      throw new FsException(
          Errno.ENOSPC,
          "the runtime's disk is full: %d bytes are free there, and %d are on their way"
              .formatted(last.freeBytes(), pendingBytes));
    }
  }

  private void ask() {
    if (asking.compareAndSet(false, true)) {
      var unused =
          remote
              .statvfs(RemotePath.ROOT)
              .whenComplete(
                  (stats, failure) -> {
                    if (failure == null) {
                      heard = new Heard(freeBytes(stats), System.nanoTime());
                    }
                    asking.set(false);
                  });
    }
  }

  private static long freeBytes(FsStats stats) {
    return stats.blocksAvailable() * stats.blockSizeBytes();
  }
}
