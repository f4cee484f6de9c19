package colabfs.app;

import colabfs.cache.KeptContents;
import colabfs.cache.KeptLinks;
import colabfs.cache.KeptNames;
import colabfs.cache.disk.DiskCache;
import colabfs.fs.Local;
import colabfs.ssh.SshRemote;
import colabfs.writeback.PendingNames;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** The disk cache of one mount, where there is one. Threading: any thread. */
final class LocalCache implements AutoCloseable {
  private static final Logger LOG = System.getLogger(LocalCache.class.getName());

  private final @Nullable DiskCache disk;

  private LocalCache(@Nullable DiskCache disk) {
    this.disk = disk;
  }

  /** Never fails: a mount goes on without a cache. */
  static LocalCache open(MountOptions options, SshRemote remote, Places places) {
    long maxBytes = options.local().cacheBytes();
    if (maxBytes == 0) {
      return new LocalCache(null);
    }
    try {
      DiskCache disk =
          DiskCache.open(
              new DiskCache.Settings(
                  places.cache(remote.root()), maxBytes, DiskCache.Settings.DEFAULT_RESERVE_BYTES),
              Clock.systemUTC());
      if (disk != null) {
        disk.servedBy(remote.runtimeId());
        remote
            .link()
            .onChange(
                up -> {
                  if (up) {
                    disk.servedBy(remote.runtimeId());
                  }
                });
      }
      return new LocalCache(disk);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "no disk cache: {0}", e.getMessage());
      return new LocalCache(null);
    }
  }

  /** What is known on this machine. */
  Local with(PendingNames pending) {
    return disk == null
        ? new Local(KeptNames.NONE, KeptContents.NONE, KeptLinks.NONE, pending)
        : new Local(disk.names(), disk.contents(), disk.links(), pending);
  }

  /** Bytes on the disk. */
  long bytes() {
    return disk == null ? 0 : disk.bytes();
  }

  @Override
  public void close() {
    if (disk != null) {
      disk.close();
    }
  }
}
