package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a runtime with a GPU tells of itself; the GPU is a program of the test's. */
@Timeout(180)
final class MachineIT {
  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;

  @BeforeEach
  void start() throws Exception {
    Path bin = Files.createDirectories(directory.resolve("bin"));
    Path smi = bin.resolve("nvidia-smi");
    Files.writeString(smi, "#!/bin/sh\necho 'Tesla T4, 37, 1024, 15360, 61, 27.45, 70.00'\n");
    smi.toFile().setExecutable(true);
    runtime =
        new MountedRuntime(
            directory.resolve("r"),
            OpenSshServer.Options.USUAL.withConfig(
                "SetEnv HOME=%s PATH=%s:/usr/bin:/bin".formatted(directory, bin)));
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(20), 0);
    runtime.init(relay.port()).mount();
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
    relay.close();
  }

  @Test
  void gpu_isShown_andSeenInTheStatus_alsoWhileTheLinkIsDown() throws Exception {
    assertThat(runtime.cli.works("gpu").out())
        .startsWith(
            "gpu         Tesla T4, 37 % busy, 1.0 GiB of 15.0 GiB used, 61 \u00b0C, 27 of 70 W\n")
        .containsPattern("\nmemory      .+ of .+ used\n")
        .containsPattern("\ndisk        .+ of .+ used\n");
    JsonNode json = JsonMapper.builder().build().readTree(runtime.cli.works("gpu", "--json").out());
    assertThat(json.at("/gpus/0/memory/total_bytes").asLong()).isEqualTo(15360L << 20);
    assertThat(json.at("/memory/total_bytes").asLong()).isPositive();
    relay.refuse(true);
    relay.cut();
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> runtime.cli.works("status").out().contains("reconnecting"));
    assertThat(runtime.cli.works("status").out())
        .contains("  gpu       Tesla T4")
        .containsPattern("  machine   memory .* used, disk .* used, seen [0-9]+ s ago");
    Cli.Ended refused = runtime.cli.colabfs("gpu");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("colabfs status");
  }
}
