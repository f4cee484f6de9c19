package colabfs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.OpenSshClient;
import colabfs.it.OpenSshClient.Ended;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSH's own clients find in the embedded runtime what they find in a real one. */
@Timeout(60)
final class EmbeddedRuntimeIT {
  @TempDir Path dir;
  private EmbeddedRuntime runtime;
  private OpenSshClient client;

  @BeforeEach
  void start() throws Exception {
    runtime = EmbeddedRuntime.start(dir);
    client = new OpenSshClient(dir, runtime.port(), runtime.user(), runtime.hostKeyLine());
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void sftp_servesWhatLooksLikeContent() throws Exception {
    Path copy = dir.resolve("copy");
    Ended ended =
        client.sftp(
            runtime.privateKey(), "get " + runtime.root() + "/sample_data/anscombe.json " + copy);
    assertThat(ended.status()).as(ended.output()).isZero();
    assertThat(copy)
        .hasSameBinaryContentAs(runtime.root().resolve("sample_data/anscombe.json"))
        .isNotEmptyFile();
  }

  @Test
  void exec_keepsStreamsApartAndGivesTheStatus() throws Exception {
    Process ssh =
        client
            .command("ssh", runtime.privateKey(), "127.0.0.1", "cat; echo bad >&2; exit 7")
            .redirectError(dir.resolve("errors").toFile())
            .start();
    try (OutputStream in = ssh.getOutputStream()) {
      in.write("through\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(ssh.inputReader().lines()).containsExactly("through");
    assertThat(ssh.waitFor()).isEqualTo(7);
    assertThat(dir.resolve("errors")).hasContent("bad");
  }

  @Test
  void exec_startsInTheLoginsHomeWithoutTheDemonstrationsVariables() throws Exception {
    assertThat(client.ssh(runtime.privateKey(), "pwd; env | grep -c ^XDG_").output())
        .isEqualTo(dir.toRealPath().resolve("home") + "\n0\n");
  }

  @Test
  void closedChannel_killsTheCommandAndItsChildren() throws Exception {
    Path pid = dir.resolve("pid");
    String line = "sleep 300 & echo $! >%s.new; mv %s.new %s; wait".formatted(pid, pid, pid);
    Process ssh = client.command("ssh", runtime.privateKey(), "127.0.0.1", line).start();
    Awaitility.await().until(() -> Files.exists(pid));
    ProcessHandle child =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).trim())).orElseThrow();
    ssh.destroy();
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> !child.isAlive());
  }

  @Test
  void anotherKey_isTurnedAway() throws Exception {
    Path other = dir.resolve("other");
    new ProcessBuilder("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other.toString())
        .start()
        .waitFor();
    assertThat(client.ssh(other, "true").status()).isEqualTo(255);
  }
}
