package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands at a terminal: real terminals here, a real OpenSSH server behind a tunnel that breaks.
 */
@Timeout(240)
final class TerminalIT {
  private static final Pattern PROCESS = Pattern.compile("\"(?:supervisor|child)\":\\s*(\\d+)");

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;
  private Relay relay;
  private Tmux tmux;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    cli = runtime.cli;
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(20), 0);
    Files.writeString(directory.resolve("server/.bashrc"), "PS1='there> '\n");
    Files.writeString(directory.resolve("server/.profile"), ". ~/.bashrc\n");
    Files.writeString(directory.resolve("server/.vimrc"), "set nocompatible laststatus=2\n");
    runtime.init(relay.port()).mount();
    tmux = new Tmux(cli, Files.createDirectories(runtime.mountpoint.resolve("work")));
  }

  @AfterEach
  void close() throws Exception {
    tmux.close();
    runtime.close();
    relay.close();
    endJobs();
  }

  private void endJobs() throws IOException {
    Path jobs = directory.resolve("server/.local/state/colabfs/jobs");
    if (Files.isDirectory(jobs)) {
      try (DirectoryStream<Path> each = Files.newDirectoryStream(jobs, "[0-9a-f]*")) {
        for (Path job : each) {
          Matcher process = PROCESS.matcher(Files.readString(job.resolve("job.json")));
          while (process.find()) {
            ProcessHandle.of(Long.parseLong(process.group(1)))
                .ifPresent(ProcessHandle::destroyForcibly);
          }
        }
      }
    }
  }

  private String jobs() throws Exception {
    return cli.works("jobs").out();
  }

  /** A cut that lasts, so that it is told. */
  private void cutForLong(String name) throws Exception {
    relay.refuse(true);
    relay.cut();
    tmux.await(name, screen -> screen.contains("the connection is lost"));
    relay.refuse(false);
  }

  @Test
  @DisplayName(
      "A command at a terminal goes on when the connection is lost, and its screen is drawn anew"
          + " when that is back.")
  void editor_survivesACut_andIsDrawnAnew() throws Exception {
    Files.writeString(runtime.mountpoint.resolve("work/text"), "one\ntwo\n");
    tmux.open("a", 90, 24);
    tmux.type("a", "colabfs exec -t vim text", "Enter");
    tmux.await("a", screen -> screen.contains("two") && screen.contains("text"));
    tmux.type("a", "G", "o", "grün", "Escape");
    tmux.await("a", screen -> screen.contains("grün"));
    tmux.resize("a", 70, 14);
    tmux.await("a", screen -> screen.lines().count() <= 14);
    tmux.type("a", "C-l"); // what it said when it read the file goes
    Awaitility.await().until(() -> settled("a").equals(tmux.screen("a")));
    String before = tmux.screen("a");
    cutForLong("a");
    assertThat(before).contains("grün\n~\n").contains("text [+]");
    tmux.await("a", before::equals);
    tmux.type("a", ":wq", "Enter");
    tmux.await("a", screen -> screen.endsWith("here>"));
    assertThat(runtime.root.resolve("work/text")).hasContent("one\ntwo\ngrün\n");
    assertThat(runtime.mountpoint.resolve("work/text")).hasContent("one\ntwo\ngrün\n");
    assertThat(tmux.screen("a")).doesNotContain("~");
    Awaitility.await().untilAsserted(() -> assertThat(jobs()).contains("no commands are kept"));
  }

  /** What it shows, after a moment in which nothing changed. */
  private String settled(String name) {
    String[] last = {tmux.screen(name)};
    Awaitility.await()
        .pollDelay(Duration.ofMillis(300))
        .until(
            () -> {
              String before = last[0];
              last[0] = tmux.screen(name);
              return last[0].equals(before);
            });
    return last[0];
  }

  @Test
  void pager_isLargerAfterItsWindowIs_alsoWhileTheConnectionIsLost() throws Exception {
    tmux.open("a", 60, 10);
    tmux.type("a", "colabfs exec -t 'seq 100 | less'", "Enter");
    tmux.await("a", screen -> screen.contains("\n9\n:"));
    relay.refuse(true);
    relay.cut();
    tmux.await("a", screen -> screen.contains("the connection is lost"));
    tmux.resize("a", 60, 20);
    relay.refuse(false);
    tmux.await("a", screen -> screen.startsWith("1\n2\n") && screen.contains("\n19\n:"));
    tmux.type("a", "q");
    tmux.await("a", screen -> screen.endsWith("here>"));
  }

  @Test
  @DisplayName(
      "When a command at a terminal has ended, or was left, the terminal here is as it was before.")
  void shell_hasATerminal_andItsStatus() throws Exception {
    runtime.inMount("echo '#!/bin/sh' > work/tool; chmod +x work/tool");
    tmux.open("a", 90, 30);
    tmux.type("a", "stty -g > ~/before", "Enter");
    tmux.type("a", "colabfs shell; echo status $?; stty -g > ~/after", "Enter");
    tmux.await("a", screen -> screen.endsWith("there>"));
    tmux.type(
        "a", "pwd; stty size; echo $TERM; shopt login_shell; ls; tty; printf 'ü%s\\n' x", "Enter");
    String shown = tmux.await("a", screen -> screen.contains("üx") && screen.endsWith("there>"));
    assertThat(shown)
        .containsPattern(runtime.root.resolve("work") + "\n30 90\n[a-z]+-256color\n")
        .containsPattern("login_shell +\ton|login_shell +on")
        .contains("tool\n/dev/pts/");
    tmux.type("a", "sleep 100", "Enter", "C-c");
    tmux.type("a", "exit 7", "Enter");
    tmux.await("a", screen -> screen.contains("status 7"));
    Awaitility.await().until(() -> Files.exists(cli.userHome().resolve("after")));
    assertThat(cli.userHome().resolve("after"))
        .hasSameTextualContentAs(cli.userHome().resolve("before"));

    tmux.type("a", "clear; colabfs exec -t vim; echo status $?; stty -g > ~/left", "Enter");
    tmux.await("a", screen -> screen.contains("~"));
    tmux.type("a", "Enter", "~.");
    shown = tmux.await("a", screen -> screen.contains("status 130"));
    assertThat(shown)
        .contains("left running as job")
        .contains("colabfs attach")
        .doesNotContain("~\n");
    Awaitility.await().until(() -> Files.exists(cli.userHome().resolve("left")));
    assertThat(cli.userHome().resolve("left"))
        .hasSameTextualContentAs(cli.userHome().resolve("before"));
    assertThat(jobs()).contains("vim").contains("nobody is at its terminal");
  }

  @Test
  @DisplayName(
      "A shell whose terminal here is closed, or whose client is killed, goes on and is found by"
          + " jobs and attach.")
  void closedWindow_leavesTheShell_whichIsComeBackTo() throws Exception {
    tmux.open("a", 90, 24).open("b", 70, 15);
    tmux.type("a", "colabfs shell", "Enter");
    tmux.await("a", screen -> screen.endsWith("there>"));
    tmux.type("a", "echo before; kept=yes", "Enter");
    tmux.await("a", screen -> screen.contains("\nbefore\n"));
    tmux.close("a");
    Awaitility.await().untilAsserted(() -> assertThat(jobs()).contains("nobody is at"));
    String id = jobs().substring(0, 8);

    tmux.type("b", "colabfs attach " + id, "Enter");
    tmux.await("b", screen -> screen.contains("\nbefore\nthere>"));
    settled("b"); // it is drawn anew by another size for a moment
    tmux.type("b", "clear; echo $kept $(stty size)", "Enter");
    tmux.await("b", screen -> screen.contains("yes 15 70"));
    long client = clients().findFirst().orElseThrow();
    new ProcessBuilder("kill", "-KILL", Long.toString(client)).start().waitFor();
    tmux.type("b", "", "Enter", "stty sane; clear", "Enter");
    Awaitility.await().untilAsserted(() -> assertThat(jobs()).contains("nobody is at"));

    tmux.type("b", "colabfs shell", "Enter");
    tmux.await("b", screen -> screen.contains("was left running (shell)"));
    tmux.type("b", "exit", "Enter");
    assertThat(cli.works("kill", "-s", "HUP", id).out()).contains("sent HUP");
    Awaitility.await().untilAsserted(() -> assertThat(jobs()).doesNotContain("running"));
  }

  /** The processes of {@code colabfs attach} that tests started. */
  private java.util.stream.LongStream clients() {
    String user = cli.userHome().toString();
    return ProcessHandle.allProcesses()
        .filter(process -> says(process, "cmdline", "colabfs.cli.Main\0attach"))
        .filter(process -> says(process, "environ", "HOME=" + user + "\0"))
        .mapToLong(ProcessHandle::pid);
  }

  private static boolean says(ProcessHandle process, String file, String text) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), file));
      return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).contains(text);
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  @DisplayName(
      "Several may be at a terminal on the runtime: all see it and type, and who leaves it leaves"
          + " it to the others.")
  void twoAtOneTerminal_bothType_andOneLeavesTheOther() throws Exception {
    tmux.open("a", 80, 20).open("b", 80, 20);
    tmux.type("a", "colabfs exec -t vim text", "Enter");
    tmux.await("a", screen -> screen.contains("~"));
    String id = jobs().substring(0, 8);
    tmux.type("b", "colabfs attach " + id, "Enter");
    tmux.await("b", screen -> screen.contains("~"));
    tmux.type("a", "i", "from-a,");
    tmux.await("b", screen -> screen.startsWith("from-a,"));
    tmux.type("b", "from-b");
    tmux.await("a", screen -> screen.startsWith("from-a,from-b"));
    tmux.type("b", "Enter", "~.");
    tmux.await("b", screen -> screen.contains("left running as job"));
    tmux.type("a", "and a", "Escape", ":wq", "Enter");
    tmux.await("a", screen -> screen.endsWith("here>"));
    assertThat(runtime.root.resolve("work/text")).hasContent("from-a,from-b\nand a\n");
  }

  @Test
  void withoutSupervision_orWithoutAMount_aTerminalIsOne() throws Exception {
    tmux.open("a", 77, 22);
    tmux.type("a", "colabfs exec -t --no-supervise 'stty size; exit 5'; echo status $?", "Enter");
    tmux.await("a", screen -> screen.contains("22 77\nstatus 5"));
    tmux.type("a", "clear; cd; colabfs umount; colabfs -p p shell", "Enter");
    tmux.await("a", screen -> screen.endsWith("there>"));
    tmux.resize("a", 60, 11);
    String line = "clear; until stty size | grep -q '11 60'; do sleep 0.1; done; stty size; exit 6";
    tmux.type("a", line, "Enter");
    tmux.await("a", screen -> screen.contains("11 60\nlogout\nhere>"));
    tmux.type("a", "echo status $?", "Enter");
    tmux.await("a", screen -> screen.contains("status 6"));
  }

  @Test
  void withoutATerminalHere_theCommandHasNone_andAShellIsRefused() throws Exception {
    Cli.Ended ended = cli.colabfs("exec", "-t", "tty; exit 3");
    assertThat(ended.status()).isEqualTo(3);
    assertThat(ended.out()).isEqualTo("not a tty\n");
    assertThat(ended.err()).contains("no terminal for the command");
    ended = cli.colabfs("shell");
    assertThat(ended.status()).isEqualTo(255);
    assertThat(ended.err()).contains("a shell needs a terminal");
  }

  @Test
  void detachedTerminal_isComeBackTo_andItsLogsHaveTimes() throws Exception {
    String id = cli.works("exec", "-t", "--detach", "echo on; read x; echo got $x").out().strip();
    Awaitility.await().untilAsserted(() -> assertThat(jobs()).contains("nobody was at"));
    Awaitility.await()
        .untilAsserted(() -> assertThat(cli.works("logs", id).out()).isEqualTo("on\r\n"));
    assertThat(cli.works("logs", "--since", "1h", id).out()).isEqualTo("on\r\n");
    assertThat(cli.works("logs", "--since", "2000-01-01", id).out()).isEqualTo("on\r\n");
    Awaitility.await()
        .untilAsserted(() -> assertThat(cli.works("logs", "--since", "0s", id).out()).isEmpty());
    assertThat(cli.colabfs("logs", "--since", "soon", id).err()).contains("--since takes");
    tmux.open("a", 80, 20);
    tmux.type("a", "colabfs attach " + id, "Enter");
    tmux.await("a", screen -> screen.contains("\non"));
    tmux.type("a", "this", "Enter");
    tmux.await("a", screen -> screen.contains("got this\nhere>"));
  }

  @Test
  void timeThatIsUp_isToldAsSuch_alsoWhenTheCommandHasToBeKilled() throws Exception {
    String line = "trap '' TERM; while :; do sleep 0.1; done";
    assertThat(cli.colabfs("exec", "--timeout=0.2", line).status()).isEqualTo(124);
    assertThat(cli.colabfs("exec", "--no-supervise", "--timeout=0.2", line).status())
        .isEqualTo(124);
  }
}
