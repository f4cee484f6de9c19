package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A user of Google's command-line tool, who mounts its sessions. */
@Timeout(240)
final class ColabSessionIT {
  private static final String FIRST = "first-secret";
  private static final String RENEWED = "renewed-secret";

  @TempDir Path dir;

  private OpenSshServer server;
  private ColabGateway gateway;
  private Cli cli;
  private Path mountpoint;
  private Path sessions;

  @BeforeEach
  void start() throws Exception {
    server = OpenSshServer.start(Files.createDirectories(dir.resolve("server")));
    gateway = ColabGateway.start(server).allow(FIRST);
    cli = new Cli(Files.createDirectories(dir.resolve("user")));
    mountpoint = Files.createDirectories(cli.userHome().resolve("mnt"));
    sessions = cli.userHome().resolve(".config/colab-cli/sessions.json");
    write(FIRST, "m-s-1");
  }

  @AfterEach
  void stop() throws Exception {
    cli.close();
    gateway.close();
    server.close();
  }

  private void write(String token, String runtime) throws IOException {
    String url = "http://127.0.0.1:" + gateway.port();
    ColabTool.writeSessions(
        sessions,
        Map.of(
            "trainer",
            new ColabTool.Session(token, url, runtime),
            "other",
            new ColabTool.Session("other-secret", url, "m-s-9")));
  }

  private Cli.Ended init(String... more) throws Exception {
    String[] usual = {
      "init",
      "work",
      "--colab",
      "trainer",
      "--key=" + server.privateKey(),
      "--user=" + server.user(),
      "--root=" + server.root()
    };
    String[] all = java.util.Arrays.copyOf(usual, usual.length + more.length);
    System.arraycopy(more, 0, all, usual.length, more.length);
    return cli.colabfs(all);
  }

  private void mounted() throws Exception {
    assertThat(init("--accept-new-host-key").status()).isZero();
    cli.works("mount", "work", mountpoint.toString());
  }

  private String inMount(String line) throws Exception {
    Cli.Ended ended = cli.shell(mountpoint, line);
    assertThat(ended.status()).as("%s: %s\n%s", line, ended, cli.log()).isZero();
    return ended.out();
  }

  @Test
  void session_initMountEditExecUmount() throws Exception {
    Cli.Ended init = init("--accept-new-host-key");
    assertThat(init.status()).as(init.toString()).isZero();
    assertThat(init.out()).contains("@colab:trainer").contains("pinned");
    cli.works("mount", "work", mountpoint.toString());
    assertThat(inMount("echo hello > file && cat file")).isEqualTo("hello\n");
    assertThat(inMount("colabfs exec cat file")).isEqualTo("hello\n");
    cli.works("umount", mountpoint.toString());
    assertThat(server.root().resolve("file")).hasContent("hello\n");
    assertThat(gateway.pushedKeys()).allMatch(key -> key.startsWith("ssh-ed25519 "));
    Awaitility.await().until(() -> !gateway.isHeld());
    assertThat(cli.works("profiles", "show", "work").out()).contains("colab:trainer");
    assertThat(cli.log()).doesNotContain(FIRST);
  }

  @Test
  void sessionWithoutAProfile_isMountedByItsName_andItsKeyIsPinned() throws Exception {
    Path agent = dir.resolve("agent");
    Process keys =
        new ProcessBuilder("ssh-agent", "-D", "-a", agent.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      Awaitility.await().until(() -> Files.exists(agent));
      ProcessBuilder add = new ProcessBuilder("ssh-add", "-q", server.privateKey().toString());
      add.environment().put("SSH_AUTH_SOCK", agent.toString());
      assertThat(add.start().waitFor()).isZero();
      Cli.Ended refused = byAgent(agent, "mount", "colab:trainer", mountpoint.toString());
      assertThat(refused.err())
          .contains("is not known yet")
          .contains("colabfs init colab:trainer --accept-new-host-key");
      Awaitility.await().until(() -> !gateway.isHeld());
      if (!server.user().equals("root")) { // the login that such a profile has by itself
        cli.works("init", "colab:trainer", "--no-check", "--user=" + server.user());
      }
      Cli.Ended mount =
          byAgent(
              agent,
              "mount",
              "--accept-new-host-key",
              "--root=" + server.root(),
              "colab:trainer",
              mountpoint.toString());
      assertThat(mount.status()).as(mount + cli.log()).isZero();
      assertThat(mount.out()).contains("mounted colab:trainer:");
      assertThat(cli.works("status").out()).contains("colab:trainer");
      cli.works("umount", mountpoint.toString());
      Awaitility.await().until(() -> !gateway.isHeld());
      write(FIRST, "m-s-2");
      Cli.Ended anew = byAgent(agent, "mount", "colab:trainer", mountpoint.toString());
      assertThat(anew.status()).as(anew.toString()).isEqualTo(1);
      assertThat(anew.err()).contains("new runtime (m-s-2; the pinned key is that of m-s-1)");
      assertThat(anew.err()).contains("The session 'trainer' has a new runtime (m-s-2)");
    } finally {
      keys.destroy();
    }
  }

  private Cli.Ended byAgent(Path agent, String... arguments) throws Exception {
    ProcessBuilder command = cli.command(arguments);
    command.environment().put("SSH_AUTH_SOCK", agent.toString());
    return cli.run(command, "");
  }

