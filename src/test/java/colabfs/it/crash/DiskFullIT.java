package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.Cli;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk is full, on the runtime or here: programs and people are told, and nothing is lost. */
@Timeout(300)
final class DiskFullIT {
  private static final int MEGABYTE = 1 << 20;

  @TempDir Path directory;

  @Test
  void runtimesDiskFull_changesAreKeptAndShown_andArriveWhenThereIsRoom() throws Exception {
    try (SmallDisk disk = new SmallDisk(directory.resolve("server/content/small"), 4);
        FaultyRuntime runtime = new FaultyRuntime(directory, Duration.ZERO, 0)) {
      runtime.mount();
      Path small = runtime.mountpoint.resolve("small");
      Ledger ledger = new Ledger(small);
      Random random = new Random(5);
      ledger.take(new Step.Mkdir("d"));
      for (int i = 0; i < 7; i++) {
        ledger.take(new Step.Write("d/f" + i, FileWork.content(MEGABYTE, random), i % 2 == 0));
      }
      Cli.Ended flushed = runtime.cli.colabfs("flush", runtime.mountpoint.toString());
      assertThat(flushed.status()).isNotZero();
      assertThat(flushed.err()).contains("pending");

      List<JsonNode> refused = refused(runtime);
      assertThat(refused).isNotEmpty();
      assertThat(refused)
          .allSatisfy(
              change -> {
                assertThat(change.path("path").asText()).startsWith("/small/d/f");
                assertThat(change.path("error").asText()).isEqualTo("ENOSPC");
                assertThat(change.path("reason").asText()).contains("pending retry");
              });
      assertThat(runtime.status().path("pending").path("refused").asInt()).isPositive();
      assertThat(runtime.cli.works("status").out()).contains("pending");
      assertThat(ledger.settle(Tree.of(small))).isEmpty();

      runtime.mounted.kill();
      runtime.mount();
      assertThat(ledger.settle(Tree.of(small))).as(runtime::log).isEmpty();
      runtime.mounted.inMount("echo elsewhere > there && colabfs flush there");
      assertThat(runtime.root.resolve("there")).hasContent("elsewhere\n");

      disk.resize(64);
      runtime.cli.works("pending", "retry", runtime.mountpoint.toString());
      runtime.flush();
      assertThat(runtime.pending().path("pending")).isEmpty();
      assertThat(ledger.settle(Tree.of(small))).as(runtime::log).isEmpty();
      // the test sees the disk itself where the mount's server does
      runtime.assertRuntimeEqualsMount();
    }
  }

  private static List<JsonNode> refused(FaultyRuntime runtime) throws Exception {
    List<JsonNode> refused = new ArrayList<>();
    for (JsonNode change : runtime.pending().path("pending")) {
      if (change.path("state").asText().equals("refused")) {
        refused.add(change);
      }
    }
    return refused;
  }

  @Test
  void localDiskFull_programsAreTold_andNothingAcknowledgedIsLost() throws Exception {
    try (SmallDisk disk = new SmallDisk(directory.resolve("user/state"), 3);
        FaultyRuntime runtime = new FaultyRuntime(directory, Duration.ZERO, 0)) {
      runtime.mount();
      Path place = Files.createDirectory(runtime.mountpoint.resolve("d"));
      runtime.flush();
      runtime.cut();
      Ledger ledger = new Ledger(place);
      IOException refusal = writeUntilRefused(ledger);
      assertThat(refusal)
          .rootCause()
          .isInstanceOf(IOException.class)
          .hasMessageContaining("No space left on device");
      assertThat(ledger.steps()).isGreaterThan(3);
      assertThat(ledger.settle(Tree.of(place))).as(runtime::log).isEmpty();

      runtime.mounted.kill();
      runtime.restore();
      runtime.mount();
      assertThat(ledger.settle(Tree.of(place))).as(runtime::log).isEmpty();
      runtime.flush();
      disk.resize(32);
      ledger.take(new Step.Write("after", "works again", true));
      runtime.flush();
      assertThat(ledger.settle(Tree.of(place))).as(runtime::log).isEmpty();
      runtime.assertRuntimeEqualsMount();
    }
  }

  private static IOException writeUntilRefused(Ledger ledger) {
    Random random = new Random(11);
    try {
      for (int i = 0; i < 1000; i++) {
        ledger.take(new Step.Write("f" + i, FileWork.content(100_000, random), false));
      }
    } catch (IOException e) {
      return e;
    }
    throw new AssertionError("100 MB were taken on a disk of 3");
  }
}
