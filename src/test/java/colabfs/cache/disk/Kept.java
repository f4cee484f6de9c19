package colabfs.cache.disk;

import colabfs.cache.KeptContents.KeptFile;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.remote.RuntimeId;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What the tests of the disk cache have in common. */
final class Kept {
  static final RuntimeId RUNTIME = new RuntimeId("1".repeat(32), "boot", "SHA256:key");

  /** The second of a version that is old by any clock. */
  static final long OLD = 1_000_000;

  private Kept() {}

  static @Nullable DiskCache open(Path directory, long maxBytes, long reserveBytes) {
    DiskCache cache =
        DiskCache.open(
            new DiskCache.Settings(directory, maxBytes, reserveBytes), InstantSource.system());
    if (cache != null) {
      cache.servedBy(RUNTIME);
      cache.await();
    }
    return cache;
  }

  static DiskCache open(Path directory) {
    DiskCache cache = open(directory, 1L << 30, 0);
    if (cache == null) {
      throw new IllegalStateException("taken");
    }
    return cache;
  }

  static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  static FileAttrs attrs(long size) {
    return new FileAttrs(
        FileType.REGULAR, 0644, 1, 2, size, 3, 4_000_000_005L, 6_000_000_007L, 8, 1);
  }

  static KeptFile file(DiskCache cache, String path, long size) {
    return cache.contents().file(RemotePath.of(path), size, OLD);
  }
}
