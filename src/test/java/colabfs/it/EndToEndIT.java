package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole story of a user, against a real OpenSSH server. */
@Timeout(180)
final class EndToEndIT {
  @TempDir Path directory;
  private MountedRuntime runtime;
  private Cli cli;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    cli = runtime.cli;
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void initMountEditCommitRunUnmount() throws Exception {
    Files.writeString(runtime.root.resolve("train.py"), "print('step 1')\n");
    runtime.init().mount();

    assertThat(runtime.inMount("cat train.py")).isEqualTo("print('step 1')\n");
    runtime.inMount(
        "sed -i 's/step 1/step 2/' train.py && mkdir -p a/b && cp train.py a/b/c.py"
            + " && colabfs exec true");
    assertThat(runtime.root.resolve("train.py")).hasContent("print('step 2')\n");
    assertThat(runtime.root.resolve("a/b/c.py")).hasContent("print('step 2')\n");

    runtime.inMount(
        "git init -q -b main && git config user.name n && git config user.email e@example.org"
            + " && git add . && git commit -q -m first && echo more >> train.py");
    assertThat(runtime.inMount("git status --porcelain")).isEqualTo(" M train.py\n");
    assertThat(runtime.inMount("git log --format=%s")).isEqualTo("first\n");
    runtime.inMount("git checkout -q train.py && git fsck --strict");
    assertThat(runtime.inMount("git status --porcelain")).isEmpty();

    assertThat(runtime.inMount("cd a/b && colabfs exec pwd"))
        .isEqualTo(runtime.root.resolve("a/b") + "\n");
    List<ProcessHandle> daemons = cli.daemons();
    assertThat(daemons).hasSize(1);
    cli.works("umount");
    assertThat(daemons).noneMatch(ProcessHandle::isAlive);
    assertThat(runtime.mountpoint).isEmptyDirectory();
    assertThat(cli.works("status").out()).isEqualTo("nothing is mounted\n");
  }

  @Test
  void exec_passesInputAndStatus_andKeepsOutputsApart() throws Exception {
    runtime.init().mount();
    Cli.Ended ended =
        cli.run(
            cli.command("exec", "-p", "p", "--", "sh", "-c", "cat; echo no >&2; exit 7"),
            "line\nno newline");
    assertThat(ended).isEqualTo(new Cli.Ended(7, "line\nno newline", "no\n"));
  }

  @Test
  void exec_carriesBinaryUnchanged() throws Exception {
    runtime.init().mount();
    runtime.inMount(
        "head -c 3000000 /dev/urandom > /tmp/in.$$"
            + " && colabfs exec cat < /tmp/in.$$ | cmp - /tmp/in.$$; s=$?; rm /tmp/in.$$; exit $s");
  }

  @Test
  void exec_worksWithoutInputAndWithClosedOutput() throws Exception {
    runtime.init().mount();
    assertThat(runtime.inMount("colabfs exec 'cat; echo done' < /dev/null")).isEqualTo("done\n");
    assertThat(runtime.inMount("colabfs exec 'yes' | head -n 1")).isEqualTo("y\n");
  }

  @Test
  void whatACommandChanged_showsAtOnce() throws Exception {
    runtime.init().mount();
    runtime.inMount("echo one > size && ln -s size link && mkdir gone && echo x > replaced");
    String seen =
        runtime.inMount(
            "set -e; cat new.txt 2> /dev/null || echo absent;"
                + " stat -c %s size replaced; ls gone;"
                + " colabfs exec 'echo hi > new.txt; echo longer >> size; rmdir gone;"
                + " echo other > r2; mv r2 replaced';"
                + " cat new.txt; stat -c %s size; cat size replaced; test ! -e gone");
    assertThat(seen).isEqualTo("absent\n4\n2\nhi\n11\none\nlonger\nother\n");
  }

  @Test
  void linkOutOfTheRoot_showsTheRuntimesOwnFile() throws Exception {
    runtime.init().mount();
    String seen =
        runtime.inMount(
            "ls; colabfs exec 'ln -s /etc/hostname outside'; readlink outside;"
                + " cmp outside /etc/hostname && ls -A");
    assertThat(seen).isEqualTo(".colabfs/root/etc/hostname\noutside\n");
  }

