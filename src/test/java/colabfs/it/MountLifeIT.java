package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How mounts live and end: unmounting, killed processes, lost servers, several at once. */
@Timeout(180)
final class MountLifeIT {
  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory).init();
    cli = runtime.cli;
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void umount_ofABusyMount_namesWhoHoldsIt() throws Exception {
    runtime.mount();
    Process holder = cli.shellCommand(runtime.mountpoint, "echo in; exec sleep 60").start();
    assertThat(holder.getInputStream().read()).isEqualTo('i');
    Cli.Ended refused = cli.colabfs("umount");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err())
        .contains("in use by sleep (pid %d, its working directory)".formatted(holder.pid()))
        .contains("--force");
    assertThat(runtime.inMount("echo still > here; cat here")).isEqualTo("still\n");
    holder.destroyForcibly().waitFor();
    cli.works("umount");
    assertThat(runtime.mountpoint).isEmptyDirectory();
  }

  @Test
  void forcedUmount_ofABusyMount_endsItsProcess() throws Exception {
    runtime.mount();
    ProcessHandle daemon = cli.daemons().get(0);
    Process holder = cli.shellCommand(runtime.mountpoint, "echo in; exec sleep 60").start();
    assertThat(holder.getInputStream().read()).isEqualTo('i');
    cli.works("umount", "--force");
    holder.destroyForcibly();
    assertThat(runtime.mountpoint).isEmptyDirectory();
    assertThat(daemon.isAlive()).isFalse();
  }

  @Test
  void killedProcess_isClearedByUmount_andMountedAgain() throws Exception {
    runtime.mount();
    runtime.inMount("echo saved > f");
    runtime.kill();
    assertThat(status().path("state").asText()).isEqualTo("dead");
    cli.works("umount", "p");
    assertThat(runtime.mountpoint).isEmptyDirectory();
    runtime.mount();
    assertThat(runtime.inMount("cat f")).isEqualTo("saved\n");
  }

  @Test
  void killedProcess_doesNotPreventMounting() throws Exception {
    runtime.mount();
    runtime.kill();
    runtime.mount();
    assertThat(runtime.inMount("echo works")).isEqualTo("works\n");
    assertThat(status().path("state").asText()).isEqualTo("connected");
  }

  @Test
  void stoppedProcess_isNotAnswering_andForcedAway() throws Exception {
    runtime.mount();
    ProcessHandle daemon = cli.daemons().get(0);
    signal("STOP", daemon);
    assertThat(status().path("state").asText()).isEqualTo("not answering");
    cli.works("umount", "--force");
    assertThat(daemon.isAlive()).isFalse();
    assertThat(runtime.mountpoint).isEmptyDirectory();
  }

  @Test
  void terminated_unmountsAndEnds() throws Exception {
    runtime.mount();
    ProcessHandle daemon = cli.daemons().get(0);
    signal("HUP", daemon);
    assertThat(runtime.inMount("echo survives hang-up")).isEqualTo("survives hang-up\n");
    signal("TERM", daemon);
    Awaitility.await().until(() -> !daemon.isAlive());
    assertThat(runtime.mountpoint).isEmptyDirectory();
    assertThat(cli.works("status").out()).isEqualTo("nothing is mounted\n");
  }

  @Test
  void unmountedFromOutside_theProcessEnds() throws Exception {
    runtime.mount();
    ProcessHandle daemon = cli.daemons().get(0);
    cli.shell(Path.of("/"), "umount '" + runtime.mountpoint + "'");
    Awaitility.await().until(() -> !daemon.isAlive());
    assertThat(cli.works("status").out()).isEqualTo("nothing is mounted\n");
  }

  @Test
  void serverThatComesBack_isUsedAgainWithoutMounting() throws Exception {
    runtime.mount("--timeout", "5");
    runtime.inMount("echo before > f && cat f");
    runtime.server.stop();
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status().path("state").asText().equals("reconnecting"));
    long began = System.nanoTime();
    assertThat(cli.shell(runtime.mountpoint, "cat not-seen-yet").status()).isNotZero();
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    runtime.server.restart();
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> status().path("state").asText().equals("connected"));
    assertThat(runtime.inMount("cat f; echo after > g; cat g")).isEqualTo("before\nafter\n");
    assertThat(runtime.inMount("colabfs exec cat g")).isEqualTo("after\n");
  }

  @Test
  void unsentBytesWithSync_keepAMount_untilTheyAreGivenUp() throws Exception {
    runtime.mount("--sync", "--timeout", "3");
    Process writer =
        cli.shellCommand(
                runtime.mountpoint,
                "exec 3> f; cd /; echo open; read x; echo unsent >&3; echo written; read x")
            .start();
    var lines = writer.inputReader();
    var input = writer.outputWriter();
    assertThat(lines.readLine()).isEqualTo("open");
    runtime.server.stop();
    input.write("go\n");
    input.flush();
    assertThat(lines.readLine()).isEqualTo("written");
    Cli.Ended refused = cli.colabfs("umount");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("nothing was unmounted").contains("--force");
    Cli.Ended forced = cli.works("umount", "--force");
    assertThat(forced.err()).contains("7 bytes had not reached the runtime and are lost");
    writer.destroyForcibly();
  }

  @Test
  void twoMounts_areToldApart() throws Exception {
    Path other = Files.createDirectory(runtime.root.resolve("other"));
    Path second = Files.createDirectory(cli.userHome().resolve("second"));
    runtime.mount();
    cli.works("mount", "--root=" + other, "p", second.toString());
    assertThat(document().path("mounts")).hasSize(2);
    assertThat(cli.shell(second, "colabfs exec pwd").out()).isEqualTo(other + "\n");
    assertThat(runtime.inMount("colabfs exec pwd")).isEqualTo(runtime.root + "\n");

    Cli.Ended which = cli.colabfs("umount");
    assertThat(which.status()).isEqualTo(2);
    assertThat(which.err()).contains(second.toString()).contains(runtime.mountpoint.toString());
    assertThat(cli.colabfs("umount", "p").status()).isEqualTo(2);
    cli.works("umount", second.toString());
    assertThat(document().path("mounts")).hasSize(1);
    cli.works("umount", "p");
    assertThat(document().path("mounts")).isEmpty();
    Cli.Ended nothing = cli.colabfs("umount");
    assertThat(nothing.status()).isEqualTo(1);
    assertThat(nothing.err()).contains("nothing is mounted");
  }

  @Test
  void status_tellsHowTheMountIs() throws Exception {
    runtime.mount();
    runtime.inMount("echo content > f; cat f; ls -l");
    JsonNode status = status();
    assertThat(document().path("version").asInt()).isEqualTo(1);
    assertThat(status.path("profile").asText()).isEqualTo("p");
    assertThat(status.path("mountpoint").asText()).isEqualTo(runtime.mountpoint.toString());
    assertThat(status.path("root").asText()).isEqualTo(runtime.root.toString());
    assertThat(status.path("pid").asLong()).isEqualTo(cli.daemons().get(0).pid());
    assertThat(status.path("state").asText()).isEqualTo("connected");
    assertThat(status.path("unsent_bytes").asLong(-1)).isZero();
    assertThat(status.path("cache").path("attributes").asLong()).isPositive();
    assertThat(status.path("network").path("received_bytes").asLong()).isPositive();
    assertThat(cli.works("status").out()).contains("connected").contains("p:" + runtime.root);
  }

  @Test
  void foreground_endsWithCtrlC() throws Exception {
    Process mount =
        cli.command("mount", "--foreground", "p", runtime.mountpoint.toString()).start();
    var err = Cli.read(mount.getErrorStream());
    assertThat(mount.inputReader().readLine()).startsWith("mounted p:" + runtime.root);
    runtime.inMount("echo written > f");
    signal("INT", mount.toHandle());
    assertThat(mount.waitFor(30, TimeUnit.SECONDS)).as(() -> err.getNow("")).isTrue();
    assertThat(mount.exitValue()).isZero();
    assertThat(runtime.root.resolve("f")).hasContent("written\n");
    assertThat(runtime.mountpoint).isEmptyDirectory();
  }

  @Test
  void ciphersInC_carryAMount() throws Exception {
    ProcessBuilder command =
        cli.command("mount", "--foreground", "p", runtime.mountpoint.toString());
    command.environment().put("JAVA_TOOL_OPTIONS", "-Dcolabfs.crypto.native=true");
    byte[] there = new byte[3_000_000];
    new Random(1).nextBytes(there);
    Files.write(runtime.root.resolve("there"), there);
    Process mount = command.start();
    var err = Cli.read(mount.getErrorStream());
    assertThat(mount.inputReader().readLine()).startsWith("mounted p:" + runtime.root);
    runtime.inMount("cp there here");
    assertThat(Files.readString(Path.of("/proc/%d/maps".formatted(mount.pid()))))
        .contains("libamazonCorrettoCryptoProvider");
    signal("INT", mount.toHandle());
    assertThat(mount.waitFor(30, TimeUnit.SECONDS)).as(() -> err.getNow("")).isTrue();
    assertThat(runtime.root.resolve("here")).hasBinaryContent(there);
  }

  private static void signal(String name, ProcessHandle process)
      throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  private JsonNode document() throws Exception {
    return JsonMapper.builder().build().readTree(cli.works("status", "--json").out());
  }

  private JsonNode status() throws Exception {
    return document().path("mounts").path(0);
  }
}
