package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import colabfs.core.RemotePath;
import colabfs.it.Certificate;
import colabfs.it.ColabGateway;
import colabfs.it.ColabGateway.Manner;
import colabfs.it.ColabTool;
import colabfs.it.ConnectProxy;
import colabfs.it.OpenSshServer;
import colabfs.it.Relay;
import colabfs.profile.Profile;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.ssh.ConnectFailure.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** OpenSSH behind a stand-in for Google's endpoint. */
@Timeout(120)
final class ColabTransportIT {
  private static final String TOKEN = "sec/ret+to=ken";
  private static final Duration QUICK = Duration.ofSeconds(4);

  @TempDir Path dir;

  private OpenSshServer server;
  private ColabGateway gateway;
  private Path sessions;

  @BeforeEach
  void start() throws Exception {
    server = Runtimes.server(Files.createDirectory(dir.resolve("server")));
    gateway = ColabGateway.start(server).allow(TOKEN);
    sessions = dir.resolve("sessions.json");
    write(TOKEN, gateway.port(), "m-s-1");
  }

  @AfterEach
  void stop() throws Exception {
    gateway.close();
    server.close();
  }

  private void write(String token, int port, String runtime) throws IOException {
    writeUrl(token, "http://127.0.0.1:" + port + "/tun/m/x", runtime);
  }

  private void writeUrl(String token, String url, String runtime) throws IOException {
    ColabTool.writeSessions(
        sessions, Map.of("trainer", new ColabTool.Session(token, url, runtime)));
  }

  private Profile profile() throws IOException {
    return Runtimes.with(
        Runtimes.profile(server), new Profile.Colab("trainer", sessions.toString(), "m-s-1"));
  }

  private static SshRemote connect(Profile profile) throws ConnectFailure {
    return SshRemote.connect(Runtimes.quick(profile, QUICK), Runtimes.NOTHING);
  }

