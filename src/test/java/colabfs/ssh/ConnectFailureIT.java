package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.it.OpenSshServer;
import colabfs.profile.Profile;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each way of not reaching a runtime ends soon, with a message of its own. */
@Timeout(60)
final class ConnectFailureIT {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  @TempDir static Path dir;

  private static OpenSshServer server;

  @BeforeAll
  static void startServer() throws Exception {
    Path own = Files.createDirectory(dir.resolve("server"));
    for (String type : List.of("ecdsa", "rsa")) {
      Process keygen =
          new ProcessBuilder(
                  "ssh-keygen", "-q", "-t", type, "-N", "", "-f", own.resolve(type).toString())
              .start();
      assertThat(keygen.waitFor()).isZero();
    }
    server =
        Runtimes.server(
            own,
            "HostKey " + own.toRealPath().resolve("rsa"),
            "HostKey " + own.toRealPath().resolve("ecdsa"));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Test
  void nothingListens() throws Exception {
    assertFails(at("127.0.0.1", freePort()), Reason.REFUSED)
        .hasMessageContaining("refuses connections")
        .hasMessageContaining("colabfs init");
  }

  @Test
  void nothingListens_byIpv6() throws Exception {
    assertThatThrownBy(() -> connect(at("::1", freePort())))
        .isInstanceOfSatisfying(
            ConnectFailure.class, // there may be no IPv6 here at all
            e -> assertThat(e.reason()).isIn(Reason.REFUSED, Reason.UNREACHABLE));
  }

  @Test
  void hostWithSeveralAddresses_isReachedByTheOneThatAnswers() throws Exception {
    try (SshRemote remote =
        SshRemote.connect(Runtimes.settings(at("localhost", server.port())), Runtimes.NOTHING)) {
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    }
  }

  @Test
  void hostNameIsUnknown() throws Exception {
    assertFails(at("no-such-host.invalid", 22), Reason.UNREACHABLE)
        .hasMessageContaining("'no-such-host.invalid' is unknown");
  }

  @Test
  void noWayLeadsThere() throws Exception {
    // 240.0.0.0/4 is reserved (RFC 1112): Linux has no route to it
    assertThatThrownBy(() -> connect(at("240.0.0.1", 22)))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            e -> assertThat(e.reason()).isIn(Reason.UNREACHABLE, Reason.TIMEOUT, Reason.REFUSED));
  }

  @Test
  void serverSaysNothing() throws Exception {
    try (Pretender silent = new Pretender("")) {
      assertFails(at("127.0.0.1", silent.port()), Reason.TIMEOUT)
          .hasMessageContaining("did not greet as an SSH server within 2 s");
    }
  }

  @Test
  void serverSpeaksHttp() throws Exception {
    try (Pretender http = new Pretender("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")) {
      assertFails(at("127.0.0.1", http.port()), Reason.TRANSPORT)
          .hasMessageContaining("is no SSH server")
          .hasMessageContaining("HTTP/1.1 400 Bad Request");
    }
  }

  @Test
  void serverSendsGarbageWithoutEnd() throws Exception {
    try (Pretender noise = new Pretender("\u0000\u0001garbage".repeat(20_000))) {
      assertThatThrownBy(() -> connect(at("127.0.0.1", noise.port())))
          .isInstanceOfSatisfying(
              ConnectFailure.class,
              e -> assertThat(e.reason()).isIn(Reason.TRANSPORT, Reason.TIMEOUT));
    }
  }

