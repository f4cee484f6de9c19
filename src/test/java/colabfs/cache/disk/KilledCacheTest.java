package colabfs.cache.disk;

import static colabfs.cache.disk.DiskCacheProcess.LENGTH;
import static colabfs.cache.disk.DiskCacheProcess.content;
import static colabfs.cache.disk.DiskCacheProcess.path;
import static colabfs.cache.disk.Kept.file;
import static colabfs.cache.disk.Kept.open;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed while it fills a cache: what was forgotten does not come back. */
@Timeout(120)
final class KilledCacheTest {
  private static final int KILLS = 6;
  private static final int MAX_LINES = 400;

  @TempDir Path directory;

  @Test
  void killedProcess_leavesNothingThatItHadForgotten() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int served = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path place = Files.createDirectory(directory.resolve("c" + kill));
      Map<Integer, Integer> generations = runAndKill(place, random);
      try (DiskCache cache = open(place)) {
        for (int i = 0; i < DiskCacheProcess.FILES; i++) {
          byte[] block = file(cache, path(i), LENGTH).block(0, LENGTH, true);
          if (block != null) {
            served++;
            assertThat(block)
                .as("seed %d, kill %d, file %d", seed, kill, i)
                .isEqualTo(content(i, generations.getOrDefault(i, 0)));
          }
        }
      }
    }
    assertThat(served).as("seed %d", seed).isPositive();
  }

  /** What the process said of each file before it was killed. */
  private static Map<Integer, Integer> runAndKill(Path place, Random random)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                    DiskCacheProcess.class.getName(),
                    place.toString(),
                    Long.toString(random.nextLong())))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    Map<Integer, Integer> generations = new HashMap<>();
    int lines = 1 + random.nextInt(MAX_LINES);
    try (BufferedReader said = process.inputReader()) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        String[] words = line.split(" ", 2);
        generations.put(Integer.valueOf(words[0]), Integer.valueOf(words[1]));
        if (--lines == 0) {
          process.toHandle().destroyForcibly(); // which leaves what it said to be read
        }
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    return generations;
  }
}
