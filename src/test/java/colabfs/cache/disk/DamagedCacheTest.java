package colabfs.cache.disk;

import static colabfs.cache.disk.Kept.attrs;
import static colabfs.cache.disk.Kept.bytes;
import static colabfs.cache.disk.Kept.file;
import static colabfs.cache.disk.Kept.open;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.KeptNames;
import colabfs.core.DirEntry;
import colabfs.core.RemotePath;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files of a cache that were cut, overwritten or swapped: what is served is what was kept. */
@Timeout(120)
final class DamagedCacheTest {
  private static final int ROUNDS = Integer.getInteger("colabfs.cache.rounds", 60);
  private static final int FILES = 60;
  private static final int LENGTH = 3000;

  @TempDir Path directory;

  @Test
  void damagedFiles_neverServeWrongBytes() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      String state = "seed " + seed + ", round " + round;
      Path place = Files.createDirectory(directory.resolve("c" + round));
      fill(place);
      damage(place, random);
      try (DiskCache cache = open(place)) {
        check(cache, state);
        // And it goes on as a cache.
        file(cache, "/new", 10).keep(0, bytes(1, 10));
        cache.await();
        assertThat(file(cache, "/new", 10).block(0, 10, false))
            .as(state)
            .satisfiesAnyOf(
                bytes -> assertThat(bytes).isNull(),
                bytes -> assertThat(bytes).isEqualTo(bytes(1, 10)));
      }
    }
  }

  private static KeptNames.Entries entries(int i) {
    return new KeptNames.Entries(i % 2 == 0, List.of(new DirEntry("n" + i, attrs(i))));
  }

  private static void fill(Path place) {
    try (DiskCache cache = open(place)) {
      for (int i = 0; i < FILES; i++) {
        file(cache, "/f" + i, LENGTH).keep(0, bytes(i, LENGTH));
        int number = i;
        cache.names().changed(RemotePath.of("/d" + i), () -> entries(number));
        cache.links().keep(RemotePath.of("/l" + i), "target" + i, i, i);
      }
    }
  }

  private static void check(DiskCache cache, String state) {
    for (int i = 0; i < FILES; i++) {
      byte[] block = file(cache, "/f" + i, LENGTH).block(0, LENGTH, true);
      if (block != null) {
        assertThat(block).as(state).isEqualTo(bytes(i, LENGTH));
      }
      KeptNames.Entries names = cache.names().directory(RemotePath.of("/d" + i));
      if (names != null) {
        assertThat(names).as(state).isEqualTo(entries(i));
      }
      String text = cache.links().text(RemotePath.of("/l" + i), i, i);
      if (text != null) {
        assertThat(text).as(state).isEqualTo("target" + i);
      }
    }
  }

  private static void damage(Path place, Random random) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(place)) {
      files = all.filter(file -> !file.endsWith("lock")).sorted().toList();
    }
    Path file = files.get(random.nextInt(files.size()));
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      int length = (int) raw.length();
      switch (random.nextInt(4)) {
        case 0 -> raw.setLength(random.nextInt(length));
        case 1 -> {
          for (int i = 0; i < 20; i++) {
            raw.seek(random.nextInt(length));
            raw.write(random.nextInt(256));
          }
        }
        case 2 -> {
          byte[] piece = bytes(random.nextLong(), 1 + random.nextInt(5000));
          raw.seek(random.nextInt(length));
          raw.write(piece);
        }
        default -> {
          byte[] piece = new byte[Math.min(length, 4096)];
          raw.seek(random.nextInt(length - piece.length + 1));
          raw.readFully(piece);
          raw.seek(random.nextInt(length - piece.length + 1));
          raw.write(piece);
        }
      }
    }
  }
}
