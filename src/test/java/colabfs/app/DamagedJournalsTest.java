package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.control.ProcessIdentity;
import colabfs.control.RunningMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DamagedJournalsTest {
  @TempDir Path directory;

  private static RunningMount mount(@Nullable Path journal) {
    return new RunningMount(
        "p", Path.of("/mnt"), "/content", false, journal, ProcessIdentity.own(), Instant.EPOCH);
  }

  @Test
  void damagedOnes_areNamed_theOldestFirst() throws IOException {
    Path later = Files.createFile(directory.resolve("damaged-20261121T101500Z-journal-3"));
    Path first = Files.createFile(directory.resolve("damaged-20261120T101500Z-journal-1"));
    Files.createFile(directory.resolve("journal-4"));
    assertThat(DamagedJournals.of(mount(directory))).containsExactly(first, later);
  }

  @Test
  void withoutAJournal_thereAreNone() {
    assertThat(DamagedJournals.of(mount(null))).isEmpty();
    assertThat(DamagedJournals.of(mount(directory.resolve("gone")))).isEmpty();
  }
}
