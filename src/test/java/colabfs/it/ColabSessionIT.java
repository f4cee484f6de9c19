package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A user of Google's command-line tool, who mounts its sessions. */
@Timeout(180)
final class ColabSessionIT {
  @TempDir Path dir;

  private OpenSshServer server;
  private ColabGateway gateway;
  private Cli cli;
  private Path mountpoint;
  private Path sessions;

  @BeforeEach
  void start() throws Exception {
    server = OpenSshServer.start(Files.createDirectories(dir.resolve("server")));
    gateway = ColabGateway.start(server).allow("first-token");
    cli = new Cli(Files.createDirectories(dir.resolve("user")));
    mountpoint = Files.createDirectories(cli.userHome().resolve("mnt"));
    sessions = cli.userHome().resolve(".config/colab-cli/sessions.json");
    write("first-token", "m-s-1");
  }

  @AfterEach
  void stop() throws Exception {
    cli.close();
    gateway.close();
    server.close();
  }

  private void write(String token, String endpoint) throws Exception {
    ColabGateway.writeSessions(
        sessions,
        Map.of(
            "trainer",
            new ColabGateway.Session(token, "http://127.0.0.1:" + gateway.port(), endpoint)));
  }

  @Test
  void session_initMountEditExecUmount() throws Exception {
    Cli.Ended init =
        cli.works(
            "init",
            "work",
            "--colab",
            "trainer",
            "--key=" + server.privateKey(),
            "--user=" + server.user(),
            "--root=" + server.root(),
            "--accept-new-host-key");
    assertThat(init.out()).contains("@colab:trainer").contains("pinned");
    cli.works("mount", "work", mountpoint.toString());
    assertThat(cli.shell(mountpoint, "echo hello > file && cat file").out()).isEqualTo("hello\n");
    assertThat(cli.shell(mountpoint, "colabfs exec cat file").out()).isEqualTo("hello\n");
    cli.works("umount", mountpoint.toString());
    assertThat(server.root().resolve("file")).hasContent("hello\n");
    assertThat(gateway.pushedKeys()).allMatch(key -> key.startsWith("ssh-ed25519 "));
  }
}
