package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.KeptContents.KeptFile;
import colabfs.cache.disk.DiskCache;
import colabfs.core.RemotePath;
import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk cache on a disk that gets full, by it and by others. */
@Timeout(120)
final class FullCacheIT {
  private static final int MEGABYTES = 32;
  private static final int LENGTH = 128 * 1024;
  private static final int FILES = 600;
  private static final long OLD = 1_000_000;

  @TempDir Path directory;

  private static byte[] content(int file) {
    byte[] bytes = new byte[LENGTH];
    new Random(file).nextBytes(bytes);
    return bytes;
  }

  private DiskCache open(Path place, long reserveBytes) {
    DiskCache cache =
        DiskCache.open(
            new DiskCache.Settings(place, 1L << 30, reserveBytes), InstantSource.system());
    Objects.requireNonNull(cache).servedBy(RuntimeId.UNKNOWN);
    return cache;
  }

  private static KeptFile file(DiskCache cache, int number) {
    return cache.contents().file(RemotePath.of("/f" + number), LENGTH, OLD);
  }

  /** Keeps all files, and counts those that are served; they are what they were. */
  private static int fillAndCount(DiskCache cache) {
    for (int i = 0; i < FILES; i++) {
      file(cache, i).keep(0, content(i));
      if (i % 50 == 0) {
        cache.tickAndWait();
      }
    }
    cache.tickAndWait();
    return count(cache);
  }

  private static int count(DiskCache cache) {
    int served = 0;
    for (int i = 0; i < FILES; i++) {
      byte[] block = file(cache, i).block(0, LENGTH, true);
      if (block != null) {
        assertThat(block).isEqualTo(content(i));
        served++;
      }
    }
    return served;
  }

  @Test
  void fullDisk_leavesRoomForOthers_andServesWhatIsThere() throws Exception {
    try (SmallDisk disk = new SmallDisk(directory.resolve("disk"), MEGABYTES)) {
      assertThat(disk).isNotNull();
      Path place = Files.createDirectory(directory.resolve("disk/cache"));
      try (DiskCache cache = open(place, 10L << 20)) {
        assertThat(fillAndCount(cache)).isPositive();
        assertThat(usable(place)).isGreaterThan(10L << 20);
        Files.write(directory.resolve("disk/others"), new byte[9 << 20]);
        cache.tickAndWait();
        assertThat(usable(place)).isGreaterThan(5L << 20);
        int unused = count(cache); // each is what it was
      }
      try (DiskCache cache = open(place, 0)) {
        int unused = count(cache); // each is what it was
      }
    }
  }

  @Test
  void diskThatIsFullWithoutWarning_isAPause() throws Exception {
    try (SmallDisk disk = new SmallDisk(directory.resolve("disk"), MEGABYTES)) {
      assertThat(disk).isNotNull();
      Path place = Files.createDirectory(directory.resolve("disk/cache"));
      try (DiskCache cache = open(place, 0)) {
        fillAndCount(cache);
        cache.contents().forget(RemotePath.of("/f1"));
        assertThat(file(cache, 1).block(0, LENGTH, true)).isNull();
      }
      try (DiskCache cache = open(place, 0)) {
        assertThat(file(cache, 1).block(0, LENGTH, true)).isNull();
        int unused = count(cache); // each is what it was
      }
    }
  }

  private static long usable(Path place) throws IOException {
    return Files.getFileStore(place).getUsableSpace();
  }
}
