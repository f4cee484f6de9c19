package colabfs.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.doctor.Finding.Level;
import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class RuntimeChecksTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path bin;

  @SuppressWarnings("NullAway.Init") // set before each test
  private LocalLine line;

  @BeforeEach
  void start() throws IOException {
    line = new LocalLine(bin);
    for (String name : List.of("cat", "date", "head", "uname")) {
      program(name, "exec /bin/" + name + " \"$@\"");
    }
  }

  private void program(String name, String body) throws IOException {
    Files.deleteIfExists(bin.resolve(name));
    Path program = Files.writeString(bin.resolve(name), "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  private Finding look(String id) throws Exception {
    return Stream.concat(
            new RuntimeChecks(line, PATIENCE).all().stream(),
            new RateChecks(line, PATIENCE).all().stream())
        .filter(check -> check.id().equals(id))
        .findFirst()
        .orElseThrow()
        .look()
        .look()
        .get(0);
  }

  private void is(String id, Level level, String... words) throws Exception {
    Finding finding = look(id);
    assertThat(finding.level()).as(finding.message()).isEqualTo(level);
    assertThat(List.of(words))
        .allSatisfy(word -> assertThat(finding.message() + "; " + finding.next()).contains(word));
  }

  @Test
  void commands_run_orDoNot() throws Exception {
    is("commands", Level.OK, "they run, on Linux");
    program("uname", "exit 1");
    is("commands", Level.OK, "they run");
  }

  @Test
  void python_missingOldOrThere() throws Exception {
    is("python", Level.WARN, "no python3 on the runtime: no helper", "apt-get install -y python3");
    program("python3", "echo 3.7.9");
    is("python", Level.WARN, "Python 3.7.9 is too old");
    program("python3", "echo 2.7.18");
    is("python", Level.WARN, "too old");
    program("python3", "echo a word from a start file; echo 3.14.0rc1");
    is("python", Level.OK, "Python 3.14.0rc1");
    program("python3", "exec cat /dev/urandom | head -c 300000");
    is("python", Level.WARN, "no python3");
  }

  @Test
  void inotify_limitsAreTold() throws Exception {
    program("cat", "echo 65536; echo 128");
    is("inotify", Level.OK, "65536 watches, 128 instances");
    program("cat", "echo 1000; echo 128");
    is("inotify", Level.WARN, "1000", "sysctl fs.inotify.max_user_watches");
    program("cat", "exit 1");
    is("inotify", Level.WARN, "does not tell");
  }

  @Test
  void gpu_isNamed_orNot() throws Exception {
    is("gpu", Level.OK, "none");
    line.figures =
        new MachineFigures(
            Instant.EPOCH,
            List.of(
                new MachineFigures.Gpu(
                    "Tesla T4", 0, new MachineFigures.Space(0, 16L << 30), 40, 10.0, 70.0)),
            null,
            null);
    is("gpu", Level.OK, "Tesla T4, 16.0 GiB");
  }

  @Test
  void clock_thatIsRightOrWrong() throws Exception {
    is("clock", Level.OK, "give or take");
    program("date", "exec /bin/date -d '-1 hour' +%s.%N");
    is("clock", Level.WARN, "behind of this machine's", "3600.", "timedatectl");
    program("date", "exec /bin/date -d '+10 seconds' +%s.%%N");
    is("clock", Level.WARN, "ahead of this machine's");
    program("date", "echo never");
    assertThatThrownBy(() -> look("clock")).hasMessageContaining("does not tell the time");
  }

  @Test
  void roundTripAndRates_areMeasured() throws Exception {
    is("round-trip", Level.OK, "ms, the median of 7");
    is("rate-down", Level.OK, "Mbit/s from the runtime", "3 MiB in");
    is("rate-up", Level.OK, "Mbit/s to the runtime", "3 MiB in");
  }

  @Test
  void dialogue_withAStrangeShell_ends() throws Exception {
    program("head", "echo surprise");
    assertThatThrownBy(() -> look("rate-up"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("head(1)");
    Line silent = new LocalLine(bin);
    try (Dialogue dialogue = Dialogue.begin(silent, Duration.ofSeconds(1))) {
      assertThatThrownBy(() -> dialogue.receive(1 << 30)).isInstanceOf(IOException.class);
    }
  }
}
