package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.OpenSshClient.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class OpenSshServerIT {
  @TempDir Path dir;

  @Test
  void started_letsItsKeyInAndNoOther() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(dir)) {
      OpenSshClient client = OpenSshClient.of(server, dir);
      assertThat(client.ssh(server.privateKey(), "echo hello; exit 7"))
          .as(server.log())
          .isEqualTo(new Ended(7, "hello\n"));
      assertThat(client.ssh(dir.resolve("host_key"), "true").status()).isEqualTo(255);
      assertThat(server.log()).contains("Accepted publickey for " + server.user());
    }
  }

  @Test
  void restarted_isOnTheSamePortWithTheSameKey() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(dir)) {
      OpenSshClient client = OpenSshClient.of(server, dir);
      server.restart();
      assertThat(client.ssh(server.privateKey(), "true").status()).as(server.log()).isZero();
    }
  }

  @Test
  void stopped_leavesNoSessionAndNoCommand() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(dir)) {
      Path pid = server.root().resolve("pid");
      String line = "echo $$ >%s.new; mv %s.new %s; exec sleep 300".formatted(pid, pid, pid);
      Process ssh =
          OpenSshClient.of(server, dir)
              .command("ssh", server.privateKey(), "127.0.0.1", line)
              .start();
      Awaitility.await().until(() -> Files.exists(pid));
      ProcessHandle remote =
          ProcessHandle.of(Long.parseLong(Files.readString(pid).trim())).orElseThrow();
      server.stop();
      assertThat(ssh.waitFor()).isEqualTo(255);
      Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> !remote.isAlive());
    }
  }

  @Test
  void separateSftpAndFewSessions_areAsAsked() throws Exception {
    OpenSshServer.Options options =
        OpenSshServer.Options.USUAL
            .withConfig("PermitTTY no")
            .withMaxSessions(2)
            .withSeparateSftp();
    try (OpenSshServer server = OpenSshServer.start(dir, options)) {
      Files.writeString(server.root().resolve("over there"), "");
      Ended sftp =
          OpenSshClient.of(server, dir).sftp(server.privateKey(), "ls -1 " + server.root());
      assertThat(sftp.output()).contains("over there");
      assertThat(Files.readString(dir.resolve("sshd_config")))
          .startsWith("PermitTTY no\n")
          .contains("MaxSessions 2\n", "Subsystem sftp /usr/lib/openssh/sftp-server\n");
    }
  }
}
