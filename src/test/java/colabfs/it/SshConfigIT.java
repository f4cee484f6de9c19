package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real ssh, scp and rsync through what {@code colabfs ssh-config} has written. */
@Timeout(180)
final class SshConfigIT {
  private static final String OLD = "# mine\nHost other\n  User me\n";

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;
  private Path ssh;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    relay = Relay.start(runtime.server.port(), Duration.ofMillis(20), 0);
    runtime.init(relay.port());
    ssh = Files.createDirectories(runtime.cli.userHome().resolve(".ssh"));
    Files.writeString(ssh.resolve("config"), OLD);
    Files.setPosixFilePermissions(
        ssh.resolve("config"), PosixFilePermissions.fromString("rw-r-----"));
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
    relay.close();
  }

  @Test
  @DisplayName("ssh, scp and rsync reach a mounted runtime through the mount's one connection.")
  void sshScpAndRsync_goThroughTheMountsConnection() throws Exception {
    runtime.mount();
    runtime.cli.works("ssh-config", "--yes", "p");
    relay.refuse(true); // there is no way but the one that is there
    assertThat(run("ssh -F ~/.ssh/config colabfs-p echo it works")).isEqualTo("it works\n");
    byte[] content = new byte[3_000_000];
    new Random(3).nextBytes(content);
    Path local = Files.write(runtime.cli.userHome().resolve("local"), content);
    run("scp -q -F ~/.ssh/config local colabfs-p:" + runtime.root + "/copied");
    assertThat(runtime.root.resolve("copied")).hasBinaryContent(content);
    Files.createDirectories(runtime.root.resolve("tree/below"));
    Files.write(runtime.root.resolve("tree/below/f"), content);
    run("rsync -a -e 'ssh -F " + ssh.resolve("config") + "' colabfs-p:" + runtime.root + "/tree .");
    assertThat(local.resolveSibling("tree/below/f")).hasBinaryContent(content);
  }

  @Test
  void ssh_worksAgainAfterACut() throws Exception {
    runtime.mount();
    runtime.cli.works("ssh-config", "-y");
    assertThat(run("ssh -F ~/.ssh/config colabfs-p echo before")).isEqualTo("before\n");
    relay.cut();
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                runtime
                    .cli
                    .shell(runtime.cli.userHome(), "ssh -F ~/.ssh/config colabfs-p echo after")
                    .out()
                    .equals("after\n"));
  }

  @Test
  void withoutAMount_sshConnectsDirectly() throws Exception {
    runtime.cli.works("ssh-config", "--yes", "p");
    assertThat(run("ssh -F ~/.ssh/config colabfs-p echo it works")).isEqualTo("it works\n");
  }

  @Test
  void otherHostKey_isRefused_untilItIsPinned() throws Exception {
    runtime.mount();
    runtime.cli.works("ssh-config", "--yes", "p");
    Path keys = ssh.resolve("colabfs_known_hosts");
    String known = Files.readString(keys);
    assertThat(known).isEqualTo("colabfs-p " + runtime.server.hostKeyLine() + "\n");
    Path profile = directory.resolve("user/config/colabfs/profiles/p.json");
    String other = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    String pinned = Files.readString(profile);
    runtime.cli.works("umount");
    Files.writeString(
        profile, pinned.replace(runtime.server.hostKeyLine().split(" ", -1)[1], other));
    Cli.Ended refused =
        runtime.cli.shell(runtime.cli.userHome(), "ssh -F ~/.ssh/config colabfs-p echo no");
    assertThat(refused.status()).isEqualTo(255);
    assertThat(refused.out()).isEmpty();
    Files.writeString(profile, pinned);
    assertThat(run("ssh -F ~/.ssh/config colabfs-p echo yes")).isEqualTo("yes\n");
    assertThat(keys).hasContent(known);
  }

  @Test
  void usersOwnFile_getsOneLineAtItsTop_andIsAsItWasAfterwards() throws Exception {
    runtime.cli.works("ssh-config", "--yes", "p");
    runtime.cli.works("ssh-config", "--yes", "p");
    Path config = ssh.resolve("config");
    assertThat(config).hasContent("Include " + ssh.resolve("colabfs_config") + "\n" + OLD);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
        .isEqualTo("rw-r-----");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(ssh.resolve("colabfs_config"))))
        .isEqualTo("rw-------");
    runtime.cli.works("ssh-config", "--remove");
    assertThat(config).hasContent(OLD);
    assertThat(ssh).isDirectoryNotContaining("glob:**/colabfs_*");
  }

  @Test
  void withoutConsent_nothingIsWritten() throws Exception {
    Cli.Ended refused = runtime.cli.colabfs("ssh-config", "p");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("--yes").contains("--print");
    assertThat(runtime.cli.works("ssh-config", "--print", "p").out())
        .startsWith("Host colabfs-p\n")
        .contains("ProxyCommand colabfs proxy p\n");
    assertThat(ssh.resolve("config")).hasContent(OLD);
    assertThat(ssh.resolve("colabfs_config")).doesNotExist();
  }

  private String run(String line) throws Exception {
    Cli.Ended ended = runtime.cli.shell(runtime.cli.userHome(), line);
    assertThat(ended.status()).as(line + ": " + ended).isZero();
    return ended.out();
  }
}
