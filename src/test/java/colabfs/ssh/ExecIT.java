package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.it.OpenSshServer;
import colabfs.remote.RemoteProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands on OpenSSH. */
@Timeout(60)
final class ExecIT {
  @TempDir Path dir;

  private OpenSshServer server;
  private SshRemote remote;

  @BeforeEach
  void connect() throws Exception {
    server = Runtimes.server(dir);
    remote = SshRemote.connect(Runtimes.settings(Runtimes.profile(server)), Runtimes.NOTHING);
  }

  @AfterEach
  void disconnect() {
    remote.close();
    server.close();
  }

  @Test
  void command_streamsApart_takesInput_andTellsItsStatus() throws Exception {
    try (RemoteProcess process = start("cat; echo bad >&2; exit 7")) {
      try (OutputStream stdin = process.stdin()) {
        stdin.write("hello".getBytes(StandardCharsets.UTF_8));
      }
      assertThat(text(process.stdout())).isEqualTo("hello");
      assertThat(text(process.stderr())).isEqualTo("bad\n");
      assertThat(ended(process)).isEqualTo(new RemoteProcess.ExitStatus(7, ""));
    }
  }

  @Test
  void output_arrivesWhileTheCommandRuns() throws Exception {
    try (RemoteProcess process = start("echo first; read line; echo second $line")) {
      byte[] first = process.stdout().readNBytes(6);
      assertThat(new String(first, StandardCharsets.UTF_8)).isEqualTo("first\n");
      process.stdin().write("x\n".getBytes(StandardCharsets.UTF_8));
      process.stdin().flush();
      assertThat(text(process.stdout())).isEqualTo("second x\n");
      assertThat(ended(process).code()).isZero();
    }
  }

  @Test
  void signal_isTold() throws Exception {
    try (RemoteProcess process = start("kill -TERM $$")) {
      assertThat(ended(process)).isEqualTo(new RemoteProcess.ExitStatus(143, "TERM"));
    }
  }

  @Test
  void largeOutput_bothWays_isWhole() throws Exception {
    byte[] sent = new byte[12 << 20];
    new Random(7).nextBytes(sent);
    try (RemoteProcess process = start("cat")) {
      CompletableFuture<Void> writing =
          CompletableFuture.runAsync(
              () -> {
                try (OutputStream stdin = process.stdin()) {
                  stdin.write(sent);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      assertThat(process.stdout().readAllBytes()).isEqualTo(sent);
      assertThat(writing).succeedsWithin(Duration.ofSeconds(10));
      assertThat(ended(process).code()).isZero();
    }
  }

  @Test
  void outputThatNobodyReads_stopsTheCommandAndNothingElse() throws Exception {
    Path mark = server.root().resolve("mark");
    try (RemoteProcess flood = start("yes | head -c 50000000; touch " + mark);
        RemoteProcess other = start("echo here")) {
      assertThat(text(other.stdout())).isEqualTo("here\n");
      assertThat(remote.fs().list(colabfs.core.RemotePath.ROOT))
          .succeedsWithin(Duration.ofSeconds(5));
      assertThat(mark).doesNotExist();
      assertThat(flood.stdout().readAllBytes()).hasSize(50_000_000);
      assertThat(ended(flood).code()).isZero();
      assertThat(mark).exists();
    }
  }

  @Test
  void twelveAtOnce_queuePastEight() throws Exception {
    List<CompletableFuture<RemoteProcess>> starts = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      starts.add(remote.shell().start("cat; echo " + i));
    }
    for (int i = 0; i < ExecShell.MOST_AT_ONCE; i++) {
      assertThat(starts.get(i)).succeedsWithin(Duration.ofSeconds(60));
    }
    assertThat(starts.subList(ExecShell.MOST_AT_ONCE, 12)).noneMatch(CompletableFuture::isDone);
    for (int i = 0; i < 12; i++) {
      try (RemoteProcess process = starts.get(i).get(10, TimeUnit.SECONDS)) {
        process.stdin().close();
        assertThat(text(process.stdout())).isEqualTo(i + "\n");
        assertThat(ended(process).code()).isZero();
      }
    }
  }

  @Test
  void serverWithFewChannels_isServedAllTheSame() throws Exception {
    Path own = Files.createDirectory(dir.resolve("few"));
    try (OpenSshServer few = Runtimes.server(own, "MaxSessions 4");
        SshRemote narrow =
            SshRemote.connect(Runtimes.settings(Runtimes.profile(few)), Runtimes.NOTHING)) {
      List<CompletableFuture<RemoteProcess>> starts = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        starts.add(narrow.shell().start("cat; echo " + i));
      }
      for (int i = 0; i < 6; i++) {
        // which of them got a channel first is the server's affair
        CompletableFuture<Object> any =
            CompletableFuture.anyOf(starts.toArray(CompletableFuture[]::new));
        RemoteProcess process = (RemoteProcess) any.get(10, TimeUnit.SECONDS);
        starts.removeIf(start -> start.getNow(null) == process);
        process.stdin().close();
        assertThat(text(process.stdout())).matches("[0-5]\n");
        assertThat(ended(process).code()).isZero();
      }
    }
  }

  @Test
  void serverWithOneChannel_stillShowsItsFiles() throws Exception {
    Path own = Files.createDirectory(dir.resolve("one"));
    try (OpenSshServer one = Runtimes.server(own, "MaxSessions 1");
        SshRemote narrow =
            SshRemote.connect(Runtimes.settings(Runtimes.profile(one)), Runtimes.NOTHING)) {
      assertThat(narrow.fs().list(colabfs.core.RemotePath.ROOT))
          .succeedsWithin(Duration.ofSeconds(5));
      assertThat(narrow.identity().uid())
          .isEqualTo(
              (Integer) Files.getAttribute(Path.of(System.getProperty("user.home")), "unix:uid"));
      assertThat(narrow.shell().start("true")).failsWithin(Duration.ofSeconds(5));
    }
  }

  @Test
  void closed_theCommandIsHungUpOn() throws Exception {
    Path pid = server.root().resolve("pid");
    RemoteProcess process = start("echo $$ > " + pid + "; exec cat");
    Awaitility.await().until(() -> Files.exists(pid) && Files.size(pid) > 1);
    ProcessHandle cat =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    process.close();
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> !cat.isAlive());
  }

  @Test
  void connectionLost_endsTheCommandWithThatError() throws Exception {
    try (RemoteProcess process = start("sleep 100")) {
      CompletableFuture<RemoteProcess> second = remote.shell().start("sleep 100");
      assertThat(second).succeedsWithin(Duration.ofSeconds(5));
      server.stop();
      assertThatThrownBy(() -> ended(process))
          .cause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN));
      assertThat(process.stdout().readAllBytes()).isEmpty();
    }
  }

  private RemoteProcess start(String commandLine) throws Exception {
    return remote.shell().start(commandLine).get(10, TimeUnit.SECONDS);
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }

  private static RemoteProcess.ExitStatus ended(RemoteProcess process) throws Exception {
    return process.exit().get(20, TimeUnit.SECONDS);
  }
}
