package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code colabfs mount} asks a person at a terminal, and what it does with the answer. */
@Timeout(120)
final class MountPromptsIT {
  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    cli = runtime.cli;
    cli.works(
        "init",
        "p",
        "--host=127.0.0.1",
        "--port=" + runtime.server.port(),
        "--user=" + runtime.server.user(),
        "--key=" + runtime.server.privateKey(),
        "--root=" + runtime.root,
        "--no-check");
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void unknownHostKey_isAskedForOnce_andPinned() throws Exception {
    String shown = mountOnATerminal("Trust it (yes/no)?", "yes");
    assertThat(shown).contains("ssh-ed25519 SHA256:").contains("mounted p:" + runtime.root);
    cli.works("umount");
    cli.works("mount", "p", runtime.mountpoint.toString());
    assertThat(runtime.inMount("echo pinned")).isEqualTo("pinned\n");
  }

  @Test
  void unknownHostKey_thatIsRefused_mountsNothing() throws Exception {
    String shown = mountOnATerminal("Trust it (yes/no)?", "no");
    assertThat(shown).contains("colabfs: ").doesNotContain("mounted p:");
    assertThat(cli.works("status").out()).isEqualTo("nothing is mounted\n");
  }

  @Test
  void passphrase_isAskedFor_andServesTheReconnectToo() throws Exception {
    Process lock =
        new ProcessBuilder(
                "ssh-keygen",
                "-q",
                "-p",
                "-P",
                "",
                "-N",
                "open sesame",
                "-f",
                runtime.server.privateKey().toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(lock.waitFor()).isZero();
    cli.works("init", "p", "--host-key=" + runtime.server.hostKeyLine(), "--no-check");
    String shown = mountOnATerminal("assphrase", "open sesame");
    assertThat(shown).contains("mounted p:").doesNotContain("sesame");
    runtime.server.stop();
    runtime.server.restart();
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> cli.shell(runtime.mountpoint, "echo again > f").status() == 0);
    assertThat(cli.log()).doesNotContain("sesame");
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .untilAsserted(() -> assertThat(runtime.root.resolve("f")).hasContent("again\n"));
    assertThat(Files.readString(directory.resolve("user/config/colabfs/profiles/p.json")))
        .doesNotContain("sesame");
  }

  /** Types a line when a question has appeared; what the terminal then shows. */
  private String mountOnATerminal(String question, String answer) throws Exception {
    Process terminal =
        cli.shellCommand(
                cli.userHome(),
                "exec script -qec \"colabfs mount p '%s'\" /dev/null".formatted(runtime.mountpoint))
            .redirectErrorStream(true)
            .start();
    StringWriter shown = new StringWriter();
    CompletableFuture<Void> asked = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try (var in = terminal.inputReader()) {
                int c = in.read();
                while (c >= 0) {
                  shown.write(c);
                  if (shown.toString().contains(question)) {
                    asked.complete(null);
                  }
                  c = in.read();
                }
              } catch (java.io.IOException e) {
                shown.write(e.toString());
              }
            });
    reader.setDaemon(true);
    reader.start();
    try {
      asked.get(60, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      terminal.destroyForcibly();
      throw new AssertionError("not asked: " + shown + cli.log(), e);
    }
    try (var out = terminal.outputWriter()) {
      out.write(answer + "\n");
      out.flush();
      assertThat(terminal.waitFor(60, TimeUnit.SECONDS)).as(shown::toString).isTrue();
    }
    reader.join(TimeUnit.SECONDS.toMillis(10));
    return shown.toString();
  }
}
