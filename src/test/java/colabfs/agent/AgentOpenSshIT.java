package colabfs.agent;

import static colabfs.agent.Soon.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import colabfs.it.OpenSshServer;
import colabfs.it.Relay;
import colabfs.profile.Profile;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.TreeChange;
import colabfs.ssh.HostKeyPrompt;
import colabfs.ssh.SecretPrompt;
import colabfs.ssh.SshRemote;
import colabfs.ssh.SshSettings;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The helper over a real connection, which is slow and breaks. */
@Timeout(90)
final class AgentOpenSshIT {
  private static final SnapshotBounds ALL =
      new SnapshotBounds(100_000, 100, Duration.ofSeconds(30));

  @TempDir Path dir;

  private final Seen seen = new Seen();
  private OpenSshServer server;
  private Relay relay;
  private SshRemote remote;
  private AgentTree tree;

  @BeforeEach
  void connect() throws Exception {
    server =
        OpenSshServer.start(
            dir, OpenSshServer.Options.USUAL.withConfig("SetEnv HOME=" + dir.toRealPath()));
    relay = Relay.start(server.port(), Duration.ofMillis(80), 50_000_000 / 8);
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
    tree.listen(seen);
    await().until(() -> seen.words().contains("up"));
  }

  @AfterEach
  void disconnect() throws Exception {
    long pid = tree.status().pid();
    tree.close();
    await().until(() -> !isAlive(pid));
    remote.close();
    relay.close();
    server.close();
  }

  @Test
  void manySmallFiles_goAndComeInFewRoundTrips() throws Exception {
    RemotePath directory = RemotePath.of("/files");
    List<CompletableFuture<TreeChange.Done>> changes = new ArrayList<>();
    changes.add(tree.apply(new TreeChange.MakeDirectory(directory, 0755)));
    List<RemotePath> files = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      RemotePath file = directory.child("file" + i);
      files.add(file);
      changes.add(tree.apply(put(file, ("line of file " + i + "\n").repeat(100).getBytes(UTF_8))));
    }
    long start = System.nanoTime();
    CompletableFuture.allOf(changes.toArray(CompletableFuture[]::new)).get(30, SECONDS);
    Duration put = Duration.ofNanos(System.nanoTime() - start);
    start = System.nanoTime();
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS)).isTrue();
    tree.contents(files, 1 << 20, seen).get(30, SECONDS);
    Duration got = Duration.ofNanos(System.nanoTime() - start);
    assertThat(seen.listings.get(directory)).hasSize(600);
    assertThat(seen.contents).hasSize(600);
    // one by one it would be 600 round trips of 80 ms
    assertThat(put).isLessThan(Duration.ofSeconds(5));
    assertThat(got).isLessThan(Duration.ofSeconds(5));
  }

  @Test
  void aSmallQuestion_isNotStuckBehindALargeAnswer() throws Exception {
    byte[] noise = new byte[30_000_000];
    new Random(4).nextBytes(noise);
    Files.write(server.root().resolve("large"), noise);
    CompletableFuture<Void> large =
        tree.contents(List.of(RemotePath.of("/large")), noise.length, seen);
    await().until(() -> relay.bytesDown() > 2_000_000);
    tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS);
    assertThat(large).isNotDone();
    large.get(60, SECONDS);
    assertThat(seen.contents.get(RemotePath.of("/large"))).isEqualTo(noise);
  }

  @Test
  void aCutConnection_endsIt_andTheNextOneStartsAnother() throws Exception {
    long first = tree.status().pid();
    tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS);
    relay.cut();
    await().until(() -> seen.words().contains("down"));
    await().until(() -> tree.isUp() && !isAlive(first));
    Files.writeString(server.root().resolve("news"), "x");
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS)).isTrue();
    assertThat(seen.listings.get(RemotePath.ROOT)).hasSize(1);
  }

  @Test
  void aKilledHelper_comesBack_onTheSameConnection() throws Exception {
    ProcessHandle.of(tree.status().pid()).orElseThrow().destroyForcibly();
    await().until(() -> seen.words().equals(List.of("up", "down", "up")));
    assertThat(tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS)).isTrue();
    assertThat(remote.link().isUp()).isTrue();
  }

  @Test
  void aChangeOnTheRuntime_isToldSoon() throws Exception {
    tree.snapshot(RemotePath.ROOT, ALL, seen).get(30, SECONDS);
    long start = System.nanoTime();
    Files.writeString(server.root().resolve("file"), "x");
    await().until(() -> seen.words().contains("changed /file"));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
  }

  private static TreeChange.Put put(RemotePath file, byte[] content) {
    return new TreeChange.Put(
        file,
        RemotePath.of(file + ".temporary"),
        ByteBuffer.wrap(content),
        new TreeChange.Base.Nothing(),
        0644,
        null,
        null);
  }

  private static boolean isAlive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }
}
