package colabfs.cache.disk;

import static colabfs.cache.disk.Kept.bytes;
import static colabfs.cache.disk.Kept.file;
import static colabfs.cache.disk.Kept.open;

import colabfs.core.RemotePath;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Changes files whose size and time never change, as an unpacked archive's do, telling on its
 * output what each is now: {@code DiskCacheProcess DIRECTORY SEED}, until it is killed.
 */
final class DiskCacheProcess {
  static final int FILES = 20;
  static final int LENGTH = 20_000;

  private DiskCacheProcess() {}

  static byte[] content(int file, int generation) {
    return bytes(file * 1_000_000L + generation, LENGTH);
  }

  static String path(int file) {
    return "/f" + file;
  }

  public static void main(String[] args) {
    Random random = new Random(Long.parseLong(args[1]));
    Map<Integer, Integer> generations = new HashMap<>();
    try (DiskCache cache = open(Path.of(args[0]))) {
      while (true) {
        int number = random.nextInt(FILES);
        if (random.nextBoolean()) {
          file(cache, path(number), LENGTH)
              .keep(0, content(number, generations.getOrDefault(number, 0)));
        } else {
          cache.contents().forget(RemotePath.of(path(number)));
          int generation = generations.merge(number, 1, Integer::sum);
          System.out.println(number + " " + generation);
          System.out.flush();
        }
      }
    }
  }
}
