package colabfs.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a command does by way of a mount; the same with each of the clients. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
abstract class ExecClientTests {
  private final Cli.Client client;
  private Path directory = Path.of("/");
  private MountedRuntime runtime;
  private Cli cli;

  ExecClientTests(Cli.Client client) {
    this.client = client;
  }

  @BeforeAll
  void mount(@TempDir Path empty) throws Exception {
    directory = empty;
    runtime = new MountedRuntime(directory);
    cli = runtime.cli;
    runtime.init().mount();
    cli.use(client);
  }

  @AfterAll
  void close() throws Exception {
    runtime.close();
  }

  /** The quick client did it by itself. */
  private void assertClient(long startsBefore) throws Exception {
    assertThat(cli.javaStarts() == startsBefore).isEqualTo(client == Cli.Client.QUICK);
  }

  @Test
  void statusInputAndBothOutputs_areTheCommands() throws Exception {
    long before = cli.javaStarts();
    Cli.Ended ended =
        cli.run(
            cli.command("exec", "-p", "p", "--", "sh", "-c", "cat; echo no >&2; exit 7"),
            "line\nno newline");
    assertThat(ended).isEqualTo(new Cli.Ended(7, "line\nno newline", "no\n"));
    assertThat(cli.colabfs("exec", "true")).isEqualTo(new Cli.Ended(0, "", ""));
    assertThat(cli.colabfs("exec", "kill -KILL $$; sleep 9").status()).isEqualTo(137);
    assertThat(cli.colabfs("exec", "--timeout=1", "sleep", "60").status()).isEqualTo(124);
    assertClient(before);
  }

  @Test
  void wordsAndVariables_arriveAsTheyAre() throws Exception {
    long before = cli.javaStarts();
    String[] words = {"", "a b", "'\"\\$x`", "two\nlines\t\u0001", "größe-日本-🎉", "-p", "--help"};
    String[] line = new String[5 + words.length];
    System.arraycopy(
        new String[] {"exec", "-e", "V=it's \"$x\"\n", "printf", "%s|"}, 0, line, 0, 5);
    System.arraycopy(words, 0, line, 5, words.length);
    assertThat(cli.works(line).out()).isEqualTo(String.join("|", words) + "|");
    assertThat(cli.works("exec", "-e", "V=it's \"$x\"\n", "printenv", "V").out())
        .isEqualTo("it's \"$x\"\n\n");
    assertThat(cli.shell(cli.userHome(), "V='a b' colabfs exec -e V printenv V").out())
        .isEqualTo("a b\n");
    assertClient(before);
  }

  @Test
  void tenMegabytes_passUnchanged() throws Exception {
    long before = cli.javaStarts();
    byte[] content = new byte[10_000_000];
    new Random(7).nextBytes(content);
    Path in = Files.write(directory.resolve("in"), content);
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process =
        cli.command("exec", "--", "sh", "-c", "tee /dev/stderr")
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(Files.mismatch(in, out)).isEqualTo(-1);
    assertThat(Files.mismatch(in, err)).isEqualTo(-1);
    assertClient(before);
  }

  @Test
  void placesInTheMount_areTheRuntimes() throws Exception {
    long before = cli.javaStarts();
    runtime.inMount("mkdir -p a/b && colabfs exec true");
    assertThat(runtime.inMount("cd a/b && colabfs exec pwd"))
        .isEqualTo(runtime.root.resolve("a/b") + "\n");
    assertThat(runtime.inMount("cd a && colabfs exec --cwd b pwd"))
        .isEqualTo(runtime.root.resolve("a/b") + "\n");
    assertThat(runtime.inMount("colabfs exec echo $PWD/a x=$PWD; colabfs exec --no-map echo $PWD"))
        .isEqualTo("%s/a x=%s\n%s\n".formatted(runtime.root, runtime.root, runtime.mountpoint));
    assertClient(before);
  }

  @Test
  void severalMounts_theOneThatIsMeantRunsIt() throws Exception {
    long before = cli.javaStarts();
    Path second = Files.createDirectories(directory.resolve("second"));
    Path inner = Files.createDirectories(cli.userHome().resolve("other"));
    cli.works(
        "init",
        "q",
        "--host=127.0.0.1",
        "--port=" + runtime.server.port(),
        "--user=" + runtime.server.user(),
        "--key=" + runtime.server.privateKey(),
        "--root=" + second,
        "--accept-new-host-key");
    cli.works("mount", "q", inner.toString());
    try {
      assertThat(cli.works("exec", "-p", "q", "pwd").out()).isEqualTo(second + "\n");
      assertThat(cli.works("exec", "-p", "p", "pwd").out()).isEqualTo(runtime.root + "\n");
      assertThat(cli.shell(inner, "colabfs exec pwd").out()).isEqualTo(second + "\n");
      assertThat(runtime.inMount("colabfs exec pwd")).isEqualTo(runtime.root + "\n");
      assertThat(runtime.inMount("colabfs exec -p q pwd")).isEqualTo(second + "\n");
      assertThat(runtime.inMount("COLABFS_PROFILE=q colabfs exec pwd"))
          .isEqualTo(runtime.root + "\n");
      assertThat(cli.shell(cli.userHome(), "COLABFS_PROFILE=q colabfs exec pwd").out())
          .isEqualTo(second + "\n");
      assertClient(before);
    } finally {
      cli.works("umount", inner.toString());
      cli.works("profiles", "remove", "q");
    }
  }