  @Test
  void sessionOfSomebodyWithoutAKey_isMountedWithOneMadeNow() throws Exception {
    if (!server.user().equals("root")) { // the login that such a profile has by itself
      cli.works("init", "colab:trainer", "--no-check", "--user=" + server.user());
    }
    Cli.Ended mount =
        cli.colabfs(
            "mount",
            "--accept-new-host-key",
            "--root=" + server.root(),
            "colab:trainer",
            mountpoint.toString());
    assertThat(mount.status()).as(mount + cli.log()).isZero();
    assertThat(mount.err()).contains("keys/id_ed25519, made now");
    assertThat(inMount("echo hello > file && colabfs exec cat file")).isEqualTo("hello\n");
    cli.works("umount", mountpoint.toString());
  }

  @Test
  void secondConnection_namesTheMountThatHasTheFirst() throws Exception {
    mounted();
    Cli.Ended second = init("--accept-new-host-key");
    assertThat(second.status()).isEqualTo(1);
    assertThat(second.err())
        .contains("held by the mount of 'work' on " + mountpoint.toRealPath())
        .contains("process " + cli.daemons().get(0).pid())
        .contains("colabfs exec")
        .contains("nothing was saved");
    Path elsewhere = Files.createDirectories(cli.userHome().resolve("elsewhere"));
    Cli.Ended again = cli.colabfs("mount", "work", elsewhere.toString());
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains("held by the mount of 'work'");
    assertThat(inMount("colabfs exec echo through")).isEqualTo("through\n");
  }

  @Test
  void webSocketDropsWhileFilesAreWritten_andTheTokenIsRenewed_nothingIsLost() throws Exception {
    mounted();
    byte[] content = new byte[8 << 20];
    new Random(7).nextBytes(content);
    Path source = Files.write(dir.resolve("source"), content);
    Process writer =
        cli.shellCommand(
                mountpoint,
                "for i in 1 2 3 4 5 6; do cp '" + source + "' big$i && echo $i > small$i; done")
            .redirectErrorStream(true)
            .start();
    for (int drop = 0; drop < 3; drop++) {
      int before = gateway.accepted();
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> heldSince(before));
      if (drop == 1) {
        gateway.expire(FIRST);
        gateway.allow(RENEWED);
        write(RENEWED, "m-s-1");
      }
      gateway.cut();
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> gateway.isHeld() && gateway.accepted() > before);
    }
    assertThat(writer.waitFor()).isZero();
    cli.works("flush", mountpoint.toString());
    for (int i = 1; i <= 6; i++) {
      assertThat(server.root().resolve("big" + i)).hasBinaryContent(content);
      assertThat(server.root().resolve("small" + i)).hasContent("%d\n".formatted(i));
    }
    assertThat(gateway.paths()).last().asString().endsWith("=" + RENEWED);
    cli.works("umount", mountpoint.toString());
    assertThat(cli.log()).doesNotContain(FIRST, RENEWED);
  }

  private boolean heldSince(int accepted) {
    return gateway.isHeld() && gateway.accepted() >= accepted;
  }

  @Test
  void expiredToken_isSaidByStatus_andAMountGoesOnWhenItIsRenewed() throws Exception {
    mounted();
    gateway.expire(FIRST);
    gateway.cut();
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(cli.works("status").out())
                    .contains("(401)")
                    .contains("colab status -s trainer"));
    gateway.allow(RENEWED);
    write(RENEWED, "m-s-1");
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(cli.works("status").out()).doesNotContain("(401)"));
    assertThat(inMount("echo more > more && colabfs exec cat more")).isEqualTo("more\n");
  }

  @Test
  void newRuntimeOfTheSession_isNotTouched_untilItsKeyWasAccepted() throws Exception {
    mounted();
    assertThat(inMount("echo old > old && colabfs flush . && cat old")).contains("old");
    try (OpenSshServer other = OpenSshServer.start(Files.createDirectories(dir.resolve("other")))) {
      Files.delete(other.authorizedKeys());
      Files.createSymbolicLink(other.authorizedKeys(), server.authorizedKeys());
      gateway.leadTo(other);
      write(FIRST, "m-s-2");
      gateway.cut();
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(cli.works("status").out())
                      .contains("new runtime (m-s-2; the pinned key is that of m-s-1)")
                      .contains("colabfs init work --accept-new-host-key"));
      inMount("echo kept > kept");
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> cli.colabfs("init", "work", "--accept-new-host-key").status() == 0);
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(cli.works("status").out()).contains("restore"));
      assertThat(server.root().resolve("kept")).doesNotExist();
      cli.works("restore", mountpoint.toString());
      cli.works("flush", mountpoint.toString());
      assertThat(server.root().resolve("kept")).hasContent("kept\n");
    }
  }

  @Test
  void session_isNamed_orTheOnlyOne_orThatOfTheProfile() throws Exception {
    Cli.Ended several = cli.colabfs("init", "--colab", "--no-check");
    assertThat(several.status()).isEqualTo(1);
    assertThat(several.err()).contains("several sessions: other, trainer");
    assertThat(cli.works("init", "other", "--colab", "--no-check").out())
        .contains("root@colab:other, not tried");
    Cli.Ended misspelt = cli.colabfs("init", "work", "--colab", "trianer");
    assertThat(misspelt.err()).contains("did you mean 'trainer'?");
    Path elsewhere = cli.userHome().resolve("sessions-of-mine.json");
    Files.move(sessions, elsewhere);
    assertThat(cli.colabfs("init", "work", "--colab", "trainer").err())
        .contains("colab new -s NAME");
    cli.works("init", "work", "--colab=trainer", "--colab-sessions=" + elsewhere, "--no-check");
    assertThat(cli.works("profiles", "show", "work", "--json").out())
        .contains("\"colab_session\" : \"trainer\"")
        .contains("\"colab_sessions\" : \"" + elsewhere + "\"");
  }
}
