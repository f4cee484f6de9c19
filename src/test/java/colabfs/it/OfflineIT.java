package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reading in a mount whose link is down. */
@Timeout(120)
final class OfflineIT {
  /** What a call may take here. */
  private static final int BOUND_SECONDS = 5;

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    relay = Relay.start(runtime.server.port(), Duration.ZERO, 0);
    Files.createDirectories(runtime.root.resolve("seen/unseen"));
    Files.writeString(runtime.root.resolve("seen/a"), "one\n");
    Files.createSymbolicLink(runtime.root.resolve("seen/l"), Path.of("a"));
    Files.writeString(runtime.root.resolve("seen/unseen/b"), "b\n");
    runtime.init(relay.port()).mount("--no-prefetch", "--timeout=" + BOUND_SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    relay.close();
    runtime.close();
  }

  @Test
  void whatWasSeen_isThereWhileTheLinkIsDown_andLookedAtAgainAfterwards() throws Exception {
    assertThat(runtime.inMount("ls . seen; cat seen/l; df . >&2"))
        .contains("a", "l", "unseen", "one");
    relay.refuse(true);
    relay.cut();
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> !runtime.cli.works("status").out().contains("connected"));

    String seen =
        runtime.inMount(
            "timeout 3 sh -c 'ls seen; cat seen/a; readlink seen/l; test ! -e seen/none; df . >&2'");
    assertThat(seen.lines()).containsExactly("a", "l", "unseen", "one", "a");

    long began = System.nanoTime();
    Cli.Ended unseen = runtime.cli.shell(runtime.mountpoint, "cat seen/unseen/b");
    assertThat(unseen.err()).contains("Input/output error");
    assertThat(unseen.out()).isEmpty();
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .isBetween(Duration.ofSeconds(BOUND_SECONDS - 1), Duration.ofSeconds(BOUND_SECONDS + 4));

    Files.writeString(runtime.root.resolve("seen/a"), "another\n");
    relay.refuse(false);
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> runtime.inMount("cat seen/a seen/unseen/b").equals("another\nb\n"));
  }
}
