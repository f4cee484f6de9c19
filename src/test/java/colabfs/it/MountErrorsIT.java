package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code colabfs mount} says when it cannot: status 1, the reason, the next step. */
@Timeout(120)
final class MountErrorsIT {
  @TempDir Path directory;
  private MountedRuntime runtime;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory).init();
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void missingMountPoint() throws Exception {
    fails("mkdir -p", "mount", "p", runtime.mountpoint + "-missing");
  }

  @Test
  void mountPointThatIsAFile() throws Exception {
    Path file = Files.createFile(runtime.cli.userHome().resolve("file"));
    fails("not a directory", "mount", "p", file.toString());
  }

  @Test
  void mountPointThatIsNotEmpty() throws Exception {
    Files.createFile(runtime.mountpoint.resolve("file"));
    fails("not empty", "mount", "p", runtime.mountpoint.toString());
  }

  @Test
  void mountPointThatIsMounted() throws Exception {
    runtime.mount();
    fails("colabfs umount " + runtime.mountpoint, "mount", "p", runtime.mountpoint.toString());
    assertThat(runtime.inMount("echo still here")).isEqualTo("still here\n");
    assertThat(runtime.cli.works("status", "--json").out()).contains("\"connected\"");
  }

  @Test
  void missingProfile() throws Exception {
    fails("colabfs init nobody", "mount", "nobody", runtime.mountpoint.toString());
  }

  @Test
  void nobodyListens() throws Exception {
    runtime.server.stop();
    fails("refuses connections", "mount", "p", runtime.mountpoint.toString());
  }

  @Test
  void keyIsNotAccepted() throws Exception {
    Files.writeString(runtime.server.authorizedKeys(), "");
    fails("colabfs init", "mount", "p", runtime.mountpoint.toString());
  }

  @Test
  void hostKeyChanged() throws Exception {
    try (OpenSshServer other = OpenSshServer.start(Files.createDirectory(directory.resolve("o")))) {
      runtime.cli.works(
          "init",
          "p",
          "--host=127.0.0.1",
          "--port=" + runtime.server.port(),
          "--user=" + runtime.server.user(),
          "--key=" + runtime.server.privateKey(),
          "--host-key=" + other.hostKeyLine(),
          "--no-check");
    }
    fails("another key than the pinned one", "mount", "p", runtime.mountpoint.toString());
  }

  @Test
  void unknownHostKeyWithoutATerminal() throws Exception {
    runtime.cli.works(
        "init",
        "q",
        "--host=127.0.0.1",
        "--port=" + runtime.server.port(),
        "--user=" + runtime.server.user(),
        "--key=" + runtime.server.privateKey(),
        "--no-check");
    fails("colabfs init q --accept-new-host-key", "mount", "q", runtime.mountpoint.toString());
  }

  @Test
  void missingRoot() throws Exception {
    fails("/nowhere/at/all", "mount", "--root=/nowhere/at/all", "p", runtime.mountpoint.toString());
  }

  @Test
  void unknownFuseOption() throws Exception {
    fails("option", "mount", "-o", "nonsense", "p", runtime.mountpoint.toString());
  }

  private void fails(String says, String... arguments) throws Exception {
    Cli.Ended ended = runtime.cli.colabfs(arguments);
    assertThat(ended.status()).as(ended.toString()).isEqualTo(1);
    assertThat(ended.err()).startsWith("colabfs: ").containsIgnoringCase(says);
    assertThat(ended.err().lines()).hasSize(1);
    assertThat(ended.out()).isEmpty();
  }
}