  private ConnectFailure refusal(Profile profile) {
    ConnectFailure failure =
        catchThrowableOfType(ConnectFailure.class, () -> connect(profile).close());
    assertThat(failure).isNotNull();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      assertThat(each.toString()).doesNotContain(TOKEN, "sec%2Fret", "proxy-token");
    }
    return failure;
  }

  private static void carry(SshRemote remote, int bytes) throws Exception {
    byte[] content = new byte[bytes];
    new Random(3).nextBytes(content);
    RemotePath path = RemotePath.of("/new");
    RemoteFile file =
        remote
            .fs()
            .open(path, Set.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644)
            .get(20, TimeUnit.SECONDS);
    file.write(0, ByteBuffer.wrap(content)).get(60, TimeUnit.SECONDS);
    file.close().get(20, TimeUnit.SECONDS);
    RemoteFile again = remote.fs().open(path, Set.of(OpenFlag.READ), 0).get(20, TimeUnit.SECONDS);
    ByteBuffer back = again.read(0, bytes).get(60, TimeUnit.SECONDS);
    assertThat(back).isEqualTo(ByteBuffer.wrap(content));
    again.close().get(20, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource(names = {"USUAL", "FRAGMENTS"})
  void files_areCarriedWhole_howeverTheyAreFramed(Manner manner) throws Exception {
    gateway.behave(manner);
    try (SshRemote remote = connect(profile())) {
      carry(remote, 5 << 20);
    }
    assertThat(gateway.paths())
        .containsExactly("/colab/ssh?colab-runtime-proxy-token=sec%2Fret%2Bto%3Dken");
    assertThat(gateway.pushedKeys()).singleElement().asString().startsWith("ssh-ed25519 ");
    if (manner == Manner.FRAGMENTS) {
      assertThat(gateway.pongs()).isPositive();
    }
  }

  @Test
  void close_saysGoodbye_soThatTheNextIsLetIn() throws Exception {
    connect(profile()).close();
    Awaitility.await().until(() -> !gateway.isHeld());
    assertThat(gateway.goodbyes()).isEqualTo(1);
    connect(profile()).close();
  }

  @ParameterizedTest
  @CsvSource({
    "400, AUTHENTICATION, ed25519 and ecdsa keys only",
    "401, NOT_ADMITTED, colab status -s trainer",
    "403, NOT_ADMITTED, compute units",
    "404, NOT_ADMITTED, colab new -s trainer",
    "407, TRANSPORT, https_proxy=",
    "429, BUSY, one at a time",
    "502, TRANSPORT, does not reach the SSH server",
    "302, TRANSPORT, HTTP status 302",
    "500, TRANSPORT, HTTP status 500",
  })
  void status_hasItsMessageAndNextStep(int status, Reason reason, String words) throws Exception {
    gateway.answer(status);
    ConnectFailure failure = refusal(profile());
    assertThat(failure).hasMessageContaining("'trainer'").hasMessageContaining(words);
    assertThat(failure.reason()).isEqualTo(reason);
  }

  @Test
  void secondConnection_isRefused_whileTheFirstIsThere() throws Exception {
    try (SshRemote first = connect(profile())) {
      assertThat(refusal(profile()).reason()).isEqualTo(Reason.BUSY);
      assertThat(first.fs().lstat(RemotePath.ROOT)).succeedsWithin(QUICK);
    }
  }

  @Test
  void token_thatWasRenewedWhileItWasRefused_isReadOnceMore() throws Exception {
    write("old", gateway.port(), "m-s-1");
    gateway.beforeAnswer(
        () -> {
          try {
            write(TOKEN, gateway.port(), "m-s-1");
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    connect(profile()).close();
    assertThat(gateway.paths()).hasSize(2);
  }

  @Test
  void token_thatStaysRefused_isNotTriedAgain() throws Exception {
    write("old", gateway.port(), "m-s-1");
    assertThat(refusal(profile())).hasMessageContaining("(401)");
    assertThat(gateway.paths()).hasSize(1);
  }

  @Test
  void cut_reconnectsWithTheTokenThatIsInTheFileThen() throws Exception {
    try (SshRemote remote = connect(profile())) {
      gateway.expire(TOKEN);
      gateway.allow("renewed");
      write("renewed", gateway.port(), "m-s-1");
      gateway.cut();
      assertThat(remote.fs().lstat(RemotePath.ROOT)).succeedsWithin(Duration.ofSeconds(20));
      carry(remote, 1 << 20);
    }
    assertThat(gateway.paths()).last().asString().endsWith("=renewed");
  }

  @ParameterizedTest
  @EnumSource(names = {"GARBAGE", "HUGE_FRAME", "NO_FRAMES", "STALLED", "TEXT_FRAME", "CLOSES"})
  void hostileGateway_endsInAClearErrorInTime(Manner manner) throws Exception {
    assertHostile(manner);
  }

  @ParameterizedTest
  @EnumSource(names = {"WRONG_DIGEST", "PINGS"})
  void gatewayThatSpeaksNoSsh_endsInAClearErrorInTime(Manner manner) throws Exception {
    assertHostile(manner);
  }

  private void assertHostile(Manner manner) throws Exception {
    gateway.behave(manner);
    long start = System.nanoTime();
    ConnectFailure failure = refusal(profile());
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(QUICK.multipliedBy(3));
    assertThat(failure).hasMessageContaining("'trainer'");
    assertThat(failure.getMessage()).doesNotContainPattern("\\p{Cntrl}").hasSizeLessThan(900);
    switch (manner) {
      case TEXT_FRAME -> assertThat(failure).hasMessageContaining("text where SSH was expected");
      case CLOSES ->
          assertThat(failure).hasMessageContaining("1013").hasMessageContaining("mainten");
      case STALLED -> assertThat(failure).hasMessageContaining("did not answer within 4 s");
      case WRONG_DIGEST -> assertThat(failure).hasMessageContaining("no WebSocket");
      default -> assertThat(failure.reason()).isIn(Reason.TRANSPORT, Reason.TIMEOUT);
    }
  }

  @Test
  void otherKeyOfTheSameRuntime_stopsWithBothFingerprints() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")))) {
      gateway.leadTo(other);
      ConnectFailure failure = refusal(profile());
      assertThat(failure.reason()).isEqualTo(Reason.HOST_KEY_CHANGED);
      assertThat(failure)
          .hasMessageContaining(HostKey.parse(server.hostKeyLine()).fingerprint())
          .hasMessageContaining(HostKey.parse(other.hostKeyLine()).fingerprint());
    }
  }

  @Test
  void newRuntimeOfTheSameSession_isToldAsOne_andAcceptedAsAtFirst() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")))) {
      Files.createDirectories(other.root());
      Profile profile = Runtimes.withRoot(profile(), "/");
      write(TOKEN, gateway.port(), "m-s-2");
      gateway.leadTo(other);
      Files.delete(other.authorizedKeys());
      Files.createSymbolicLink(other.authorizedKeys(), server.authorizedKeys());
      ConnectFailure failure = refusal(profile);
      assertThat(failure.reason()).isEqualTo(Reason.HOST_KEY_UNKNOWN);
      assertThat(failure)
          .hasMessageContaining("new runtime (m-s-2; the pinned key is that of m-s-1)")
          .hasMessageContaining("colabfs init test --accept-new-host-key");
      SshSettings accepting =
          new SshSettings(
              () -> profile, null, HostKeyPrompt.ACCEPT, SecretPrompt.NONE, QUICK, QUICK);
      try (SshRemote remote = SshRemote.connect(accepting, Runtimes.NOTHING)) {
        Profile pinned = remote.pinnedIn(profile);
        assertThat(pinned.hostKey()).isEqualTo(other.hostKeyLine());
        assertThat(pinned.endpoint())
            .isEqualTo(new Profile.Colab("trainer", sessions.toString(), "m-s-2"));
      }
    }
  }

  @Test
  void rsaKeyAlone_isNotPushed() throws Exception {
    Path key = dir.resolve("rsa");
    assertThat(
            new ProcessBuilder(
                    "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", key.toString())
                .start()
                .waitFor())
        .isZero();
    ConnectFailure failure = refusal(Runtimes.with(profile(), Runtimes.key(key, null)));
    assertThat(failure.reason()).isEqualTo(Reason.AUTHENTICATION);
    assertThat(failure).hasMessageContaining("ed25519 and ecdsa keys only");
    assertThat(gateway.paths()).isEmpty();
  }

  @Test
  void keyFromTheDefaultFiles_isTheOneThatIsPushed() throws Exception {
    Path ssh = Files.createDirectories(dir.resolve("ssh"));
    assertThat(
            new ProcessBuilder("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", ssh + "/id_ecdsa")
                .start()
                .waitFor())
        .isZero();
    Profile profile = Runtimes.with(profile(), Profile.Credentials.NONE);
    try (SshRemote remote =
        SshRemote.connect(Runtimes.quick(profile, QUICK), new Surroundings(ssh, null, null))) {
      assertThat(remote.fs().lstat(RemotePath.ROOT)).succeedsWithin(QUICK);
    }
    assertThat(gateway.pushedKeys()).singleElement().asString().startsWith("ecdsa-sha2-nistp256 ");
  }

  @Test
  void certificate_isChecked() throws Exception {
    Certificate certificate = Certificate.make(dir);
    SSLContext before = SSLContext.getDefault();
    try (ColabGateway secure =
        ColabGateway.start(server, certificate.shown().getServerSocketFactory()).allow(TOKEN)) {
      writeUrl(TOKEN, "https://localhost:" + secure.port(), "m-s-1");
      assertThat(refusal(profile())).hasMessageContaining("no certificate that Java trusts");
      SSLContext.setDefault(certificate.trusted());
      try (SshRemote remote = connect(profile())) {
        carry(remote, 5 << 20);
      }
    } finally {
      SSLContext.setDefault(before);
    }
  }

  @Test
  void proxy_withAPassword_isPassed() throws Exception {
    try (ConnectProxy proxy = new ConnectProxy("me", "p@ss word")) {
      String right = "http://me:p%40ss%20word@127.0.0.1:" + proxy.port();
      try (SshRemote remote = connectBy(Map.of("http_proxy", right))) {
        carry(remote, 1 << 20);
      }
      assertThat(proxy.requests())
          .containsExactly("CONNECT 127.0.0.1:" + gateway.port() + " HTTP/1.1");
      assertThat(refusalBy(Map.of("http_proxy", right.replace("word", "wrong"))))
          .hasMessageContaining("(407)");
      assertThat(refusalBy(Map.of("all_proxy", "socks5://127.0.0.1:1")))
          .hasMessageContaining("all_proxy names a proxy of kind 'socks5'");
      connectBy(Map.of("http_proxy", "http://127.0.0.1:1", "no_proxy", "127.0.0.1")).close();
    }
  }

  private SshRemote connectBy(Map<String, String> environment) throws Exception {
    Awaitility.await().until(() -> !gateway.isHeld());
    return SshRemote.connect(
        Runtimes.quick(profile(), QUICK),
        new Surroundings(Path.of("/nonexistent"), null, null, environment));
  }

  private @Nullable ConnectFailure refusalBy(Map<String, String> environment) {
    return catchThrowableOfType(ConnectFailure.class, () -> connectBy(environment).close());
  }

  @Test
  void gatewayThatFallsSilent_isLeft_andComeBackTo() throws Exception {
    try (Relay relay = Relay.start(gateway.port(), Duration.ofMillis(20), 0)) {
      write(TOKEN, relay.port(), "m-s-1");
      try (SshRemote remote = connect(profile())) {
        relay.stall(true);
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> remote.status().state() != LinkStatus.State.CONNECTED);
        relay.stall(false);
        Awaitility.await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> remote.status().state() == LinkStatus.State.CONNECTED);
        carry(remote, 1 << 20);
      }
    }
  }

  @Test
  void nobodyThere_saysSo() throws Exception {
    gateway.close();
    assertThat(refusal(profile()).reason()).isEqualTo(Reason.REFUSED);
    writeUrl(TOKEN, "https://no-such-host.invalid", "m-s-1");
    assertThat(refusal(profile())).hasMessageContaining("no-such-host.invalid");
  }

  @Test
  void throughput_isThatOfTcp() throws Exception {
    int bytes = 16 << 20;
    Duration roundTrip = Duration.ofMillis(80);
    long rate = 50_000_000 / 8;
    Duration byTcp;
    try (Relay relay = Relay.start(server.port(), roundTrip, rate)) {
      Files.copy(
          server.privateKey().resolveSibling("user_key.pub"),
          server.authorizedKeys(),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      try (SshRemote remote = connect(Runtimes.profile(server, relay.port()))) {
        byTcp = timed(remote, bytes);
      }
    }
    try (Relay relay = Relay.start(gateway.port(), roundTrip, rate)) {
      write(TOKEN, relay.port(), "m-s-1");
      try (SshRemote remote = connect(profile())) {
        Duration byGateway = timed(remote, bytes);
        System.getLogger(getClass().getName())
            .log(System.Logger.Level.INFO, "tcp {0}, gateway {1}", byTcp, byGateway);
        assertThat(byGateway).isLessThan(byTcp.multipliedBy(5).dividedBy(4));
      }
    }
  }

  /** The shorter of two rounds: machines are busy. */
  private static Duration timed(SshRemote remote, int bytes) throws Exception {
    carry(remote, 1 << 20);
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 2; round++) {
      long start = System.nanoTime();
      carry(remote, bytes);
      best = Math.min(best, System.nanoTime() - start);
    }
    return Duration.ofNanos(best);
  }
}
