package colabfs.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecOptions;
import colabfs.exec.ExecSignal;
import colabfs.exec.RunningCommand;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** scripts/colabfs-exec.py against mounts' sockets, and in front of a launcher that says so. */
@Timeout(60)
final class QuickClientTest {
  private static final Path CLIENT = Path.of("scripts/colabfs-exec.py").toAbsolutePath();

  /** A wrapper on the path may not start in a directory that is gone. */
  private static final String PYTHON =
      Files.isExecutable(Path.of("/usr/bin/python3")) ? "/usr/bin/python3" : "python3";

  private static final Path MOUNTPOINT = Path.of("/mnt/one");
  private static final Path OTHER = Path.of("/mnt/other");
  private static final Command COMMAND =
      new Command(
          List.of("echo", "it's \"ü\"\n"),
          RemotePath.of("/sub"),
          "/else",
          false,
          new ExecOptions(Map.of("A", "b c"), Duration.ofSeconds(3), true, true));

  @TempDir(factory = ShortTempDir.class)
  Path directory;

  private final Map<String, String> environment = new HashMap<>();
  private final List<ControlServer> servers = new ArrayList<>();
  private final AtomicReference<@Nullable TypedLine> typed = new AtomicReference<>();
  private final FakeMount mount = new FakeMount();
  private Path sockets = Path.of("/");
  private Path launcher = Path.of("/");

  private record Ended(int status, String out, String err) {}

  @BeforeEach
  void makePlaces() throws IOException {
    environment.put("XDG_RUNTIME_DIR", directory.toString());
    sockets = RuntimeDirectory.of(environment);
    launcher = directory.resolve("launcher");
    Files.writeString(
        launcher, "#!/bin/sh\necho \"Java: $COLABFS_CLIENT\"; printf '%s|' \"$@\"; exit 9\n");
    launcher.toFile().setExecutable(true);
  }

  @AfterEach
  void close() throws IOException {
    for (ControlServer server : servers) {
      server.close();
    }
  }

  /** A mount that has every line mean the same. */
  private void serve(Path mountpoint, FakeMount handler, ExecPlanner.@Nullable Plan plan)
      throws IOException {
    RunningMounts list = new RunningMounts(sockets);
    servers.add(
        ControlServer.listen(
            list.socketOf(mountpoint),
            handler,
            line -> {
              typed.set(line);
              return plan;
            }));
    list.add(
        new RunningMount("p", mountpoint, "/", false, null, ProcessIdentity.own(), Instant.EPOCH));
  }

  private ProcessBuilder client(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of(PYTHON, "-I", "-S", CLIENT.toString(), launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("XDG_"));
    builder.environment().putAll(environment);
    return builder;
  }

  private Ended run(String... arguments) throws Exception {
    return ended(client(arguments).start());
  }

