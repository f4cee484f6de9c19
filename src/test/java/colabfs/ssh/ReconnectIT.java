package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.it.OpenSshServer;
import colabfs.it.Relay;
import colabfs.profile.Profile;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RuntimeId;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A connection in bad weather, against OpenSSH. */
@Timeout(90)
final class ReconnectIT {
  private static final RemotePath FILE = RemotePath.of("/file");

  @TempDir Path dir;

  private OpenSshServer server;

  @BeforeEach
  void startServer() throws Exception {
    server = Runtimes.server(Files.createDirectory(dir.resolve("server")));
    Files.writeString(server.root().resolve("file"), "hello");
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void serverKilledAndStarted_callsWaitAndThenWork() throws Exception {
    BlockingQueue<Boolean> told = new LinkedBlockingQueue<>();
    try (SshRemote remote = connect(Runtimes.profile(server))) {
      remote.link().onChange(told::add);
      assertThat(remote.link().isUp()).isTrue();
      server.stop();
      await(remote, LinkStatus.State.RECONNECTING);
      assertThat(remote.link().isUp()).isFalse();
      CompletableFuture<?> waiting = remote.fs().lstat(FILE);
      CompletableFuture<?> making = remote.fs().mkdir(RemotePath.of("/made"), 0755);
      assertThat(waiting).isNotDone();
      server.restart();
      assertThat(waiting).succeedsWithin(Duration.ofSeconds(15));
      assertThat(making).succeedsWithin(Duration.ofSeconds(15));
      assertThat(server.root().resolve("made")).isDirectory();
      assertThat(remote.status().lastError()).isNull();
      assertThat(remote.link().isUp()).isTrue();
    }
    assertThat(told).startsWith(false, true).endsWith(false);
  }

  @Test
  void serverStaysAway_callsEndWithinTheirTimeAndSayWhy() throws Exception {
    Profile profile = Runtimes.profile(server);
    SshSettings settings =
        new SshSettings(
            () -> profile,
            null,
            HostKeyPrompt.REFUSE,
            SecretPrompt.NONE,
            Duration.ofSeconds(3),
            Runtimes.CONNECT_TIMEOUT);
    try (SshRemote remote = SshRemote.connect(settings, Runtimes.NOTHING)) {
      server.stop();
      await(remote, LinkStatus.State.RECONNECTING);
      long start = System.nanoTime();
      assertThatThrownBy(() -> remote.fs().lstat(FILE).get(10, TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN))
          .hasMessageContaining("not connected to the runtime within 3 s");
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isBetween(Duration.ofMillis(2_900), Duration.ofSeconds(6));
      assertThat(remote.status().lastError()).contains("refuses connections");
    }
  }

  @Test
  void connectionCut_whatOnlyLooksIsRepeated_andAnOpenFileIsLost() throws Exception {
    try (Relay relay = Relay.start(server.port(), Duration.ofMillis(200), 0);
        SshRemote remote = connect(Runtimes.profile(server, relay.port()))) {
      RemoteFile open = remote.fs().open(FILE, Set.of(OpenFlag.READ), 0).get(10, TimeUnit.SECONDS);
      CompletableFuture<?> looking = remote.fs().lstat(FILE);
      CompletableFuture<?> opening = remote.fs().open(FILE, Set.of(OpenFlag.READ), 0);
      CompletableFuture<?> making = remote.fs().mkdir(RemotePath.of("/made"), 0755);
      relay.cut();
      assertThat(looking).succeedsWithin(Duration.ofSeconds(15));
      assertThat(opening).succeedsWithin(Duration.ofSeconds(15));
      assertThat(making)
          .failsWithin(Duration.ofSeconds(15))
          .withThrowableOfType(java.util.concurrent.ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN));
      assertThatThrownBy(() -> open.read(0, 5).get(10, TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN));
    }
  }

