package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mounts that promise more than write-back does: what returned is on the runtime. */
@Timeout(180)
final class SyncModeIT {
  @TempDir Path directory;
  private FaultyRuntime runtime;

  @BeforeEach
  void start() throws Exception {
    runtime = new FaultyRuntime(directory, Duration.ofMillis(20), 0);
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void sync_whatIsClosedIsOnTheRuntime() throws Exception {
    runtime.mount("--sync");
    new Step.Write("f", "closed", false).run(runtime.mountpoint);
    assertThat(runtime.root.resolve("f")).hasContent("closed");
    new Step.Rename("f", "g").run(runtime.mountpoint);
    assertThat(runtime.root.resolve("g")).hasContent("closed");
    Files.delete(runtime.mountpoint.resolve("g"));
    assertThat(runtime.root).isEmptyDirectory();
  }

  @Test
  void fsyncOfTheRemote_whatIsSyncedIsOnTheRuntime() throws Exception {
    runtime.mount("--fsync=remote");
    for (int i = 0; i < 5; i++) {
      new Step.Write("f" + i, "synced " + i, true).run(runtime.mountpoint);
      assertThat(runtime.root.resolve("f" + i)).hasContent("synced " + i);
    }
  }
}
