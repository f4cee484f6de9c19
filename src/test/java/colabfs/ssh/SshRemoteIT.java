package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import colabfs.it.OpenSshServer;
import colabfs.it.Relay;
import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A connection in good weather, against OpenSSH. */
@Timeout(60)
final class SshRemoteIT {
  @TempDir static Path dir;

  private static OpenSshServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server = Runtimes.server(dir);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Test
  void connection_tellsOfTheServer() throws Exception {
    Files.writeString(server.root().resolve("seen"), "x");
    try (SshRemote remote = SshRemote.connect(Runtimes.settings(Runtimes.profile(server)))) {
      assertThat(remote.root()).isEqualTo(server.root().toString());
      assertThat(remote.hostKey()).isEqualTo(server.hostKeyLine());
      assertThat(remote.facts().software()).startsWith("OpenSSH_");
      assertThat(remote.facts().extensions()).contains("posix-rename@openssh.com");
      assertThat(remote.identity().uid())
          .isEqualTo((Integer) Files.getAttribute(server.root(), "unix:uid"));
      assertThat(remote.identity().gids()).contains(remote.identity().gid());
      assertThat(remote.fs().lstat(RemotePath.of("/seen")).get(5, TimeUnit.SECONDS).sizeBytes())
          .isEqualTo(1);
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
      assertThat(remote.status().bytesReceived()).isPositive();
    }
  }

  @Test
  void connection_tellsWhichRuntimeItIs_andAgainAfterAReconnect() throws Exception {
    RuntimeId expected =
        new RuntimeId(
            line(Path.of(RuntimeQuestion.MACHINE_ID)),
            line(Path.of(RuntimeQuestion.BOOT_ID)),
            HostKey.parse(server.hostKeyLine()).fingerprint());
    try (Relay relay = Relay.start(server.port(), Duration.ZERO, 0);
        SshRemote remote =
            SshRemote.connect(Runtimes.settings(Runtimes.profile(server, relay.port())))) {
      assertThat(remote.runtimeId()).isEqualTo(expected);
      CountDownLatch again = new CountDownLatch(2);
      remote.link().onChange(up -> again.countDown());
      relay.cut();
      assertThat(again.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(remote.runtimeId()).isEqualTo(expected);
      assertThat(remote.runtimeId().comparedTo(expected)).isEqualTo(RuntimeId.Match.SAME);
    }
  }

  private static @Nullable String line(Path file) throws IOException {
    String text = Files.exists(file) ? Files.readString(file).strip() : "";
    return text.isEmpty() ? null : text;
  }

  @Test
  void connecting_at80ms_takesFewRoundTrips() throws Exception {
    // ten round trips of MINA's own way would be 800 ms; the first connect also loads its classes
    try (Relay relay = Relay.start(server.port(), Duration.ofMillis(80), 0)) {
      long start = System.nanoTime();
      try (SshRemote remote =
          SshRemote.connect(Runtimes.settings(Runtimes.profile(server, relay.port())))) {
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(3));
        assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
      }
    }
  }

  @Test
  void shellThatHangsInItsStartFiles_keepsNobodyFromTheFiles() throws Exception {
    Path own = Files.createDirectory(dir.resolve("slow"));
    Files.writeString(own.resolve(".bashrc"), "sleep 30\n");
    Files.writeString(own.resolve(".profile"), "sleep 30\n");
    try (OpenSshServer slow = Runtimes.server(own);
        SshRemote remote =
            SshRemote.connect(Runtimes.settings(Runtimes.profile(slow)), Runtimes.NOTHING)) {
      assertThat(remote.fs().lstat(RemotePath.ROOT)).succeedsWithin(Duration.ofSeconds(5));
      Path home = Path.of(System.getProperty("user.home"));
      assertThat(remote.identity().uid()).isEqualTo((Integer) Files.getAttribute(home, "unix:uid"));
    }
  }

  @Test
  void closing_isQuick() throws Exception {
    SshRemote remote = SshRemote.connect(Runtimes.settings(Runtimes.profile(server)));
    long start = System.nanoTime();
    remote.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(500));
  }
}
