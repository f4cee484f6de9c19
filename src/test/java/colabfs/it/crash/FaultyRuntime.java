package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.Cli;
import colabfs.it.MountedRuntime;
import colabfs.it.Relay;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A mount that bad things happen to: a real server behind a line that can be cut, and a process
 * that can be killed. Closing it ends all of it, whatever state it is in.
 */
final class FaultyRuntime implements AutoCloseable {
  /** Longer than any call into a mount may take, even on a slow machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** How long after its start a mount that comes back may be killed: about as long as it takes. */
  private static final int MOUNT_MILLIS = 3000;

  final MountedRuntime mounted;
  final Relay relay;
  final Cli cli;
  final Path root;
  final Path mountpoint;

  /** A server on the other end of a line with that round trip and rate, not yet mounted. */
  FaultyRuntime(Path directory, Duration rtt, long bytesPerSecond)
      throws IOException, InterruptedException {
    mounted = new MountedRuntime(directory);
    try {
      relay = Relay.start(mounted.server.port(), rtt, bytesPerSecond);
      mounted.init(relay.port());
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      mounted.close();
      throw e;
    }
    cli = mounted.cli;
    root = mounted.root;
    mountpoint = mounted.mountpoint;
  }

  FaultyRuntime mount(String... options) throws IOException, InterruptedException {
    mounted.mount(options);
    return this;
  }

  /** The link goes, and does not come back until {@link #restore}. */
  void cut() throws IOException {
    relay.refuse(true);
    relay.cut();
  }

  /** The link carries again. */
  void restore() throws IOException {
    relay.stall(false);
    relay.refuse(false);
  }

  /** Starts mounting, and kills what mounts at some time before or soon after it is done. */
  void killWhileMounting(Random random) throws IOException, InterruptedException {
    Process command =
        cli.command("mount", "p", mountpoint.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    Set<ProcessHandle> daemons = new HashSet<>();
    Awaitility.await()
        .until(() -> !command.isAlive() || daemons.addAll(command.descendants().toList()));
    command.waitFor(random.nextInt(MOUNT_MILLIS), TimeUnit.MILLISECONDS);
    daemons.addAll(command.descendants().toList());
    daemons.forEach(ProcessHandle::destroyForcibly);
    command.destroyForcibly().waitFor();
    Awaitility.await().until(() -> daemons.stream().noneMatch(ProcessHandle::isAlive));
    mounted.kill();
  }

  /** Waits until that many more bytes have left for the runtime, or nothing more leaves. */
  void awaitUpload(long bytes) {
    long began = relay.bytesUp();
    try {
      Awaitility.await()
          .pollInterval(Duration.ofMillis(2))
          .atMost(Duration.ofSeconds(3))
          .until(() -> relay.bytesUp() - began >= bytes);
    } catch (ConditionTimeoutException e) {
      // all of it has left
    }
  }

  /** Waits until everything is on the runtime. */
  void flush() throws IOException, InterruptedException {
    cli.works("exec", "-p", "p", "true");
  }

  /** All of the mount as programs see it. */
  Tree seen() throws Exception {
    return within(PATIENCE, () -> Tree.of(mountpoint));
  }

  /**
   * With everything sent, the runtime holds what the mount shows, byte for byte, and soon nothing
   * of the transport.
   */
  void assertRuntimeEqualsMount() throws Exception {
    flush();
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(
                        Tree.of(root).paths().stream().filter(path -> path.contains(".colabfs-")))
                    .as("names left by uploads")
                    .isEmpty());
    List<String> differences = seen().differences(Tree.of(root));
    assertThat(differences)
        .as(() -> "mounted, and on the runtime:\n" + Tree.shown(differences) + "\n" + log())
        .isEmpty();
  }

  /** What {@code colabfs status --json} says of the mount. */
  JsonNode status() throws IOException, InterruptedException {
    return JsonMapper.builder()
        .build()
        .readTree(cli.works("status", "--json").out())
        .path("mounts")
        .path(0);
  }

  /** What {@code colabfs pending list --json} says. */
  JsonNode pending() throws IOException, InterruptedException {
    return JsonMapper.builder()
        .build()
        .readTree(cli.works("pending", "list", "--json", mountpoint.toString()).out());
  }

  /** What the mount's processes have logged, for the message of a failing test. */
  String log() {
    try {
      return cli.log();
    } catch (IOException e) {
      return "no log: " + e;
    }
  }

  /** Does something with the mount, which must end in time: one that hangs is an error too. */
  <T> T within(Duration longest, Callable<T> call) throws Exception {
    FutureTask<T> task = new FutureTask<>(call);
    Thread thread = new Thread(task, "program");
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(longest.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("no end after " + longest + "\n" + log(), e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      mounted.kill();
      if (Files.readString(Path.of("/proc/mounts")).contains(" " + mountpoint + " ")) {
        cli.run(new ProcessBuilder("umount", "-l", mountpoint.toString()), "");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      relay.close();
      mounted.close();
    }
  }
}