  @Test
  void peerVanishesWithoutAWord_isFoundWithin15Seconds() throws Exception {
    try (Relay relay = Relay.start(server.port(), Duration.ofMillis(20), 0);
        SshRemote remote = connect(Runtimes.profile(server, relay.port()))) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .until(() -> remote.status().roundTrip() != null);
      assertThat(remote.status().roundTrip())
          .isBetween(Duration.ofMillis(20), Duration.ofMillis(500));
      relay.stall(true);
      long start = System.nanoTime();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> remote.status().state() == LinkStatus.State.RECONNECTING);
      Duration taken = Duration.ofNanos(System.nanoTime() - start);
      assertThat(taken).isLessThan(Duration.ofSeconds(16));
      assertThat(remote.status().lastError()).contains("silent");
      relay.stall(false);
      assertThat(remote.fs().lstat(FILE)).succeedsWithin(Duration.ofSeconds(15));
    }
  }

  @Test
  void profileChanged_movesALivingConnectionToTheNewAddress() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")))) {
      Files.writeString(other.root().resolve("other"), "x");
      Runtimes.ChangingProfile profile = new Runtimes.ChangingProfile(Runtimes.profile(server));
      try (SshRemote remote = SshRemote.connect(Runtimes.settings(profile), Runtimes.NOTHING)) {
        RuntimeId before = remote.runtimeId();
        profile.set(Runtimes.profile(other));
        Awaitility.await()
            .atMost(Duration.ofSeconds(10))
            .until(() -> remote.root().equals(other.root().toString()));
        assertThat(remote.fs().lstat(RemotePath.of("/other")))
            .succeedsWithin(Duration.ofSeconds(15));
        assertThat(remote.hostKey()).isEqualTo(other.hostKeyLine());
        assertThat(remote.runtimeId().comparedTo(before)).isEqualTo(RuntimeId.Match.NEW);
      }
    }
  }

  @Test
  void profileChanged_inWhatDoesNotConcernTheServer_keepsALivingConnection() throws Exception {
    Runtimes.ChangingProfile profile =
        new Runtimes.ChangingProfile(Runtimes.unpinned(Runtimes.profile(server)));
    SshSettings settings =
        new SshSettings(
            profile,
            null,
            HostKeyPrompt.ACCEPT,
            SecretPrompt.NONE,
            Runtimes.CALL_TIMEOUT,
            Runtimes.CONNECT_TIMEOUT);
    try (SshRemote remote = SshRemote.connect(settings, Runtimes.NOTHING)) {
      Profile pinned = Runtimes.profile(server).withServer(remote.facts());
      profile.set(Runtimes.with(Runtimes.withRoot(pinned, "/tmp"), Profile.Credentials.NONE));
      Awaitility.await()
          .during(Lifeline.LOOK_FOR_CHANGE.multipliedBy(2))
          .atMost(Duration.ofSeconds(15))
          .until(() -> remote.link().isUp());
      assertThat(remote.root()).isEqualTo(server.root().toString());
    }
  }

  @Test
  void profileChanged_whileAServerThatSaysNothingIsTried_isTriedAtOnce() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")));
        Relay relay = Relay.start(server.port(), Duration.ZERO, 0)) {
      Runtimes.ChangingProfile profile =
          new Runtimes.ChangingProfile(Runtimes.profile(server, relay.port()));
      SshSettings settings =
          new SshSettings(
              profile,
              null,
              HostKeyPrompt.REFUSE,
              SecretPrompt.NONE,
              Runtimes.CALL_TIMEOUT,
              Duration.ofMinutes(2));
      try (SshRemote remote = SshRemote.connect(settings, Runtimes.NOTHING)) {
        relay.stall(true);
        relay.cut();
        await(remote, LinkStatus.State.RECONNECTING);
        Awaitility.await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
        profile.set(Runtimes.profile(other));
        Awaitility.await()
            .atMost(Duration.ofSeconds(10))
            .until(() -> remote.hostKey().equals(other.hostKeyLine()));
      }
    }
  }

  @Test
  void serverReplacedByAnother_isRefused_shown_andTakenOnceTheProfileSaysSo() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")));
        Relay relay = Relay.start(server.port(), Duration.ZERO, 0);
        Relay relayToOther = Relay.start(other.port(), Duration.ZERO, 0)) {
      Profile learnt = Runtimes.unpinned(Runtimes.profile(server, relay.port()));
      Runtimes.ChangingProfile profile = new Runtimes.ChangingProfile(learnt);
      SshSettings settings =
          new SshSettings(
              profile,
              server.root().toString(),
              HostKeyPrompt.ACCEPT,
              SecretPrompt.NONE,
              Runtimes.CALL_TIMEOUT,
              Runtimes.CONNECT_TIMEOUT);
      try (SshRemote remote = SshRemote.connect(settings, Runtimes.NOTHING)) {
        Profile impostor = Runtimes.with(learnt, new Profile.Tcp("127.0.0.1", relayToOther.port()));
        profile.set(impostor);
        relay.cut();
        Awaitility.await()
            .atMost(Duration.ofSeconds(15))
            .until(
                () -> {
                  String error = remote.status().lastError();
                  return error != null && error.contains("another key than the pinned one");
                });
        assertThat(remote.status().state()).isEqualTo(LinkStatus.State.RECONNECTING);
        Files.writeString(
            other.authorizedKeys(), Files.readString(dir.resolve("server/user_key.pub")));
        profile.set(impostor.withHostKey(other.hostKeyLine()));
        await(remote, LinkStatus.State.CONNECTED);
        assertThat(remote.hostKey()).isEqualTo(other.hostKeyLine());
      }
    }
  }

  @Test
  void keysExchangedAnewAllTheTime_nothingHangsOrIsLost() throws Exception {
    Path own = Files.createDirectory(dir.resolve("rekey"));
    byte[] content = new byte[24 << 20];
    new Random(5).nextBytes(content);
    try (OpenSshServer fickle = Runtimes.server(own, "RekeyLimit 1M");
        SshRemote remote = connect(Runtimes.profile(fickle))) {
      Files.write(fickle.root().resolve("large"), content);
      RemoteFile file =
          remote
              .fs()
              .open(RemotePath.of("/large"), Set.of(OpenFlag.READ, OpenFlag.WRITE), 0)
              .get(10, TimeUnit.SECONDS);
      CompletableFuture<ByteBuffer> reading = file.read(0, content.length);
      while (!reading.isDone()) {
        assertThat(remote.fs().lstat(RemotePath.of("/large")))
            .succeedsWithin(Duration.ofSeconds(10));
      }
      assertThat(reading.get(20, TimeUnit.SECONDS)).isEqualTo(ByteBuffer.wrap(content));
      assertThat(file.write(0, ByteBuffer.wrap(content))).succeedsWithin(Duration.ofSeconds(20));
      assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CONNECTED);
    }
  }

  @Test
  void closed_callsEndAtOnce() throws Exception {
    SshRemote remote = connect(Runtimes.profile(server));
    server.stop();
    await(remote, LinkStatus.State.RECONNECTING);
    CompletableFuture<?> waiting = remote.fs().lstat(FILE);
    remote.close();
    assertThat(waiting).failsWithin(Duration.ofSeconds(2));
    assertThat(remote.status().state()).isEqualTo(LinkStatus.State.CLOSED);
    assertThat(remote.fs().lstat(FILE)).failsWithin(Duration.ofSeconds(2));
    assertThat(remote.shell().start("true")).failsWithin(Duration.ofSeconds(2));
  }

  private static SshRemote connect(Profile profile) throws ConnectFailure {
    return SshRemote.connect(Runtimes.settings(profile), Runtimes.NOTHING);
  }

  private static void await(SshRemote remote, LinkStatus.State state) {
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> remote.status().state() == state);
  }
}