  private static Ended ended(Process process) throws Exception {
    process.getOutputStream().close();
    CompletableFuture<byte[]> err =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return process.getErrorStream().readAllBytes();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, new String(err.get(), UTF_8));
  }

  @Test
  void commandLine_isReadByTheMount_whichRunsIt() throws Exception {
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    environment.put("ODD", "a\"b\\c\u0001\n\u2028🎉");
    Ended ended = run("exec", "-p", "x y", "", "it's \"\\\n\t\u007f ü🎉");
    assertThat(ended).isEqualTo(new Ended(3, "out", "err"));
    assertThat(mount.command).isEqualTo(COMMAND);
    TypedLine line = Objects.requireNonNull(typed.get());
    assertThat(line.arguments())
        .containsExactly("exec", "-p", "x y", "", "it's \"\\\n\t\u007f ü🎉");
    assertThat(line.directory()).isEqualTo(directory.toRealPath());
    assertThat(line.environment()).containsEntry("ODD", "a\"b\\c\u0001\n\u2028🎉");
    assertThat(line.terminal()).isFalse();
    assertThat(line.namespace())
        .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt")).toString());
  }

  private void assertJava(Ended ended, String... arguments) {
    assertThat(ended)
        .isEqualTo(new Ended(9, "Java: java\n" + String.join("|", arguments) + "|", ""));
  }

  @Test
  void noMount_orOneThatDoesNotTakeIt_isLeftToTheLauncher() throws Exception {
    assertJava(run("exec", "a b"), "exec", "a b");
    serve(MOUNTPOINT, mount, null);
    assertJava(run("exec", "a b"), "exec", "a b");
    assertThat(mount.command).isNull();
  }

  @Test
  void directoryThatIsGone_andWordsThatAreNoText_areLeftToTheLauncher() throws Exception {
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    String line = String.join("' '", client("exec", "x").command());
    ProcessBuilder gone =
        client().command("sh", "-c", "mkdir d; cd d; rmdir ../d; exec '" + line + "'");
    assertThat(ended(gone.start()).out()).isEqualTo("Java: java\nexec|x|");
    ProcessBuilder odd =
        client().command("sh", "-c", "exec '" + line + "' \"$(printf '\\377')\" | od -An -c");
    assertThat(ended(odd.start()).out()).contains("x   | 377   |");
    assertThat(mount.command).isNull();
  }

  @Test
  void anotherMount_isAskedInstead() throws Exception {
    FakeMount other = new FakeMount();
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(OTHER, COMMAND));
    serve(OTHER, other, new ExecPlanner.Plan(OTHER, COMMAND));
    assertThat(run("exec", "true").status()).isEqualTo(3);
    assertThat(mount.command).isNull();
    assertThat(other.command).isEqualTo(COMMAND);
  }

  @Test
  void mountThatIsNotThere_isLeftToTheLauncher() throws Exception {
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(OTHER, COMMAND));
    assertJava(run("exec", "true"), "exec", "true");
  }

  @Test
  void mountsThatPointAtEachOther_areLeftToTheLauncher() throws Exception {
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(OTHER, COMMAND));
    serve(OTHER, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    assertJava(run("exec", "true"), "exec", "true");
  }

  @Test
  void killedMount_isPassedBy() throws Exception {
    Path dead = new RunningMounts(sockets).socketOf(OTHER);
    ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    killed.bind(UnixDomainSocketAddress.of(dead));
    killed.close(); // the file stays
    assertJava(run("exec", "true"), "exec", "true");
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    assertThat(run("exec", "true").status()).isEqualTo(3);
  }

  @Test
  void mountThatDoesNotAnswer_isNotWaitedForLong_andRunsNothing() throws Exception {
    Path silent = new RunningMounts(sockets).socketOf(OTHER);
    try (ServerSocketChannel stuck = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stuck.bind(UnixDomainSocketAddress.of(silent));
      assertJava(run("exec", "true"), "exec", "true");
      serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
      assertThat(run("exec", "true").status()).isEqualTo(3);
    }
  }

  @Test
  void muchToSend_isShownToAPersonByTheLauncher_only() throws Exception {
    FakeMount busy = new FakeMount();
    busy.much = true;
    Plans plans =
        new Plans(
            new RunningMounts(sockets).socketOf(MOUNTPOINT),
            busy,
            line ->
                new ExecPlanner.Plan(MOUNTPOINT, new Command(List.of("x"), RemotePath.ROOT, true)));
    assertThat(plans.answer(line(true))).isEmpty();
    assertThat(plans.answer(line(false))).contains("\"flush\":true");
    busy.much = false;
    assertThat(plans.answer(line(true))).contains("\"flush\":true");
  }

  private static TypedLine line(boolean terminal) {
    return new TypedLine(List.of("exec", "x"), Path.of("/"), Map.of(), terminal, "mnt:[1]");
  }

  @Test
  void directoryOfSockets_isTheOneThatJavaTakes() throws Exception {
    Path state = Files.createDirectories(directory.resolve("s"));
    List<Map<String, String>> environments =
        List.of(
            Map.of("XDG_RUNTIME_DIR", directory + "/"),
            Map.of("XDG_RUNTIME_DIR", "/not/there", "XDG_STATE_HOME", state.toString()),
            Map.of("XDG_RUNTIME_DIR", "relative", "XDG_STATE_HOME", state.toString()),
            Map.of("XDG_STATE_HOME", state.resolve("x".repeat(90)).toString()));
    for (Map<String, String> each : environments) {
      environment.clear();
      environment.putAll(each);
      sockets = RuntimeDirectory.of(each);
      serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
      assertThat(run("exec", "true").status()).as(each.toString()).isEqualTo(3);
      close();
      servers.clear();
      new RunningMounts(sockets)
          .forget(
              new RunningMount(
                  "p", MOUNTPOINT, "/", false, null, ProcessIdentity.own(), Instant.EPOCH));
    }
  }

  @Test
  void directoryThatOthersMayUse_isNotTrusted() throws Exception {
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    Files.setPosixFilePermissions(sockets, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertJava(run("exec", "true"), "exec", "true");
    Files.setPosixFilePermissions(sockets, PosixFilePermissions.fromString("rwx------"));
    Path moved = Files.move(sockets, directory.resolve("moved"));
    Files.createSymbolicLink(sockets, moved);
    assertJava(run("exec", "true"), "exec", "true");
    assertThat(mount.command).isNull();
  }

  @Test
  void failure_isToldInOneLine() throws Exception {
    mount.failure = "it is\n  full\u001b[2J; make room";
    serve(MOUNTPOINT, mount, new ExecPlanner.Plan(MOUNTPOINT, COMMAND));
    assertThat(run("exec", "true"))
        .isEqualTo(new Ended(255, "", "colabfs: it is full?[2J; make room\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GET / HTTP/1.0\r\n\r\n", "\u0007\u0000\u0000\u0000\u0009x"})
  void whatIsNoFrame_isTheEnd_butNeverSuccess(String said) throws Exception {
    Path socket = new RunningMounts(sockets).socketOf(MOUNTPOINT);
    try (ServerSocketChannel odd = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      odd.bind(UnixDomainSocketAddress.of(socket));
      Process process = client("exec", "true").start();
      String answer = RunningMounts.socketName(MOUNTPOINT) + "\n{\"command\":\"exec\"}";
      FrameChannel planned = new FrameChannel(odd.accept());
      assertThat(planned.receive()).isNotNull();
      planned.send(FrameType.RESULT, answer);
      var running = odd.accept();
      FrameChannel asked = new FrameChannel(running);
      Frame request = Objects.requireNonNull(asked.receive());
      assertThat(request.text()).isEqualTo("{\"command\":\"exec\"}");
      running.write(UTF_8.encode(said));
      asked.close();
      assertThat(ended(process))
          .isEqualTo(
              new Ended(
                  255,
                  "",
                  "colabfs: the mount ended while the command ran; see: colabfs status\n"));
      planned.close();
    }
  }

  /** Prints something on both outputs, and ends with 3. */
  private static final class FakeMount extends IdleMount {
    volatile boolean much;
    volatile @Nullable Command command;
    volatile @Nullable String failure;

    @Override
    public boolean hasMuchToSend() {
      return much;
    }

    @Override
    public RunningCommand exec(Command wanted, ExecIo io, Follower follower) throws ExecException {
      command = wanted;
      String words = failure;
      if (words != null) {
        throw new ExecException(words);
      }
      return new RunningCommand() {
        @Override
        public int await() throws ExecException {
          try {
            io.stdout().write("out".getBytes(UTF_8));
            io.stderr().write("err".getBytes(UTF_8));
            return 3;
          } catch (IOException e) {
            throw new ExecException("not printed", e);
          }
        }

        @Override
        public void signal(ExecSignal signal) {}

        @Override
        public void hangUp() {}

        @Override
        public void leave() {}
      };
    }
  }
}
