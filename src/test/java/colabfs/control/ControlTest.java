package colabfs.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.RemotePath;
import colabfs.exec.Barrier;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecRequest;
import colabfs.exec.ExecService;
import colabfs.exec.ExecSignal;
import colabfs.exec.RunningCommand;
import colabfs.forward.ForwardSpec;
import colabfs.forward.ForwardStatus;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import colabfs.writeback.PendingFigures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of the socket, with a mount that is not one behind it. */
@Timeout(60)
final class ControlTest {
  private static final Path MOUNTPOINT = Path.of("/mnt/somewhere");

  @TempDir(factory = ShortTempDir.class)
  Path directory;

  private final FakeMount mount = new FakeMount();
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private RunningMounts list;
  private ControlServer server;
  private ControlClient client;

  @BeforeEach
  void listen() throws IOException {
    list = new RunningMounts(directory);
    server = ControlServer.listen(list.socketOf(MOUNTPOINT), mount, line -> null);
    client = new ControlClient(list, MOUNTPOINT);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  @Test
  void socket_isForTheUserAlone() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.socket())))
        .isEqualTo("rw-------");
  }

  @Test
  void status_arrivesWhole() throws Exception {
    assertThat(client.status(Duration.ofSeconds(10))).isEqualTo(mount.status());
  }

  @Test
  void silentMount_isNotWaitedForLongerThanAsked() {
    mount.silence = new CountDownLatch(1);
    assertThatThrownBy(() -> client.status(Duration.ofMillis(200)))
        .isInstanceOfSatisfying(
            ControlException.class,
            e -> assertThat(e.reason()).isEqualTo(ControlException.Reason.NOT_ANSWERING))
        .hasMessageContaining("colabfs umount --force " + MOUNTPOINT);
    mount.silence.countDown();
  }

  @Test
  void unmount_tellsProgressAndWhatIsLeftBehind() throws Exception {
    List<PendingFigures> told = new ArrayList<>();
    Unmounted left = client.unmount(true, told::add, new CompletableFuture<>());
    assertThat(left)
        .isEqualTo(new Unmounted(7, new PendingFigures(2, 30, 1, 0), Path.of("/journal")));
    assertThat(told).containsExactly(new PendingFigures(3, 42, 1, 0));
  }

  @Test
  void busyUnmount_isRefusedWithItsReason() {
    assertThatThrownBy(() -> client.unmount(false, left -> {}, new CompletableFuture<>()))
        .isInstanceOfSatisfying(
            ControlException.class,
            e -> assertThat(e.reason()).isEqualTo(ControlException.Reason.BUSY))
        .hasMessage("in use by vim");
  }

  @Test
  void noServer_isGoneAndSaysWhatToDo() throws IOException {
    server.close();
    assertThatThrownBy(() -> client.status(Duration.ofSeconds(5)))
        .isInstanceOfSatisfying(
            ControlException.class,
            e -> assertThat(e.reason()).isEqualTo(ControlException.Reason.GONE))
        .hasMessageContaining("colabfs umount");
  }

  @Test
  void exec_carriesBinaryBothWaysAndTheStatus() throws Exception {
    byte[] content = new byte[5_000_000];
    new Random(2).nextBytes(content);
    ExecIo io = new ExecIo(new ByteArrayInputStream(content), stdout, stderr);
    int status =
        client
            .exec(
                new Command(List.of("cat; echo done >&2; exit 7"), RemotePath.of("/a b"), true),
                io,
                left -> {})
            .await();
    assertThat(status).isEqualTo(7);
    assertThat(stdout.toByteArray()).isEqualTo(content);
    assertThat(stderr.toString(StandardCharsets.UTF_8)).isEqualTo("done\n");
    assertThat(mount.directory).isEqualTo(RemotePath.of("/a b"));
  }

  @Test
  void signal_passesInputThatNobodyReads() throws Exception {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return 'x';
          }
        };
    CountDownLatch began = new CountDownLatch(1);
    OutputStream seen =
        new OutputStream() {
          @Override
          public void write(int b) {
            began.countDown();
          }
        };
    ExecSession session =
        client.exec(
            new Command(List.of("echo begun; exec sleep 60"), RemotePath.ROOT, true),
            new ExecIo(endless, seen, stderr),
            left -> {});
    CompletableFuture<Integer> status =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return session.await();
              } catch (ControlException e) {
                throw new IllegalStateException(e);
              }
            });
    assertThat(began.await(20, TimeUnit.SECONDS)).isTrue();
    session.signal(ExecSignal.TERM);
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(143);
  }

  @Test
  void slowReader_stopsTheCommandInsteadOfFillingMemory() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    OutputStream stuck =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            try {
              read.await();
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
            throw new IOException("closed");
          }
        };
    ExecSession session =
        client.exec(
            new Command(
                List.of(
                    "i=0; while :; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > progress; done"),
                RemotePath.ROOT,
                true),
            new ExecIo(InputStream.nullInputStream(), stuck, stderr),
            left -> {});
    CompletableFuture<Integer> status =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return session.await();
              } catch (ControlException e) {
                throw new IllegalStateException(e);
              }
            });
    Path progress = directory.resolve("progress");
    AtomicLong last = new AtomicLong(-1);
    Awaitility.await()
        .pollInterval(Duration.ofMillis(400))
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              String text = Files.exists(progress) ? Files.readString(progress).strip() : "";
              long now = text.isEmpty() ? 0 : Long.parseLong(text);
              return now > 0 && last.getAndSet(now) == now;
            });
    assertThat(last.get() * 65536).isLessThan(8L << 20);
    read.countDown();
    assertThat(status.get(20, TimeUnit.SECONDS)).isEqualTo(141);
  }

  @Test
  void vanishedClient_hangsUpOnTheCommand() throws Exception {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(server.socket()));
    FrameChannel channel = new FrameChannel(socket);
    channel.send(
        FrameType.REQUEST,
        RequestJson.write(
            new Request.Exec(
                new Command(List.of("echo up; exec sleep 60"), RemotePath.ROOT, true), false)));
    Frame frame = channel.receive();
    while (frame != null && frame.type() != FrameType.STDOUT) {
      frame = channel.receive();
    }
    channel.close();
    Process process = mount.shell.process();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void clientThatSendsMoreInputThanGranted_isCutOff() throws Exception {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(server.socket()));
    try (FrameChannel channel = new FrameChannel(socket)) {
      channel.send(
          FrameType.REQUEST,
          RequestJson.write(
              new Request.Exec(new Command(List.of("sleep", "60"), RemotePath.ROOT, true), false)));
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 100; i++) {
                  channel.send(FrameType.STDIN, ByteBuffer.allocate(64 * 1024));
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void nonsense_disturbsNobodyElse() throws Exception {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(server.socket()));
    socket.write(ByteBuffer.wrap("GET /".getBytes(StandardCharsets.US_ASCII)));
    assertThat(socket.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    socket.close();
    assertThat(client.status(Duration.ofSeconds(10)).state()).isEqualTo(MountStatus.CONNECTED);
  }

  /** What is behind the socket: commands run on this machine. */
  private final class FakeMount extends IdleMount {
    final LocalShell shell = new LocalShell();
    volatile @Nullable CountDownLatch silence;
    volatile RemotePath directory = RemotePath.ROOT;

    @Override
    public MountStatus status() {
      CountDownLatch wait = silence;
      if (wait != null) {
        try {
          wait.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      return new MountStatus(
          new RunningMount(
              "p",
              MOUNTPOINT,
              "/content",
              true,
              Path.of("/journal"),
              new ProcessIdentity(12, 0),
              Instant.parse("2026-01-02T03:04:05Z")),
          MountStatus.CONNECTED,
          Instant.parse("2026-01-02T03:04:06Z"),
          80.5,
          new MountStatus.Figures(1, 2, 3, 4, 5, 6, 7),
          new MountStatus.Pending(
              new PendingFigures(4, 3, 2, 1),
              List.of(Samples.REFUSED, Samples.RENAME),
              List.of(Samples.CONFLICT, Samples.GONE)),
          new MountStatus.NewRuntime("another answers", Instant.parse("2026-01-02T03:04:07Z")),
          new MountStatus.Helper(true, "Python 3.11.2", 8),
          List.of(
              new ForwardStatus(
                  ForwardSpec.parse(ForwardSpec.Kind.LOCAL, "8888:db:5432"), true, 1, 2, "odd")),
          new MachineFigures(
              Instant.parse("2026-01-02T03:04:08Z"),
              List.of(
                  new MachineFigures.Gpu(
                      "T4", 5, new MachineFigures.Space(1, 2), null, 27.5, null)),
              null,
              new MachineFigures.Space(3, 4)),
          "it broke");
    }

    @Override
    public Unmounted unmount(boolean force, Follower follower) throws ControlException {
      if (!force) {
        throw new ControlException(ControlException.Reason.BUSY, "in use by vim");
      }
      follower.left(new PendingFigures(3, 42, 1, 0));
      return new Unmounted(7, new PendingFigures(2, 30, 1, 0), Path.of("/journal"));
    }

    @Override
    public RunningCommand exec(Command command, ExecIo io, Follower follower) throws ExecException {
      directory = command.directory();
      return new ExecService(shell, Barrier.NONE)
          .start(new ExecRequest(command.words(), ControlTest.this.directory.toString()), io);
    }
  }

  /** This machine's shell, in a session of its own. */
  private static final class LocalShell implements RemoteShell {
    private final CompletableFuture<Process> first = new CompletableFuture<>();

    Process process() throws Exception {
      return first.get(20, TimeUnit.SECONDS);
    }

    @Override
    public CompletableFuture<RemoteProcess> start(String commandLine) {
      try {
        Process process = new ProcessBuilder("setsid", "/bin/bash", "-c", commandLine).start();
        first.complete(process);
        return CompletableFuture.completedFuture(new LocalProcess(process));
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    }
  }

  private record LocalProcess(Process process) implements RemoteProcess {
    @Override
    public OutputStream stdin() {
      return process.getOutputStream();
    }

    @Override
    public InputStream stdout() {
      return process.getInputStream();
    }

    @Override
    public InputStream stderr() {
      return process.getErrorStream();
    }

    @Override
    public CompletableFuture<ExitStatus> exit() {
      return process.onExit().thenApply(ended -> new ExitStatus(ended.exitValue(), ""));
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