  @Test
  void serverHangsUpAtOnce() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread hangUp =
          new Thread(
              () -> {
                try {
                  socket.accept().close();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      hangUp.start();
      assertFails(at("127.0.0.1", socket.getLocalPort()), Reason.TRANSPORT)
          .hasMessageContaining("was lost before it was ready");
      hangUp.join();
    }
  }

  @Test
  void hostKeyChanged_namesBothFingerprintsAndTheWayOut() throws Exception {
    String other = Files.readString(dir.resolve("server/user_key.pub"));
    Profile profile = Runtimes.profile(server).withHostKey(other);
    assertFails(profile, Reason.HOST_KEY_CHANGED)
        .hasMessageContaining(HostKey.parse(other).fingerprint())
        .hasMessageContaining(HostKey.parse(server.hostKeyLine()).fingerprint())
        .hasMessageContaining("colabfs init test --host-key \"" + server.hostKeyLine() + "\"");
  }

  @Test
  void hostKeyUnknown_namesTheFingerprintAndTheOption() throws Exception {
    assertFails(Runtimes.unpinned(Runtimes.profile(server)), Reason.HOST_KEY_UNKNOWN)
        .hasMessageContaining(HostKey.parse(server.hostKeyLine()).fingerprint())
        .hasMessageContaining("--accept-new-host-key");
  }

  @Test
  void hostKeyUnknown_isTakenWhenTheUserSaysSo() throws Exception {
    List<String> shown = new CopyOnWriteArrayList<>();
    Profile profile = Runtimes.unpinned(Runtimes.profile(server));
    SshSettings settings =
        new SshSettings(
            () -> profile,
            null,
            (line, fingerprint) -> shown.add(line + " " + fingerprint),
            SecretPrompt.NONE,
            Runtimes.CALL_TIMEOUT,
            PATIENCE);
    try (SshRemote remote = SshRemote.connect(settings, Runtimes.NOTHING)) {
      String line = server.hostKeyLine();
      assertThat(remote.hostKey()).isEqualTo(line);
      assertThat(shown).containsExactly(line + " " + HostKey.parse(line).fingerprint());
    }
  }

  @Test
  void pinnedKeyOfAnotherType_isAskedFor() throws Exception {
    for (String type : List.of("ecdsa", "rsa")) {
      String line = Files.readString(dir.resolve("server/" + type + ".pub"));
      try (SshRemote remote =
          SshRemote.connect(
              Runtimes.settings(Runtimes.profile(server).withHostKey(line)), Runtimes.NOTHING)) {
        assertThat(remote.hostKey()).isEqualTo(HostKey.parse(line).line());
      }
    }
  }

  @Test
  void pinnedKeyThatCannotBeRead_saysSo() throws Exception {
    assertFails(Runtimes.profile(server).withHostKey("ssh-ed25519 AAAA"), Reason.HOST_KEY_UNKNOWN)
        .hasMessageContaining("cannot be read");
  }

  @Test
  void rootIsMissing() throws Exception {
    assertFails(Runtimes.withRoot(Runtimes.profile(server), "/no/such/place"), Reason.ROOT_MISSING)
        .hasMessageContaining("'/no/such/place'")
        .hasMessageContaining("no such file or directory");
  }

  @Test
  void rootIsAFile() throws Exception {
    assertFails(Runtimes.withRoot(Runtimes.profile(server), "/etc/passwd"), Reason.ROOT_MISSING)
        .hasMessageContaining("no directory");
  }

  @Test
  void serverGivesNoSftp() throws Exception {
    Path own = Files.createDirectory(dir.resolve("nosftp"));
    try (OpenSshServer bare = Runtimes.server(own, "ForceCommand /bin/false")) {
      assertFails(Runtimes.profile(bare), Reason.NO_SFTP)
          .hasMessageContaining("gives no SFTP")
          .hasMessageContaining("Subsystem sftp internal-sftp");
    }
  }

  private static Profile at(String host, int port) throws IOException {
    return Runtimes.with(Runtimes.profile(server), new Profile.Tcp(host, port));
  }

  private static void connect(Profile profile) throws ConnectFailure {
    SshRemote.connect(Runtimes.quick(profile, PATIENCE), Runtimes.NOTHING).close();
  }

  private static AbstractThrowableAssert<?, ?> assertFails(Profile profile, Reason reason) {
    return assertThatThrownBy(() -> connect(profile))
        .isInstanceOfSatisfying(
            ConnectFailure.class,
            failure -> assertThat(failure.reason()).as(failure.getMessage()).isEqualTo(reason));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** A server that says one thing to everybody and then waits. */
  private static final class Pretender implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    private final List<Socket> clients = new ArrayList<>();

    Pretender(String words) throws IOException {
      Thread thread = new Thread(() -> serve(words));
      thread.setDaemon(true);
      thread.start();
    }

    int port() {
      return socket.getLocalPort();
    }

    private void serve(String words) {
      try {
        while (true) {
          Socket client = socket.accept();
          synchronized (clients) {
            clients.add(client);
          }
          client.getOutputStream().write(words.getBytes(StandardCharsets.ISO_8859_1));
        }
      } catch (IOException e) {
        // closed
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
      synchronized (clients) {
        for (Socket client : clients) {
          client.close();
        }
      }
    }
  }
}
