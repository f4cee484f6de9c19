package colabfs.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mounts that begin with what an earlier one left on the local disk. */
@Timeout(180)
final class OfflineMountIT {
  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    relay = Relay.start(runtime.server.port(), Duration.ZERO, 0);
    runtime.init(relay.port());
  }

  @AfterEach
  void close() throws Exception {
    relay.close();
    runtime.close();
  }

  /** Long ago enough that its second is over for certain. */
  private void write(String path, byte[] content) throws Exception {
    Path file = runtime.root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(100)));
  }

  private void tree() throws Exception {
    write("seen/read", "was read\n".getBytes(UTF_8));
    write("seen/unread", "was not read\n".getBytes(UTF_8));
    write("seen/deep/er/file", "deep\n".getBytes(UTF_8));
    write("seen/sub/edited", "before\n".getBytes(UTF_8));
    byte[] large = new byte[3_000_000];
    new Random(5).nextBytes(large);
    write("seen/large", large);
    Files.createSymbolicLink(runtime.root.resolve("seen/link"), Path.of("read"));
  }

  private void umount() throws Exception {
    runtime.cli.works("umount", runtime.mountpoint.toString());
  }

  private void goAway() throws Exception {
    relay.refuse(true);
    relay.cut();
  }

  private String status() throws Exception {
    return runtime.cli.works("status").out();
  }

  private void awaitConnection() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status().contains("connected for"));
  }

  private static final String READ_ALL =
      "ls -R . && cat seen/read seen/deep/er/file seen/sub/edited seen/link && cksum seen/large";

  @Test
  @DisplayName(
      "A mount without a connection serves what was seen, takes changes, and sends them when the"
          + " runtime answers.")
  void offlineMount_servesWhatWasSeen_takesChanges_andSendsThemLater() throws Exception {
    tree();
    runtime.mount("--timeout=5");
    String seen = runtime.inMount(READ_ALL);
    umount();
    goAway();

    runtime.mount("--offline", "--timeout=5");
    assertThat(status()).contains("offline for");
    assertThat(runtime.inMount("timeout 10 sh -c '" + READ_ALL + "'")).isEqualTo(seen);
    assertThat(runtime.inMount("readlink seen/link")).isEqualTo("read\n");
    runtime.inMount(
        "sed -i s/before/after/ seen/sub/edited; echo more >> seen/read; mkdir new; echo n > new/n;"
            + " rm seen/deep/er/file; mv seen/large seen/moved");
    String changed = "ls -R . && cat seen/sub/edited seen/read new/n && cksum seen/moved";
    String edited = runtime.inMount(changed);
    assertThat(edited).contains("after\n", "was read\nmore\n", "n\n").doesNotContain("before");
    umountKeeping();

    runtime.mount("--offline", "--timeout=5");
    assertThat(runtime.inMount(changed)).isEqualTo(edited);
    relay.refuse(false);
    awaitConnection();
    runtime.cli.works("flush", runtime.mountpoint.toString());
    assertThat(runtime.cli.shell(runtime.root, changed).out()).isEqualTo(edited);
    assertThat(runtime.inMount(changed + "; cat seen/unread")).isEqualTo(edited + "was not read\n");
  }

  @Test
  @DisplayName(
      "Without a connection since it was mounted, what is not known is an input/output error at"
          + " once.")
  void offlineMount_failsAtOnce_forWhatIsUnknown() throws Exception {
    tree();
    Files.createDirectories(runtime.root.resolve("seen/sub/unseen"));
    runtime.mount("--no-prefetch");
    runtime.inMount("ls seen; ls seen/sub");
    umount();
    goAway();
    runtime.mount("--offline", "--no-prefetch");
    long began = System.nanoTime();
    Cli.Ended unread =
        runtime.cli.shell(runtime.mountpoint, "cat seen/unread; ls seen/sub/unseen; ls seen/deep");
    assertThat(unread.err().lines()).hasSize(3).allMatch(l -> l.contains("Input/output error"));
    assertThat(unread.out()).isEmpty();
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
    assertThat(runtime.inMount("ls seen; test ! -e seen/none")).contains("unread");
  }

  private void umountKeeping() throws Exception {
    runtime.cli.colabfs("umount", "--force", runtime.mountpoint.toString());
    Awaitility.await().until(() -> runtime.cli.daemons().isEmpty());
  }

  @Test
  void secondMount_readsFromTheDisk_andSeesWhatChanged() throws Exception {
    byte[] large = new byte[20 << 20];
    new Random(6).nextBytes(large);
    write("large", large);
    write("small", "one\n".getBytes(UTF_8));
    runtime.mount();
    String sum = runtime.inMount("cksum large small");
    umount();
    long before = relay.bytesDown();
    assertThat(before).isGreaterThan(20 << 20);

    runtime.mount();
    assertThat(runtime.inMount("cksum large small")).isEqualTo(sum);
    assertThat(relay.bytesDown() - before).isLessThan(100_000);
    umount();

    new Random(7).nextBytes(large);
    Files.write(runtime.root.resolve("large"), large);
    write("small", "two!\n".getBytes(UTF_8));
    runtime.mount();
    assertThat(runtime.inMount("cat small")).isEqualTo("two!\n");
    assertThat(runtime.inMount("cksum < large"))
        .isEqualTo(runtime.cli.shell(runtime.root, "cksum < large").out());
  }

  @Test
  @DisplayName(
      "A mount that was killed leaves what was read and written to the next, with a link or"
          + " without.")
  void killedMount_leavesWhatWasReadAndWritten() throws Exception {
    tree();
    runtime.mount("--timeout=5");
    String seen = runtime.inMount(READ_ALL);
    runtime.inMount("echo new > made && mkdir d && echo in > d/in && rm seen/unread");
    runtime.cli.works("flush", runtime.mountpoint.toString());
    Awaitility.await().until(() -> runtime.inMount("ls").contains("made"));
    goAway();
    runtime.inMount("echo unsent > unsent");
    runtime.kill();
    runtime.cli.colabfs("umount", runtime.mountpoint.toString());

    runtime.mount("--offline", "--timeout=5");
    assertThat(runtime.inMount("cat unsent made d/in; ls")).contains("unsent\nnew\nin\n");
    assertThat(runtime.inMount("cat seen/read seen/deep/er/file; cksum seen/large"))
        .isEqualTo(
            "was read\ndeep\n" + seen.substring(seen.lastIndexOf('\n', seen.length() - 2) + 1));
  }

  @Test
  void plainMount_withoutALink_namesTheOtherWay_whenSomethingIsKnown() throws Exception {
    tree();
    Cli.Ended unknown =
        runtime.cli.colabfs("mount", "--offline", "p", runtime.mountpoint.toString());
    assertThat(unknown.status()).isEqualTo(1);
    assertThat(unknown.err()).contains("never mounted").contains("colabfs mount p");
    goAway();
    assertThat(runtime.cli.colabfs("mount", "p", runtime.mountpoint.toString()).err())
        .doesNotContain("--offline");
    relay.refuse(false);
    runtime.mount();
    umount();
    goAway();
    assertThat(runtime.cli.colabfs("mount", "p", runtime.mountpoint.toString()).err())
        .contains("colabfs mount --offline p");
  }

  @Test
  void offlineWithSync_isAUsageError() throws Exception {
    Cli.Ended both =
        runtime.cli.colabfs("mount", "--offline", "--sync", "p", runtime.mountpoint.toString());
    assertThat(both.status()).isEqualTo(2);
    assertThat(both.err()).contains("--offline").contains("--sync");
  }
}
