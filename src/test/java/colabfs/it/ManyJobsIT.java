package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import colabfs.agent.AgentTree;
import colabfs.exec.Barrier;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecRequest;
import colabfs.exec.ExecService;
import colabfs.exec.JobsService;
import colabfs.exec.RunningCommand;
import colabfs.profile.Profile;
import colabfs.remote.RemoteJobs;
import colabfs.ssh.HostKeyPrompt;
import colabfs.ssh.SecretPrompt;
import colabfs.ssh.SshRemote;
import colabfs.ssh.SshSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many commands over one connection, and how often one asks. */
@Timeout(180)
final class ManyJobsIT {
  private static final int COMMANDS = 50;
  private static final Duration ROUND_TRIP = Duration.ofMillis(300);

  @TempDir Path directory;
  private OpenSshServer server;
  private Relay relay;
  private SshRemote remote;
  private AgentTree tree;

  @BeforeEach
  void connect() throws Exception {
    server = OpenSshServer.start(directory);
    relay = Relay.start(server.port(), ROUND_TRIP, 0);
    Profile profile =
        new Profile(
            "test",
            new Profile.Tcp("127.0.0.1", relay.port()),
            server.user(),
            new Profile.Credentials(null, server.privateKey().toString(), null),
            server.hostKeyLine(),
            server.root().toString(),
            null);
    remote =
        SshRemote.connect(
            new SshSettings(
                () -> profile,
                null,
                HostKeyPrompt.REFUSE,
                SecretPrompt.NONE,
                Duration.ofSeconds(20),
                Duration.ofSeconds(10)));
    tree = new AgentTree(remote.shell(), remote.link(), remote::root);
    await().atMost(30, TimeUnit.SECONDS).until(() -> tree.jobs().state() == RemoteJobs.State.READY);
  }

  @AfterEach
  void disconnect() throws Exception {
    tree.close();
    remote.close();
    relay.close();
    server.close();
  }

  @Test
  void fiftyAtOnce_eachHaveTheirOwnInputOutputAndStatus() throws Exception {
    ExecService service = new ExecService(remote.shell(), tree.jobs(), Barrier.NONE);
    ExecutorService threads = Executors.newFixedThreadPool(COMMANDS);
    try {
      List<ByteArrayOutputStream> printed = new ArrayList<>();
      List<CompletableFuture<Integer>> statuses = new ArrayList<>();
      for (int i = 0; i < COMMANDS; i++) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        printed.add(out);
        InputStream in = new ByteArrayInputStream(("in" + i).getBytes(StandardCharsets.UTF_8));
        RunningCommand command =
            service.start(
                new ExecRequest(List.of("cat; echo; exit " + i), "/"), new ExecIo(in, out, out));
        statuses.add(CompletableFuture.supplyAsync(() -> status(command), threads));
      }
      for (int i = 0; i < COMMANDS; i++) {
        assertThat(statuses.get(i).get(120, TimeUnit.SECONDS)).isEqualTo(i);
        assertThat(printed.get(i).toString(StandardCharsets.UTF_8)).isEqualTo("in" + i + "\n");
      }
    } finally {
      threads.shutdown();
    }
    JobsService jobs = new JobsService(tree.jobs(), Barrier.NONE);
    await().untilAsserted(() -> assertThat(jobs.list()).isEmpty());
  }

  @Test
  void oneCommand_costsOneRoundTrip() throws Exception {
    ExecService service = new ExecService(remote.shell(), tree.jobs(), Barrier.NONE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      RunningCommand command =
          service.start(
              new ExecRequest(List.of("true"), "/"),
              new ExecIo(InputStream.nullInputStream(), out, out));
      assertThat(command.await()).isZero();
      least = Math.min(least, System.nanoTime() - start);
    }
    assertThat(least).isBetween(ROUND_TRIP.toNanos(), 2 * ROUND_TRIP.toNanos());
  }

  private static int status(RunningCommand command) {
    try {
      return command.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
