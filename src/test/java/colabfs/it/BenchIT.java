package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/bench} works, and leaves nothing behind. */
@Timeout(180)
final class BenchIT {
  private static final int PATIENCE_SECONDS = 120;

  @TempDir Path directory;
  private Path temporary;
  private Path json;
  private Path said;

  @BeforeEach
  void makeDirectories() throws IOException {
    temporary = Files.createDirectory(directory.resolve("t"));
    json = directory.resolve("json");
    said = directory.resolve("said");
  }

  @Test
  void quickRun_measuresAndLeavesNothing() throws Exception {
    Process bench = start("--only", "find,save");
    assertThat(bench.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

    assertThat(bench.exitValue()).as(() -> said()).isZero();
    assertThat(said())
        .contains("| first find ", "| find after umount and mount ", "| editor save: is remote ");
    assertThat(Files.readString(json)).contains("\"find-again\"");
    assertNothingIsLeft();
  }

  @Test
  void endedRun_keepsWhatItMeasuredAndLeavesNothing() throws Exception {
    Process bench = start("--only", "find,seen");
    try (BufferedReader errors = bench.errorReader()) {
      assertThat(errors.lines().anyMatch(line -> line.contains("round 1, find"))).isTrue();
      bench.toHandle().destroy(); // which leaves the streams open
      assertThat(errors.lines().toList()).noneMatch(line -> line.startsWith("Traceback"));
    }
    assertThat(bench.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

    assertThat(bench.exitValue()).isEqualTo(143);
    assertThat(said()).contains("| second find ");
    assertThat(Files.readString(json)).contains("\"find-again\"");
    assertNothingIsLeft();
  }

  private Process start(String... arguments) throws IOException {
    ColabfsUser user = ColabfsUser.in(directory.resolve("user"));
    List<String> command =
        Stream.concat(
                Stream.of("scripts/bench", "--rtt", "5", "--rate", "0", "--rounds", "1"),
                Stream.concat(
                    Stream.of("--mounts", "colabfs", "--colabfs", user.launcher().toString()),
                    Stream.concat(Stream.of("--json", json.toString()), Stream.of(arguments))))
            .toList();
    ProcessBuilder builder = user.prepare(command, Path.of("").toAbsolutePath());
    builder.environment().put("TMPDIR", temporary.toString());
    return builder.redirectOutput(said.toFile()).start();
  }

  private String said() {
    try {
      return Files.readString(said);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void assertNothingIsLeft() throws IOException {
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).isEmpty();
    }
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(temporary.toString());
    Awaitility.await() // who was just killed may be listed for a moment
        .untilAsserted(
            () ->
                assertThat(ProcessHandle.allProcesses().map(one -> one.info().commandLine()))
                    .noneMatch(line -> line.orElse("").contains(temporary.toString())));
  }
}
