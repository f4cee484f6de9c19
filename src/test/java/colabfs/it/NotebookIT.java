package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code colabfs setup}: the notebook's cell run for real, its line pasted, and the runtime used.
 */
@Timeout(240)
final class NotebookIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A tunnel's program: listens on another port, tells which, and leads to the given one. */
  private static final String TUNNEL =
      """
      import socket, sys, threading

      def pump(a, b):
          try:
              while True:
                  data = a.recv(65536)
                  if not data:
                      break
                  b.sendall(data)
          except OSError:
              pass
          for end in (a, b):
              try:
                  end.shutdown(socket.SHUT_RDWR)
              except OSError:
                  pass

      server = socket.create_server(("127.0.0.1", 0))
      print("some tunnel 1.0, made 10:11:12", flush=True)
      print("127.0.0.1:%d" % server.getsockname()[1], flush=True)
      while True:
          caller, _ = server.accept()
          target = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
          for pair in ((caller, target), (target, caller)):
              threading.Thread(target=pump, args=pair, daemon=True).start()
      """;

  /** Joins its own input and output to a port here. */
  private static final String CONNECT =
      """
      import os, socket, sys, threading

      connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))

      def up():
          while True:
              data = os.read(0, 65536)
              if not data:
                  os._exit(0)
              connection.sendall(data)

      threading.Thread(target=up, daemon=True).start()
      while True:
          data = connection.recv(65536)
          if not data:
              break
          os.write(1, data)
      """;

  @TempDir Path directory;
  private final List<AutoCloseable> open = new ArrayList<>();
  private Cli cli;
  private Path content;
  private Path mountpoint;
  private int port;

  @BeforeEach
  void start() throws Exception {
    cli = new Cli(Files.createDirectories(directory.resolve("user")));
    mountpoint = Files.createDirectories(cli.userHome().resolve("mnt"));
    content = directory.resolve("content");
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
  }

  @AfterEach
  void close() throws Exception {
    cli.close();
    for (AutoCloseable cell : open) {
      cell.close();
    }
  }

  @Test
  void withoutATunnel_theLineIsPasted_andTheRuntimeIsUsed() throws Exception {
    setup("--tunnel=none");
    assertThat(cli.userHome().resolve("../config/colabfs/keys/id_ed25519")).exists();
    NotebookCell cell = run("machine", Map.of("CUDA_VISIBLE_DEVICES", "it's 0", "MY_TOKEN", "t0p"));
    String line = cell.nextLine();
    assertThat(line).startsWith("colabfs init lab '{\"host\": \"127.0.0.1\", \"port\": " + port);
    paste(line);
    cli.works("mount", "lab", mountpoint.toString());
    assertThat(inMount("echo 'print(6 * 7)' >answer.py && colabfs exec python3 answer.py"))
        .isEqualTo("42\n");
    assertThat(content.resolve("answer.py")).hasContent("print(6 * 7)\n");
    assertThat(inMount("colabfs exec 'echo \"$CUDA_VISIBLE_DEVICES\" \"$HOME\" \"$MY_TOKEN\"'"))
        .isEqualTo("it's 0 " + directory.resolve("machine") + " \n");
    assertThat(inMount("colabfs exec 'echo $PATH'")).contains(System.getenv("PATH"));
    cli.works("umount", mountpoint.toString());
  }

  @Test
  void server_takesNoPasswordAndNoOtherKey_andListensHereOnly() throws Exception {
    setup("--tunnel=none");
    NotebookCell cell = run("machine", Map.of());
    paste(cell.nextLine());
    Path other = directory.resolve("other");
    cli.shell(directory, "ssh-keygen -q -t ed25519 -N '' -f " + other);
    Cli.Ended refused =
        cli.colabfs("init", "lab", "--key=" + other, "--password-command=echo guess");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("the server takes: publickey.").doesNotContain("guess");
    String listening = cli.shell(directory, "ss -ltnH sport = :" + port).out();
    assertThat(listening.lines()).singleElement().asString().contains("127.0.0.1:" + port);
  }

  @Test
  void tunnelOfACommand_thatDies_isOpenedAgain_andItsNewLineMovesTheMount() throws Exception {
    Path program = Files.writeString(directory.resolve("a tunnel.py"), TUNNEL);
    setup("--tunnel=command:python3 '" + program + "' %p");
    NotebookCell cell = run("machine", Map.of());
    String first = cell.nextLine();
    assertThat(first).doesNotContain("\"port\": " + port);
    paste(first);
    cli.works("mount", "lab", mountpoint.toString());
    assertThat(inMount("echo before >f && colabfs exec cat f")).isEqualTo("before\n");
    cell.children().forEach(ProcessHandle::destroyForcibly);
    String second = cell.nextLine();
    assertThat(second).isNotEqualTo(first);
    inMount("echo meanwhile >g");
    paste(second);
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(content.resolve("g")).hasContent("meanwhile\n"));
    assertThat(inMount("colabfs exec cat g")).isEqualTo("meanwhile\n");
    List<ProcessHandle> tunnel = cell.children();
    assertThat(tunnel).hasSize(1);
    assertThat(cell.interrupt()).isZero();
    assertThat(cell.output()).endsWith("interrupted: the tunnel is closed");
    assertThat(tunnel).noneMatch(ProcessHandle::isAlive);
  }

  @Test
  void cloudflared_isPutIntoTheLineAsAProxyCommand() throws Exception {
    // stand-ins with cloudflared's command lines: the tunnel tells a name, the client gets there
    Path there = Files.createDirectories(directory.resolve("there"));
    standIn(
        there,
        "[ \"$1 $2 $3\" = 'tunnel --no-autoupdate --url' ] || exit 2",
        "echo \"INF |  https://a-b-c.trycloudflare.com  |\"; exec sleep 600");
    standIn(
        Files.createDirectories(directory.resolve("user/bin")),
        "[ \"$*\" = 'access ssh --hostname a-b-c.trycloudflare.com' ] || exit 2",
        "exec python3 '" + directory.resolve("connect.py") + "' " + port);
    Files.writeString(directory.resolve("connect.py"), CONNECT);
    setup("--tunnel=cloudflared");
    NotebookCell cell = run("machine", Map.of("PATH", there + ":" + System.getenv("PATH")));
    String line = cell.nextLine();
    assertThat(line).contains("\"proxy_command\": \"cloudflared access ssh --hostname %h\"");
    paste(line);
    Cli.Ended ended = cli.shell(cli.userHome(), "colabfs mount lab " + mountpoint);
    assertThat(ended.status()).as(ended.toString()).isZero();
    assertThat(inMount("echo in >f && colabfs exec cat f")).isEqualTo("in\n");
  }

  private static void standIn(Path bin, String... lines) throws IOException {
    Path program = bin.resolve("cloudflared");
    Files.writeString(program, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void cellOfAKilledKernel_runAgain_keepsTheServerAndItsKey_andEndsTheOldTunnel() throws Exception {
    Path program = Files.writeString(directory.resolve("tunnel.py"), TUNNEL);
    setup("--tunnel=command:python3 " + program + " %p");
    NotebookCell killed = run("machine", Map.of());
    String first = killed.nextLine();
    List<ProcessHandle> tunnel = killed.children();
    long server = killed.server();
    killed.kill();
    assertThat(tunnel).hasSize(1).allMatch(ProcessHandle::isAlive);
    NotebookCell again = run("machine", Map.of());
    String second = again.nextLine();
    assertThat(again.server()).isEqualTo(server);
    assertThat(hostKey(second)).isEqualTo(hostKey(first));
    Awaitility.await().atMost(PATIENCE).until(() -> tunnel.stream().noneMatch(this::runs));
    NotebookCell twice = run("machine", Map.of());
    assertThat(twice.awaitEnd()).isEqualTo(1);
    assertThat(twice.output()).contains("this cell runs already");
    ProcessHandle.of(server).ifPresent(ProcessHandle::destroyForcibly);
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(again.output()).contains("starting it again"));
    Awaitility.await().atMost(PATIENCE).until(() -> again.server() != server);
    paste(second);
  }

  @Test
  void anotherMachineAtTheSameAddress_stopsTheMount_untilItsLineIsPasted() throws Exception {
    setup("--tunnel=none");
    NotebookCell first = run("machine", Map.of());
    String line = first.nextLine();
    paste(line);
    cli.works("mount", "--on-new-runtime=fresh", "lab", mountpoint.toString());
    assertThat(inMount("echo before >f && colabfs exec cat f")).isEqualTo("before\n");
    first.close();
    NotebookCell second = run("replaced", Map.of());
    String replaced = second.nextLine();
    assertThat(hostKey(replaced)).isNotEqualTo(hostKey(line));
    inMount("echo meanwhile >g");
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(cli.works("status").out())
                    .containsPattern("expected ssh-ed25519 SHA256:\\S+, got ssh-ed25519 SHA256:")
                    .contains("notebook"));
    assertThat(content.resolve("g")).doesNotExist();
    paste(replaced);
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(content.resolve("g")).hasContent("meanwhile\n"));
  }

  @Test
  void withAPassword_itIsMadeThere_andLogsIn() throws Exception {
    setup("--tunnel=none", "--password");
    // the machine's own password is changed: in a copy of /etc that only the cell sees
    boolean root = System.getProperty("user.name").equals("root");
    Path etc = directory.resolve("etc");
    Files.createDirectory(etc);
    String copy = "mount -t tmpfs etc %1$s && cp -a /etc/. %1$s && mount --bind %1$s /etc &&";
    String before = root ? copy.formatted(etc) : "";
    NotebookCell cell =
        NotebookCell.run(
            directory.resolve("setup.ipynb"), directory.resolve("machine"), Map.of(), before);
    open.add(cell);
    if (!root) {
      assertThat(cell.awaitEnd()).isEqualTo(1);
      assertThat(cell.output()).contains("chpasswd");
      return;
    }
    String line = cell.nextLine();
    String password =
        cell.output()
            .lines()
            .filter(said -> said.startsWith("The password"))
            .map(said -> said.substring(said.lastIndexOf(' ') + 1))
            .findFirst()
            .orElseThrow();
    assertThat(line).endsWith(" --password").doesNotContain(password);
    Path secret = Files.writeString(directory.resolve("secret"), password + "\n");
    Files.delete(cli.userHome().resolve("../config/colabfs/keys/id_ed25519"));
    String json = line.replace(" --password", "");
    assertThat(cli.shell(cli.userHome(), json + " --password-command 'cat " + secret + "'"))
        .matches(ended -> ended.status() == 0);
    cli.works("mount", "lab", mountpoint.toString());
    assertThat(inMount("colabfs exec echo in")).isEqualTo("in\n");
    assertThat(Files.readString(directory.resolve("user/config/colabfs/profiles/lab.json")))
        .doesNotContain(password);
    assertThat(cli.log()).doesNotContain(password);
  }

  private void setup(String... options) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "setup",
                "lab",
                "--port=" + port,
                "--root=" + content,
                "--out=" + directory.resolve("setup.ipynb")));
    arguments.addAll(List.of(options));
    cli.works(arguments.toArray(String[]::new));
  }

  private NotebookCell run(String machine, Map<String, String> environment) throws IOException {
    NotebookCell cell =
        NotebookCell.run(directory.resolve("setup.ipynb"), directory.resolve(machine), environment);
    open.add(cell);
    return cell;
  }

  private void paste(String line) throws Exception {
    Cli.Ended ended = cli.shell(cli.userHome(), line);
    assertThat(ended.status()).as("%s: %s", line, ended).isZero();
  }

  private String inMount(String line) throws Exception {
    Cli.Ended ended = cli.shell(mountpoint, line);
    assertThat(ended.status()).as("%s: %s %s", line, ended, cli.log()).isZero();
    return ended.out();
  }

  /** Whether it runs, and is not one of those that wait for a dead parent to take note. */
  private boolean runs(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  private static String hostKey(String line) {
    return line.replaceAll(".*(ssh-ed25519 [^\"]+)\".*", "$1");
  }
}