  @Test
  void interrupt_reachesTheCommand_andASecondOneLeavesItRunning() throws Exception {
    long before = cli.javaStarts();
    Process gives = cli.command("exec", "echo on; exec sleep 50").start();
    assertThat(gives.getInputStream().read()).isEqualTo('o');
    Cli.Ended ended = signalled(gives, "INT");
    assertThat(ended.status()).isEqualTo(130);

    Process stays = cli.command("exec", "trap '' INT; echo on; exec sleep 50").start();
    assertThat(stays.getInputStream().read()).isEqualTo('o');
    ended = signalled(stays, "INT", "INT");
    assertThat(ended.status()).isEqualTo(130);
    var told = Pattern.compile("left running as job ([0-9a-f]{16})").matcher(ended.err());
    assertThat(told.find()).as(ended.err()).isTrue();
    cli.works("kill", "-s", "KILL", told.group(1));
    assertClient(before);
  }

  @Test
  void terminated_theFirstIsPassedOn_theSecondKills() throws Exception {
    long before = cli.javaStarts();
    Process gives = cli.command("exec", "trap 'exit 9' TERM; echo on; sleep 50 & wait").start();
    assertThat(gives.getInputStream().read()).isEqualTo('o');
    assertThat(signalled(gives, "TERM").status()).isEqualTo(9);
    Process stays =
        cli.command("exec", "trap '' HUP; echo on; while true; do sleep 1; done").start();
    assertThat(stays.getInputStream().read()).isEqualTo('o');
    assertThat(signalled(stays, "HUP", "HUP").status()).isEqualTo(137);
    assertClient(before);
  }

  private static Cli.Ended signalled(Process process, String... signals) throws Exception {
    var out = Cli.read(process.getInputStream());
    var err = Cli.read(process.getErrorStream());
    for (String signal : signals) {
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
      // Signals of a kind that come at once are one: the first must have been taken.
      await().until(() -> !isPending(process));
    }
    return Cli.await(process, out, err);
  }

  private static boolean isPending(Process process) throws Exception {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    return process.isAlive()
        && Files.readAllLines(status).stream()
            .anyMatch(line -> line.matches("(SigPnd|ShdPnd):.*[1-9a-f].*"));
  }

  @Test
  void unreadOutput_endsIt() throws Exception {
    long before = cli.javaStarts();
    Cli.Ended ended =
        cli.shell(cli.userHome(), "colabfs exec yes | head -n 1; echo ${PIPESTATUS[0]}");
    assertThat(ended).isEqualTo(new Cli.Ended(0, "y\n141\n", ""));
    assertClient(before);
  }

  @Test
  void inputThatDoesNotEnd_isNotWaitedFor() throws Exception {
    long before = cli.javaStarts();
    Process process = cli.command("exec", "head -n 1; echo enough").start();
    process.getOutputStream().write("one\ntwo\n".getBytes(UTF_8));
    process.getOutputStream().flush();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.getInputStream().readAllBytes()).asString().isEqualTo("one\nenough\n");
    assertClient(before);
  }

  @Test
  void mistakes_areTold() throws Exception {
    assertThat(cli.colabfs("exec", "--nonsense", "x").err())
        .startsWith("colabfs: there is no option '--nonsense'")
        .endsWith("; see 'colabfs exec --help'\n");
    assertThat(cli.colabfs("exec").status()).isEqualTo(255);
    assertThat(cli.works("exec", "--help").out()).contains("--no-flush");
    assertThat(cli.colabfs("exec", "-p", "none", "x").err()).contains("no profile 'none'");
    Cli.Ended ended = cli.shell(cli.userHome(), "colabfs exec printf $'\\xff' | od -An -tx1");
    assertThat(ended.status()).as(ended.toString()).isZero();
  }

  @Test
  void whatManyCommandsChanged_showsAtOnce_whileSomebodyLooks() throws Exception {
    long before = cli.javaStarts();
    String seen =
        runtime.inMount(
            "(while ! [ -e stop ]; do stat * > /dev/null 2>&1; cat n made-* > /dev/null 2>&1; done) &"
                + " for i in $(seq 1 15); do colabfs exec \"echo $i > n; rm -f made-*; touch made-$i\";"
                + " cat n; ls made-*; test -e made-$i || echo missing $i; done; touch stop; wait");
    StringBuilder wanted = new StringBuilder();
    for (int i = 1; i <= 15; i++) {
      wanted.append(i).append('\n').append("made-").append(i).append('\n');
    }
    assertThat(seen).isEqualTo(wanted.toString());
    assertClient(before);
  }

  @Test
  void killedMount_isTold() throws Exception {
    long before = cli.javaStarts();
    Process process = cli.command("exec", "echo on; exec sleep 20").start();
    assertThat(process.getInputStream().read()).isEqualTo('o');
    var out = Cli.read(process.getInputStream());
    var err = Cli.read(process.getErrorStream());
    runtime.kill();
    Cli.Ended ended = Cli.await(process, out, err);
    assertThat(ended)
        .isEqualTo(
            new Cli.Ended(
                255,
                "n\n",
                "colabfs: the mount ended while the command ran; see: colabfs status\n"));
    assertClient(before);
    cli.works("umount", runtime.mountpoint.toString());
    runtime.mount();
  }

  @Test
  void deadMount_isPassedBy() throws Exception {
    runtime.kill();
    assertThat(cli.colabfs("exec", "-p", "p", "pwd").out()).isEqualTo(runtime.root + "\n");
    assertThat(cli.javaStarts()).isPositive();
    cli.works("umount", runtime.mountpoint.toString());
    runtime.mount();
  }
}
