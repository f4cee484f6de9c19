package colabfs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.ColabfsUser;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole demonstration, by the real commands. */
@Timeout(180)
final class DemoMountIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path dir;
  private ColabfsUser user;

  @BeforeEach
  void home() throws Exception {
    user = ColabfsUser.in(dir.resolve("home"));
  }

  @Test
  void demo_withoutTerminal_showsEverythingAndEndsClean() throws Exception {
    ColabfsUser.Ended demo = user.colabfs("demo");
    assertThat(demo.status()).as(demo.toString()).isZero();
    assertThat(demo.errors()).isEmpty();
    assertThat(demo.output())
        .contains("$ ls -l", "sample_data", "$ cat sample_data/README.md", "Anscombe")
        .contains("$ colabfs exec -- tail -n 1 sample_data/README.md\nEdited through the mount.\n")
        .contains("$ cat made-there.txt\nmade on the runtime\n")
        .contains("$ colabfs status", "$ colabfs umount");
    assertNothingIsLeft(demo.output());
  }

  @Test
  void demo_onADirectoryOfTheUsers_leavesItEmpty() throws Exception {
    Path mountpoint = Files.createDirectory(dir.resolve("my mount"));
    ColabfsUser.Ended demo = user.colabfs("demo", mountpoint.toString());
    assertThat(demo.status()).as(demo.toString()).isZero();
    assertThat(mountpoint).isEmptyDirectory();
  }

  @Test
  void demo_mountpointIsMissing_saysWhatToDo() throws Exception {
    ColabfsUser.Ended demo = user.colabfs("demo", dir.resolve("missing").toString());
    assertThat(demo.status()).isEqualTo(1);
    assertThat(demo.errors()).contains("mkdir -p " + dir.resolve("missing"));
  }

  @Test
  void demo_onATerminal_staysMountedUntilEnter() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      terminal.awaitOutput("Press Enter here to end.");
      Path mountpoint = DemoIT.privateDirectory(terminal.output()).resolve("mnt");
      assertThat(user.sh(dir, "cat " + mountpoint + "/made-there.txt").output())
          .isEqualTo("made on the runtime\n");
      terminal.type("\n");
      assertThat(terminal.awaitEnd()).isZero();
      assertNothingIsLeft(terminal.output());
    }
  }

  @Test
  void demo_onATerminal_ctrlCEndsItClean() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      terminal.awaitOutput("Press Enter here to end.");
      terminal.type("\u0003");
      terminal.awaitEnd();
      assertNothingIsLeft(terminal.output());
    }
  }

  @Test
  void demo_ctrlCWhileMounting_endsItClean() throws Exception {
    try (OnTerminal terminal = new OnTerminal()) {
      terminal.awaitOutput("$ colabfs mount");
      terminal.type("\u0003");
      terminal.awaitEnd();
      assertThat(terminal.output()).doesNotContain("$ ls -l");
      assertNothingIsLeft(terminal.output());
    }
  }

  private static void assertNothingIsLeft(String output) throws Exception {
    Path directory = DemoIT.privateDirectory(output);
    assertThat(directory).doesNotExist();
    assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(directory.toString());
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(ProcessHandle.allProcesses())
                    .noneMatch(
                        process ->
                            process
                                .info()
                                .commandLine()
                                .orElse("")
                                .contains(directory.toString())));
  }

  /** {@code colabfs demo} in a terminal of its own, which {@code script} of bsdutils makes. */
  private final class OnTerminal implements AutoCloseable {
    private final Path output = dir.resolve("terminal");
    private final Process process;

    OnTerminal() throws Exception {
      process =
          user.prepare(List.of("script", "-qefc", user.launcher() + " demo", "/dev/null"), dir)
              .redirectOutput(output.toFile())
              .redirectErrorStream(true)
              .start();
    }

    String output() throws Exception {
      return Files.readString(output).replace("\r\n", "\n");
    }

    void awaitOutput(String text) {
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> output().contains(text) || !process.isAlive());
      Awaitility.await().untilAsserted(() -> assertThat(output()).contains(text));
    }

    void type(String keys) throws Exception {
      OutputStream keyboard = process.getOutputStream();
      keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
      keyboard.flush();
    }

    int awaitEnd() throws Exception {
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(output()).isTrue();
      return process.exitValue();
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