  @Test
  void whatWasWritten_isThereWhenACommandRuns() throws Exception {
    runtime.init().mount();
    assertThat(
            runtime.inMount(
                "for i in 1 2 3 4 5; do head -c 2000000 /dev/urandom > f;"
                    + " md5sum < f; colabfs exec 'md5sum < f'; done | uniq | wc -l"))
        .isEqualTo("5\n");
  }

  @Test
  void exec_inMissingDirectory_saysSo() throws Exception {
    runtime.init().mount("--no-helper"); // nobody tells that it is gone
    runtime.inMount("mkdir here && colabfs exec true");
    Cli.Ended ended =
        cli.shell(
            runtime.mountpoint.resolve("here"),
            "rmdir '" + runtime.root + "/here'; colabfs exec pwd");
    assertThat(ended.status()).as(ended.toString()).isEqualTo(255);
    assertThat(ended.err()).contains("colabfs: cannot enter " + runtime.root + "/here");
  }

  @Test
  void interrupt_reachesTheRemoteCommand() throws Exception {
    runtime.init().mount();
    interrupted("exec", "-p", "p", "--", "sh", "-c", "echo $$ > pid; exec sleep 50");
  }

  @Test
  void interrupt_reachesTheRemoteCommandWithoutAMount() throws Exception {
    runtime.init();
    interrupted("exec", "-p", "p", "--", "sh", "-c", "echo $$ > pid; exec sleep 50");
  }

  private void interrupted(String... arguments) throws Exception {
    Path pidFile = runtime.root.resolve("pid");
    Process process = cli.command(arguments).start();
    var out = Cli.read(process.getInputStream());
    var err = Cli.read(process.getErrorStream());
    org.awaitility.Awaitility.await().until(() -> Files.exists(pidFile) && Files.size(pidFile) > 1);
    long remote = Long.parseLong(Files.readString(pidFile).strip());
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    Cli.Ended ended = Cli.await(process, out, err);
    assertThat(ended).isEqualTo(new Cli.Ended(130, "", ""));
    // Who watches over it takes its last breath after it has told of its end.
    org.awaitility.Awaitility.await().until(() -> ProcessHandle.of(remote).isEmpty());
  }

  @Test
  void vanishedCommandLine_endsTheRemoteCommand() throws Exception {
    runtime.init().mount();
    Path pidFile = runtime.root.resolve("pid");
    Process process =
        cli.command("exec", "-p", "p", "--", "sh", "-c", "echo $$ > pid; exec sleep 50").start();
    org.awaitility.Awaitility.await().until(() -> Files.exists(pidFile) && Files.size(pidFile) > 1);
    long remote = Long.parseLong(Files.readString(pidFile).strip());
    process.destroyForcibly();
    org.awaitility.Awaitility.await().until(() -> ProcessHandle.of(remote).isEmpty());
  }

  @Test
  void exec_withoutAMount_usesItsOwnConnection() throws Exception {
    runtime.init();
    Cli.Ended ended =
        cli.run(cli.command("exec", "-p", "p", "--", "sh", "-c", "pwd; cat; exit 3"), "in");
    assertThat(ended).isEqualTo(new Cli.Ended(3, runtime.root + "\nin", ""));
  }

  @Test
  void exec_withoutAServer_fails() throws Exception {
    runtime.init();
    runtime.server.stop();
    Cli.Ended ended = cli.colabfs("exec", "-p", "p", "pwd");
    assertThat(ended.status()).isEqualTo(255);
    assertThat(ended.err()).startsWith("colabfs: ").contains("refuses connections");
    assertThat(cli.colabfs("exec").status()).isEqualTo(255);
  }

  @Test
  void readOnlyMount_refusesChanges() throws Exception {
    Files.writeString(runtime.root.resolve("f"), "x");
    runtime.init().mount("--read-only");
    assertThat(runtime.inMount("cat f; echo y > f 2> /dev/null || echo refused"))
        .isEqualTo("xrefused\n");
    assertThat(runtime.root.resolve("f")).hasContent("x");
  }

  @Test
  void filesOfTheUser_arePrivate() throws Exception {
    runtime.init().mount();
    Path log;
    try (var logs = Files.list(cli.logs())) {
      log = logs.filter(file -> file.toString().endsWith(".log")).findFirst().orElseThrow();
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cli.logs())))
        .isEqualTo("rwx------");
    assertThat(Files.readString(log)).contains("mounted " + runtime.root);
  }
}
