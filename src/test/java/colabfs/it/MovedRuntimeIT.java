package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code colabfs init} with another address moves what is mounted, with no unmounting. */
@Timeout(180)
final class MovedRuntimeIT {
  /** The profile is looked at every two seconds; connecting and the machine's load come on top. */
  private static final Duration PROMPTLY = Duration.ofSeconds(15);

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;
  private OpenSshServer other;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory).init();
    cli = runtime.cli;
    other = OpenSshServer.start(Files.createDirectories(directory.resolve("other")));
    Files.writeString(runtime.root.resolve("which"), "old\n");
    Files.writeString(other.root().resolve("which"), "another\n");
  }

  @AfterEach
  void close() throws Exception {
    try {
      runtime.close();
    } finally {
      other.close();
    }
  }

  @Test
  void initWithAnotherAddress_movesAConnectedMount_whichNeedsTheOldServerNoLonger()
      throws Exception {
    runtime.mount("--on-new-runtime=fresh");
    assertThat(runtime.inMount("cat which")).isEqualTo("old\n");
    assertThat(init("--accept-new-host-key").status()).isZero();
    awaitOther();
    runtime.server.stop();
    assertThat(runtime.inMount("echo here > f; cat f")).isEqualTo("here\n");
    awaitSaved();
    assertThat(runtime.root.resolve("f")).doesNotExist();
    assertThat(runtime.inMount("colabfs exec cat " + other.root() + "/which"))
        .isEqualTo("another\n");
    assertThat(status().path("state").asText()).isEqualTo("connected");
  }

  @Test
  void initWithAnotherAddress_movesAMountThatWaitsForALostServer() throws Exception {
    runtime.mount("--on-new-runtime=fresh");
    assertThat(runtime.inMount("cat which")).isEqualTo("old\n");
    runtime.server.stop();
    awaitState("reconnecting");
    assertThat(init("--accept-new-host-key").status()).isZero();
    awaitOther();
    assertThat(runtime.inMount("echo here > f; cat f")).isEqualTo("here\n");
    awaitSaved();
  }

  @Test
  void initWithoutTheOtherServersKey_trustsNobody_untilItIsGiven() throws Exception {
    runtime.mount("--on-new-runtime=fresh");
    runtime.server.stop();
    awaitState("reconnecting");
    assertThat(init("--no-check").status()).isZero();
    Awaitility.await()
        .atMost(PROMPTLY)
        .until(
            () -> status().path("last_error").asText().contains("another key than the pinned one"));
    assertThat(status().path("state").asText()).isEqualTo("reconnecting");
    assertThat(init("--no-check", "--host-key=" + other.hostKeyLine()).status()).isZero();
    awaitOther();
  }

  private Cli.Ended init(String... options) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "init",
                "p",
                "--host=127.0.0.1",
                "--port=" + other.port(),
                "--user=" + other.user(),
                "--key=" + other.privateKey(),
                "--root=" + other.root()));
    arguments.addAll(List.of(options));
    return cli.works(arguments.toArray(String[]::new));
  }

  private void awaitOther() {
    Awaitility.await()
        .atMost(PROMPTLY)
        .ignoreExceptionsInstanceOf(IOException.class) // while the link is down
        .untilAsserted(() -> assertThat(runtime.inMount("cat which")).isEqualTo("another\n"));
  }

  private void awaitSaved() {
    Awaitility.await()
        .atMost(PROMPTLY)
        .untilAsserted(() -> assertThat(other.root().resolve("f")).hasContent("here\n"));
  }

  private void awaitState(String state) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status().path("state").asText().equals(state));
  }

  private JsonNode status() throws Exception {
    return JsonMapper.builder()
        .build()
        .readTree(cli.works("status", "--json").out())
        .path("mounts")
        .path(0);
  }
}
