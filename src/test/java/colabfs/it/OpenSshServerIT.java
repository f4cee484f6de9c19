package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
      assertThat(ssh(server, server.privateKey(), "echo hello; exit 7"))
          .isEqualTo(new Ended(7, "hello\n"));
      assertThat(ssh(server, dir.resolve("host_key"), "true").status())
          .as(server.log())
          .isEqualTo(255);
      assertThat(server.log()).contains("Accepted publickey for " + server.user());
    }
  }

  @Test
  void restarted_isOnTheSamePortWithTheSameKey() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(dir)) {
      int port = server.port();
      server.restart();
      assertThat(server.port()).isEqualTo(port);
      assertThat(ssh(server, server.privateKey(), "true").status()).as(server.log()).isZero();
    }
  }

  @Test
  void stopped_leavesNoSessionAndNoCommand() throws Exception {
    try (OpenSshServer server = OpenSshServer.start(dir)) {
      Path pid = server.root().resolve("pid");
      Process client =
          command(
                  server,
                  server.privateKey(),
                  "echo $$ >" + pid + ".new; mv " + pid + ".new " + pid + "; exec sleep 300")
              .start();
      Awaitility.await().until(() -> Files.exists(pid));
      ProcessHandle remote =
          ProcessHandle.of(Long.parseLong(Files.readString(pid).trim())).orElseThrow();
      server.stop();
      assertThat(client.waitFor()).isEqualTo(255);
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
      Process sftp =
          new ProcessBuilder(
                  client(
                      "sftp", "-P", server, server.privateKey(), List.of("-b", "-", "127.0.0.1")))
              .redirectErrorStream(true)
              .start();
      sftp.outputWriter().append("ls " + server.root() + "\n").close();
      assertThat(sftp.inputReader().lines().toList())
          .anyMatch(line -> line.strip().endsWith("over there"));
      assertThat(Files.readString(dir.resolve("sshd_config")))
          .startsWith("PermitTTY no\n")
          .contains("MaxSessions 2\n", "Subsystem sftp /usr/lib/openssh/sftp-server\n");
    }
  }

  private record Ended(int status, String output) {}

  private Ended ssh(OpenSshServer server, Path key, String line)
      throws IOException, InterruptedException {
    Process ssh = command(server, key, line).start();
    String output = new String(ssh.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(ssh.waitFor(), output);
  }

  private ProcessBuilder command(OpenSshServer server, Path key, String line) throws IOException {
    return new ProcessBuilder(client("ssh", "-p", server, key, List.of("127.0.0.1", line)))
        .redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  /** A client that looks at nothing of the user's own and trusts exactly the server's host key. */
  private List<String> client(
      String program, String portOption, OpenSshServer server, Path key, List<String> rest)
      throws IOException {
    Path known = dir.resolve("known_hosts");
    Files.writeString(known, "[127.0.0.1]:" + server.port() + " " + server.hostKeyLine() + "\n");
    List<String> command = new ArrayList<>(List.of(program, "-F", "none"));
    for (String option :
        List.of(
            "User=" + server.user(),
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "StrictHostKeyChecking=yes",
            "UserKnownHostsFile=" + known)) {
      command.addAll(List.of("-o", option));
    }
    command.addAll(List.of("-i", key.toString(), portOption, String.valueOf(server.port())));
    command.addAll(rest);
    return command;
  }
}
