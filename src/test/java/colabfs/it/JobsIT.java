package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that outlive the connection, over a real OpenSSH server behind a tunnel that breaks. */
@Timeout(240)
final class JobsIT {
  private static final Pattern PROCESS = Pattern.compile("\"(?:supervisor|child)\":\\s*(\\d+)");

  /** What colabfs itself says among a command's errors. */
  private static final String NOTICE = "colabfs: [^\n]*\n";

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;
  private Relay relay;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    cli = runtime.cli;
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(20), 0);
    runtime.init(relay.port()).mount();
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
    relay.close();
    for (Path job : jobDirectories()) {
      Matcher process = PROCESS.matcher(Files.readString(job.resolve("job.json")));
      while (process.find()) {
        ProcessHandle.of(Long.parseLong(process.group(1)))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  private List<Path> jobDirectories() throws IOException {
    List<Path> found = new ArrayList<>();
    Path jobs = directory.resolve("server/.local/state/colabfs/jobs");
    if (Files.isDirectory(jobs)) {
      try (DirectoryStream<Path> each = Files.newDirectoryStream(jobs, "[0-9a-f]*")) {
        each.forEach(found::add);
      }
    }
    return found;
  }

  @Test
  @DisplayName(
      "The output of a command arrives byte for byte and in order, however often the connection is"
          + " lost meanwhile.")
  void outputSurvivesCuts() throws Exception {
    Files.writeString(
        runtime.root.resolve("speak.py"),
        """
        import sys, time
        for i in range(2560):
            sys.stdout.write("%08d" % i * 256)
            sys.stderr.write("%08x" % i * 256)
            sys.stdout.flush()
            if i % 8 == 0:
                time.sleep(0.02)
        sys.exit(3)
        """);
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process =
        cli.command("exec", "-p", "p", "--", "python3", "-u", "speak.py")
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    Random random = new Random(5);
    for (int cut = 0; cut < 5; cut++) {
      long at = Files.size(out) + 200_000 + random.nextInt(600_000);
      Awaitility.await()
          .atMost(60, TimeUnit.SECONDS)
          .pollInterval(Duration.ofMillis(2))
          .until(() -> Files.size(out) >= at || !process.isAlive());
      assertThat(process.isAlive()).isTrue();
      relay.cut();
    }
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    StringBuilder stdout = new StringBuilder();
    StringBuilder stderr = new StringBuilder();
    for (int i = 0; i < 2560; i++) {
      stdout.append("%08d".formatted(i).repeat(256));
      stderr.append("%08x".formatted(i).repeat(256));
    }
    assertThat(process.exitValue()).isEqualTo(3);
    assertThat(Files.readString(out).equals(stdout.toString())).isTrue();
    assertThat(Files.readString(err).replaceAll(NOTICE, "").equals(stderr.toString())).isTrue();
    Awaitility.await().untilAsserted(() -> assertThat(jobDirectories()).isEmpty());
  }

  @Test
  @DisplayName(
      "The input of a command arrives once, however often the connection is lost meanwhile.")
  void inputSurvivesCuts() throws Exception {
    byte[] content = new byte[10_000_000];
    new Random(6).nextBytes(content);
    Path in = Files.write(directory.resolve("in"), content);
    Process process =
        cli.command("exec", "-p", "p", "--", "sh", "-c", "cat > got; echo $(wc -c < got)")
            .redirectInput(in.toFile())
            .start();
    var out = Cli.read(process.getInputStream());
    var err = Cli.read(process.getErrorStream());
    Path got = runtime.root.resolve("got");
    for (long at : List.of(1L, 2_500_000L, 5_500_000L)) {
      Awaitility.await()
          .atMost(60, TimeUnit.SECONDS)
          .pollInterval(Duration.ofMillis(2))
          .until(() -> Files.exists(got) && Files.size(got) >= at);
      relay.cut();
    }
    Cli.Ended ended = Cli.await(process, out, err);
    assertThat(ended.out()).isEqualTo("10000000\n");
    assertThat(Files.readAllBytes(got)).isEqualTo(content);
  }

  @Test
  void statusIsTheCommands() throws Exception {
    assertThat(cli.colabfs("exec", "true").status()).isZero();
    assertThat(cli.colabfs("exec", "false").status()).isEqualTo(1);
    assertThat(cli.colabfs("exec", "kill -KILL $$; sleep 9").status()).isEqualTo(137);
    assertThat(cli.colabfs("exec", "--timeout=1", "sleep", "60").status()).isEqualTo(124);
    assertThat(cli.works("exec", "-e", "A=it's $x", "--cwd", "/tmp", "echo \"$A\"; pwd").out())
        .isEqualTo("it's $x\n/tmp\n");
    assertThat(runtime.inMount("colabfs exec ls -d $PWD $PWD/ --ignore=$PWD/x"))
        .isEqualTo(runtime.root + "\n" + runtime.root + "/\n");
  }

  @Test
  @DisplayName("While a command waits for the connection, a second Ctrl-C leaves it running.")
  void secondInterrupt_leavesItRunning() throws Exception {
    Process process =
        cli.command("exec", "-p", "p", "--", "trap '' INT; echo on; sleep 2; cat fifo; echo over")
            .start();
    new ProcessBuilder("mkfifo", runtime.root.resolve("fifo").toString()).start().waitFor();
    assertThat(process.getInputStream().read()).isEqualTo('o');
    var err = Cli.read(process.getErrorStream());
    var out = Cli.read(process.getInputStream());
    relay.refuse(true);
    relay.cut();
    interrupt(process);
    interrupt(process);
    Cli.Ended ended = Cli.await(process, out, err);
    assertThat(ended.status()).isEqualTo(130);
    Matcher told = Pattern.compile("left running as job ([0-9a-f]{16})").matcher(ended.err());
    assertThat(told.find()).as(ended.err()).isTrue();
    relay.refuse(false);

    String id = told.group(1);
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> cli.colabfs("jobs").out().contains("running"));
    Process attached = cli.command("attach", id.substring(0, 6)).start();
    var seen = Cli.read(attached.getInputStream());
    var said = Cli.read(attached.getErrorStream());
    Files.writeString(runtime.root.resolve("fifo"), "late\n");
    assertThat(Cli.await(attached, seen, said).out()).isEqualTo("on\nlate\nover\n");
    Awaitility.await().untilAsserted(() -> assertThat(jobDirectories()).isEmpty());
  }

  private static void interrupt(Process process) throws Exception {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  @Test
  @DisplayName("A detached command goes on when the mount is killed, and is found by the next one.")
  void detachedJob_outlivesTheDaemon() throws Exception {
    new ProcessBuilder("mkfifo", runtime.root.resolve("fifo").toString()).start().waitFor();
    String id =
        cli.works("exec", "--detach", "echo begun; echo oops >&2; cat fifo; exit 4").out().strip();
    assertThat(id).matches("[0-9a-f]{16}");
    runtime.kill();
    cli.colabfs("umount", runtime.mountpoint.toString());
    runtime.mount();

    Process logs = cli.command("logs", "-f", id).start();
    var out = Cli.read(logs.getInputStream());
    var err = Cli.read(logs.getErrorStream());
    assertThat(cli.works("logs", id).out()).isEqualTo("begun\n");
    Files.writeString(runtime.root.resolve("fifo"), "more\n");
    assertThat(Cli.await(logs, out, err)).isEqualTo(new Cli.Ended(0, "begun\nmore\n", "oops\n"));
    assertThat(cli.works("jobs").out()).contains("status 4").contains("| more");
    assertThat(cli.works("jobs", "--json").out()).contains("\"exit_status\" : 4");
    assertThat(cli.works("jobs", "prune").out()).isEqualTo("forgot 1 job\n");
    assertThat(cli.works("jobs").out()).isEqualTo("no commands are kept on the runtime\n");
  }

  @Test
  void killedHelper_commandsGoOn() throws Exception {
    Path out = directory.resolve("out");
    Process process =
        cli.command("exec", "-p", "p", "--", "echo a; cat fifo; echo b")
            .redirectOutput(out.toFile())
            .start();
    new ProcessBuilder("mkfifo", runtime.root.resolve("fifo").toString()).start().waitFor();
    Awaitility.await().until(() -> Files.size(out) > 0);
    List<ProcessHandle> helpers = helpers();
    assertThat(helpers).hasSize(1);
    helpers.forEach(ProcessHandle::destroyForcibly);
    CompletableFuture.runAsync(
            () -> {
              try {
                Files.writeString(runtime.root.resolve("fifo"), "through\n");
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            })
        .get(20, TimeUnit.SECONDS);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(out).hasContent("a\nthrough\nb\n");
    assertThat(process.exitValue()).isZero();
  }

  /** Those of this test's server: others may run on this machine. */
  private List<ProcessHandle> helpers() {
    String home = "HOME=" + directory.resolve("server");
    return ProcessHandle.allProcesses()
        .filter(process -> says(process, "cmdline", "colabfs-helper"))
        .filter(process -> says(process, "environ", home))
        .filter(process -> process.info().command().orElse("").contains("python"))
        .toList();
  }

  private static boolean says(ProcessHandle process, String file, String text) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), file));
      return new String(bytes, StandardCharsets.ISO_8859_1).contains(text);
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void unmount_leavesACommandRunning_andSaysSo() throws Exception {
    Process process = cli.command("exec", "-p", "p", "--", "echo on; exec sleep 600").start();
    assertThat(process.getInputStream().read()).isEqualTo('o');
    var out = Cli.read(process.getInputStream());
    var err = Cli.read(process.getErrorStream());
    cli.works("umount");
    Cli.Ended ended = Cli.await(process, out, err);
    assertThat(ended.status()).isEqualTo(255);
    assertThat(ended.err()).contains("the command goes on").contains("colabfs attach ");
    runtime.mount();
    assertThat(cli.works("jobs").out()).contains("running");
    cli.works("kill", "-s", "kill", jobDirectories().get(0).getFileName().toString());
    Awaitility.await()
        .untilAsserted(() -> assertThat(cli.works("jobs").out()).contains("killed by SIGKILL"));
  }

  @Test
  void killedJob_isToldByItsSignal() throws Exception {
    String id = cli.works("exec", "--detach", "sleep", "600").out().strip();
    assertThat(cli.works("kill", id.substring(0, 8)).out()).startsWith(id + ": sent TERM");
    Awaitility.await()
        .untilAsserted(() -> assertThat(cli.works("jobs").out()).contains("killed by SIGTERM"));
    assertThat(cli.colabfs("kill", "nonsense").err()).contains("is no job's number");
    assertThat(cli.colabfs("kill", "0123456789abcdef").err()).contains("there is no job");
  }
}
