package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.it.OpenSshServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that somebody decides on, against OpenSSH. */
@Timeout(90)
final class AdmissionIT {
  private static final RemotePath MADE = RemotePath.of("/made");

  @TempDir Path dir;
  private final BlockingQueue<Admission.Arrival> arrivals = new LinkedBlockingQueue<>();
  private final CompletableFuture<Void> decided = new CompletableFuture<>();
  private OpenSshServer server;

  @BeforeEach
  void start() throws Exception {
    server = Runtimes.server(Files.createDirectory(dir.resolve("server")));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void decide(Admission.Arrival arrival) throws InterruptedException {
    arrivals.add(arrival);
    try {
      CompletableFuture.anyOf(decided, arrival.over()).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private Admission.Arrival arrival() throws InterruptedException {
    Admission.Arrival arrival = arrivals.poll(20, TimeUnit.SECONDS);
    assertThat(arrival).isNotNull();
    return arrival;
  }

  @Test
  void undecidedConnection_isNobodysElse_andTheLinkStaysDown() throws Exception {
    try (SshRemote remote = connect(Runtimes.profile(server))) {
      remote.admitBy(this::decide);
      remote.leave("in this test");
      CompletableFuture<?> making = remote.fs().mkdir(MADE, 0755);
      CompletableFuture<?> looking = remote.fs().lstat(RemotePath.ROOT);
      Admission.Arrival arrival = arrival();
      arrival.explain("nobody has decided");
      assertThat(arrival.fs().list(RemotePath.ROOT)).succeedsWithin(Duration.ofSeconds(10));
      assertThat(arrival.root()).isEqualTo(server.root().toString());
      assertThat(remote.link().isUp()).isFalse();
      assertThat(making).isNotDone();
      assertThat(remote.status().lastError()).isEqualTo("nobody has decided");
      arrival.turnAwayCalls();
      assertThat(making)
          .failsWithin(Duration.ofSeconds(10))
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.isConnectionFailure()).isTrue());
      assertThat(looking).isNotDone();
      decided.complete(null);
      Awaitility.await().until(remote.link()::isUp);
      assertThat(looking).succeedsWithin(Duration.ofSeconds(10));
      assertThat(remote.fs().list(RemotePath.ROOT)).succeedsWithin(Duration.ofSeconds(10));
      assertThat(server.root().resolve("made")).doesNotExist();
    }
  }

  @Test
  void undecidedConnectionThatIsLost_isMadeAgain_andDecidedOnAgain() throws Exception {
    try (SshRemote remote = connect(Runtimes.profile(server))) {
      remote.admitBy(this::decide);
      server.stop();
      server.restart();
      Admission.Arrival first = arrival();
      server.stop();
      assertThat(first.over()).succeedsWithin(Duration.ofSeconds(20));
      server.restart();
      arrival();
      assertThat(remote.link().isUp()).isFalse();
      decided.complete(null);
      Awaitility.await().until(remote.link()::isUp);
    }
  }

  @Test
  void profileThatChanges_endsAnUndecidedConnection() throws Exception {
    try (OpenSshServer other = Runtimes.server(Files.createDirectory(dir.resolve("other")))) {
      Runtimes.ChangingProfile profile = new Runtimes.ChangingProfile(Runtimes.profile(server));
      try (SshRemote remote = SshRemote.connect(Runtimes.settings(profile), Runtimes.NOTHING)) {
        remote.admitBy(this::decide);
        remote.leave("in this test");
        Admission.Arrival first = arrival();
        profile.set(Runtimes.profile(other));
        assertThat(first.over()).succeedsWithin(Duration.ofSeconds(20));
        assertThat(arrival().root()).isEqualTo(other.root().toString());
      }
    }
  }

  @Test
  void closing_endsAnUndecidedConnection() throws Exception {
    Admission.Arrival undecided;
    try (SshRemote remote = connect(Runtimes.profile(server))) {
      remote.admitBy(this::decide);
      remote.leave("in this test");
      undecided = arrival();
    }
    assertThat(undecided.over()).succeedsWithin(Duration.ofSeconds(10));
  }

  private static SshRemote connect(colabfs.profile.Profile profile) throws ConnectFailure {
    return SshRemote.connect(Runtimes.settings(profile), Runtimes.NOTHING);
  }
}
