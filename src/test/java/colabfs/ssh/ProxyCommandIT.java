package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.RemotePath;
import colabfs.it.OpenSshServer;
import colabfs.profile.Profile;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSH reached through a program's standard input and output. */
@Timeout(60)
final class ProxyCommandIT {
  private static final RemotePath FILE = RemotePath.of("/file");

  /** What nc does: joins standard input and output to a TCP connection. */
  private static final String NETCAT =
      """
      import os, socket, sys, threading
      open(sys.argv[3], "w").write(str(os.getpid()))
      link = socket.create_connection((sys.argv[1], int(sys.argv[2])))
      def up():
          while True:
              data = os.read(0, 65536)
              if not data:
                  os._exit(0)
              link.sendall(data)
      threading.Thread(target=up, daemon=True).start()
      while True:
          data = link.recv(65536)
          if not data:
              break
          os.write(1, data)
      """;

  @TempDir Path dir;

  private OpenSshServer server;
  private Path script;
  private Path pidFile;

  @BeforeEach
  void startServer() throws Exception {
    server = Runtimes.server(Files.createDirectory(dir.resolve("server")));
    Files.writeString(server.root().resolve("file"), "hello");
    script = Files.writeString(dir.resolve("net cat.py"), NETCAT);
    pidFile = dir.resolve("pid");
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void program_withoutAShell_carriesFilesWhole() throws Exception {
    byte[] content = new byte[5 << 20];
    new Random(3).nextBytes(content);
    try (SshRemote remote = connect(netcat())) {
      RemoteFile file =
          remote
              .fs()
              .open(RemotePath.of("/new"), Set.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644)
              .get(10, TimeUnit.SECONDS);
      file.write(0, ByteBuffer.wrap(content)).get(20, TimeUnit.SECONDS);
      file.close().get(10, TimeUnit.SECONDS);
      assertThat(Files.readAllBytes(server.root().resolve("new"))).isEqualTo(content);
      RemoteFile back =
          remote
              .fs()
              .open(RemotePath.of("/new"), Set.of(OpenFlag.READ), 0)
              .get(10, TimeUnit.SECONDS);
      ByteBuffer read = back.read(0, content.length).get(20, TimeUnit.SECONDS);
      assertThat(read).isEqualTo(ByteBuffer.wrap(content));
    }
  }

  @Test
  void sshItself_asAJumpHost_works() throws Exception {
    String jump =
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
            + " -i "
            + server.privateKey()
            + " -p "
            + server.port()
            + " -W %h:%p %r@127.0.0.1";
    try (SshRemote remote = connect(jump)) {
      assertThat(remote.fs().lstat(FILE)).succeedsWithin(Duration.ofSeconds(10));
    }
  }

  @Test
  void shellCommand_isGivenToAShell() throws Exception {
    String bash =
        "bash -c 'exec 3<>/dev/tcp/$0/$1; cat <&3 & cat >&3; kill $!' \"%h\" %p 2>/dev/null";
    try (SshRemote remote = connect(bash)) {
      assertThat(remote.fs().lstat(FILE)).succeedsWithin(Duration.ofSeconds(10));
    }
  }

  @Test
  void closed_theProgramIsKilled() throws Exception {
    ProcessHandle program;
    try (SshRemote remote = connect(netcat())) {
      program = program();
      assertThat(program.isAlive()).isTrue();
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    }
    Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> !program.isAlive());
  }

  @Test
  void programKilled_isALostConnection_andAnotherIsStarted() throws Exception {
    try (SshRemote remote = connect(netcat())) {
      ProcessHandle first = program();
      first.destroyForcibly();
      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> program().pid() != first.pid() && program().isAlive());
      assertThat(remote.fs().lstat(FILE)).succeedsWithin(Duration.ofSeconds(10));
    }
  }

  @Test
  void programFails_itsLastWordsAreInTheMessage() {
    assertThatThrownBy(() -> connect("sh -c 'echo no such tunnel >&2; exit 3'"))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isEqualTo(ConnectFailure.Reason.TRANSPORT))
        .hasMessageContaining("ended with status 3")
        .hasMessageContaining("no such tunnel")
        .hasMessageContaining("Try the proxy command by hand");
  }

  @Test
  void programIsMissing_saysSo() {
    assertThatThrownBy(() -> connect("no-such-program %h %p"))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isEqualTo(ConnectFailure.Reason.TRANSPORT))
        .hasMessageContaining("the proxy command cannot be run")
        .hasMessageContaining("no-such-program");
  }

  @Test
  void programSaysNothing_endsInTime() {
    assertThatThrownBy(() -> connect("sleep 100"))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isEqualTo(ConnectFailure.Reason.TIMEOUT))
        .hasMessageContaining("by proxy command");
  }

  private String netcat() {
    return "python3 '" + script + "' %h %p " + pidFile;
  }

  private ProcessHandle program() throws IOException {
    String pid = Files.readString(pidFile);
    return pid.isEmpty()
        ? ProcessHandle.current().parent().orElseThrow()
        : ProcessHandle.of(Long.parseLong(pid)).orElse(ProcessHandle.current());
  }

  private SshRemote connect(String command) throws ConnectFailure, IOException {
    Profile profile =
        Runtimes.with(
            Runtimes.profile(server), new Profile.Command(command, "127.0.0.1", server.port()));
    return SshRemote.connect(Runtimes.quick(profile, Duration.ofSeconds(4)), Runtimes.NOTHING);
  }
}
