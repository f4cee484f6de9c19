package colabfs.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A mount whose runtime was replaced by another one, with changes that were not sent. */
@Timeout(240)
final class NewRuntimeIT {
  private static final Duration PROMPTLY = Duration.ofSeconds(30);
  private static final String TIMEOUT = "--timeout=5";

  /** With a helper, files would be here that nobody has read. */
  private static final String ALONE = "--no-helper";

  private static final Instant OLD = Instant.parse("2026-01-02T03:04:05Z");

  /** Every name, with its type, mode, link text and content, as a program sees it. */
  private static final String SNAPSHOT =
      "find . -mindepth 1 -printf '%y %m %p %l\\n' | sort;"
          + " find . -type f ! -name unread.bin -exec md5sum {} + | sort -k2";

  @TempDir Path directory;
  private MountedRuntime runtime;
  private Relay relay;
  private OpenSshServer other;

  @BeforeEach
  void start() throws Exception {
    runtime = new MountedRuntime(directory);
    relay = Relay.start(runtime.server.port(), Duration.ZERO, 0);
    other = OpenSshServer.start(Files.createDirectories(directory.resolve("other")));
    fill(runtime.root);
    runtime.init(relay.port());
  }

  private static void fill(Path root) throws IOException {
    write(root.resolve("notes.txt"), "one\n");
    write(root.resolve("a.txt"), "a\n");
    write(root.resolve("saved.py"), "print(1)\n");
    write(root.resolve("gone.txt"), "gone\n");
    write(root.resolve("empty"), "");
    write(root.resolve("src/deep/er/b.py"), "b\n");
    write(root.resolve("src/run.sh"), "#!/bin/sh\n");
    write(root.resolve("pkg/c.py"), "c".repeat(300_000));
    write(root.resolve("unread.bin"), "never looked at\n");
    Files.setPosixFilePermissions(
        root.resolve("src/run.sh"), PosixFilePermissions.fromString("rwxr-x---"));
    Files.createSymbolicLink(root.resolve("src/link"), Path.of("deep/er/b.py"));
  }

  private static void write(Path file, String content) throws IOException {
    Path parent = file.getParent();
    assertThat(parent).isNotNull();
    Files.createDirectories(parent);
    Files.writeString(file, content);
    Files.setLastModifiedTime(file, FileTime.from(OLD));
  }

  @AfterEach
  void close() throws Exception {
    try {
      relay.close();
      runtime.close();
    } finally {
      other.close();
    }
  }

  @Test
  @DisplayName(
      "When another runtime answers, the mount shows what it knew and nothing is sent, until a person"
          + " decides.")
  void anotherRuntime_isHeld_andRestored_withWhatWasUnsent() throws Exception {
    mountAndReadAll();
    edit();
    String seen = runtime.inMount(SNAPSHOT);
    leadTo(other);
    awaitHeld();
    assertThat(status().path("new_runtime").path("what").asText()).contains("another host key");
    assertThat(runtime.inMount(SNAPSHOT)).isEqualTo(seen);
    assertThat(names(other.root())).isEmpty();
    assertThat(runtime.inMount("echo late > late.txt; cat late.txt")).isEqualTo("late\n");
    assertThat(runtime.cli.works("status").out()).contains("held", "colabfs restore --fresh");
    Cli.Ended exec = runtime.cli.shell(runtime.mountpoint, "colabfs exec ls");
    assertThat(exec.status()).isEqualTo(255);
    assertThat(exec.err()).contains("not run: another runtime answers", "--no-flush");
    Cli.Ended flush = runtime.cli.shell(runtime.mountpoint, "colabfs flush");
    assertThat(flush.status()).isNotZero();
    assertThat(flush.err()).contains("another runtime answers", "colabfs restore");
    assertThat(runtime.cli.works("exec", "--no-flush", "pwd").out().trim())
        .isEqualTo(other.root().toString());

    String plan = runtime.cli.works("restore", "--dry-run", "--exclude=empty").out();
    assertThat(plan)
        .contains("would send", "src/deep/er/b.py", "unread.bin, 16 bytes: its content is not here")
        .doesNotContain("late.txt", "empty");
    assertThat(names(other.root())).isEmpty();

    seen = runtime.inMount(SNAPSHOT);
    String done = runtime.cli.works("restore").out();
    assertThat(done).contains("sent 5 files", "unread.bin");
    runtime.cli.works("flush");
    assertThat(snapshotOf(other.root())).isEqualTo(withoutUnread(seen));
    assertThat(Files.getLastModifiedTime(other.root().resolve("src/deep/er/b.py")).toInstant())
        .isEqualTo(OLD);
    assertThat(status().path("state").asText()).isEqualTo("connected");
    assertThat(status().path("new_runtime").isNull()).isTrue();
    assertThat(status().path("conflicts")).isEmpty();
    assertThat(runtime.inMount(SNAPSHOT)).isEqualTo(withoutUnread(seen));
    assertThat(names(runtime.root)).contains("unread.bin", "gone.txt", "pkg");
  }

  @Test
  @DisplayName(
      "Nothing is dropped because the runtime's root is empty; a restore brings back what is known.")
  void emptiedRoot_ofTheSameRuntime_isHeld_andRestored() throws Exception {
    mountAndReadAll();
    edit();
    String seen = runtime.inMount(SNAPSHOT);
    assertThat(runtime.cli.shell(runtime.root, "rm -r -- * .[!.]*").err()).doesNotContain("denied");
    relay.refuse(false);
    awaitHeld();
    assertThat(status().path("new_runtime").path("what").asText()).contains("root is empty");
    assertThat(runtime.inMount(SNAPSHOT)).isEqualTo(seen);
    assertThat(names(runtime.root)).isEmpty();
    assertThat(runtime.cli.works("restore").out()).contains("sent 5 files");
    runtime.cli.works("flush");
    assertThat(snapshotOf(runtime.root)).isEqualTo(withoutUnread(seen));
    assertThat(status().path("conflicts")).isEmpty();
  }

  @Test
  @DisplayName(
      "A new runtime that is taken as it is shows what it has, and changes that were not sent go on.")
  void fresh_showsTheNewRuntime_andSendsWhatFits() throws Exception {
    Files.writeString(other.root().resolve("own"), "own\n");
    mountAndReadAll();
    edit();
    leadTo(other);
    awaitHeld();
    runtime.cli.works("restore", "--fresh");
    awaitState("connected");
    Awaitility.await()
        .atMost(PROMPTLY)
        .until(() -> Files.exists(other.root().resolve("fresh/dir/f")));
    Cli.Ended flush = runtime.cli.colabfs("flush");
    assertThat(flush.err()).contains("notes.txt");
    assertThat(runtime.inMount("cat own a.txt saved.py")).isEqualTo("own\nnew\nprint(2)\n");
    assertThat(text(other.root().resolve("a.txt"))).isEqualTo("new\n");
    assertThat(runtime.inMount("ls")).doesNotContain("src", "pkg2", "unread.bin");
    assertThat(runtime.cli.works("pending").out()).contains("refused", "notes.txt");
  }

  @Test
  void restoreThatIsCutOff_losesNothing_andGoesOn() throws Exception {
    write(runtime.root.resolve("pkg/large"), "l".repeat(4_000_000));
    runtime.mount(TIMEOUT, ALONE);
    runtime.inMount("cat $(find . -type f ! -name unread.bin) | wc -c; readlink src/link");
    edit();
    String seen = runtime.inMount(SNAPSHOT);
    try (Relay slow = Relay.start(other.port(), Duration.ZERO, 1_000_000)) {
      leadTo(other, slow.port());
      awaitHeld();
      long before = slow.bytesUp();
      Process restoring = runtime.cli.command("restore").start();
      Awaitility.await().atMost(PROMPTLY).until(() -> slow.bytesUp() > before + 1_000_000);
      slow.cut();
      assertThat(restoring.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(restoring.exitValue()).isEqualTo(1);
      assertThat(other.root().resolve("pkg/large")).doesNotExist();
      assertThat(runtime.inMount(SNAPSHOT)).isEqualTo(seen);
      awaitHeld();
      runtime.cli.works("restore");
      runtime.cli.works("flush");
    }
    assertThat(snapshotOf(other.root())).isEqualTo(withoutUnread(seen));
    assertThat(status().path("conflicts")).isEmpty();
  }

  @Test
  void onNewRuntimeFresh_asksNobody() throws Exception {
    Files.writeString(other.root().resolve("own"), "own\n");
    mountAndReadAll("--on-new-runtime=fresh");
    relay.refuse(true);
    relay.cut();
    leadTo(other);
    awaitState("connected");
    assertThat(runtime.inMount("ls")).isEqualTo("own\n");
  }

  @Test
  void onNewRuntimeRestore_bringsTheTreeByItself_butWhatIsExcluded() throws Exception {
    write(runtime.root.resolve(".colabfsignore"), "*.txt\n!notes.txt\n/src/deep/\n");
    runtime.mount(TIMEOUT, ALONE, "--on-new-runtime=restore");
    runtime.inMount("cat $(find . -type f ! -name unread.bin) | wc -c; readlink src/link");
    relay.refuse(true);
    relay.cut();
    awaitState("reconnecting");
    runtime.inMount("echo new > a.txt; echo two >> notes.txt");
    leadTo(other);
    awaitState("connected");
    runtime.cli.works("flush");
    assertThat(text(other.root().resolve("a.txt"))).isEqualTo("new\n");
    assertThat(text(other.root().resolve("notes.txt"))).isEqualTo("one\ntwo\n");
    assertThat(other.root().resolve("gone.txt")).doesNotExist();
    assertThat(other.root().resolve("src/deep")).doesNotExist();
    assertThat(names(other.root().resolve("src"))).containsExactly("link", "run.sh");
    assertThat(runtime.cli.log()).contains("not restored: /unread.bin");
  }

  @Test
  @DisplayName(
      "What a killed mount has not sent is not sent to another runtime by the next mount, until a"
          + " person decides.")
  void nextMount_holdsAnotherRuntime_whileSomethingIsPending() throws Exception {
    mountAndReadAll();
    edit();
    runtime.kill();
    runtime.cli.shell(directory, "umount -l " + runtime.mountpoint);
    Path moved = Files.createDirectories(directory.resolve("kept")).resolve("content");
    Files.move(runtime.root, moved);
    Files.createDirectories(runtime.root);
    Files.delete(directory.resolve("server/host_key"));
    runtime.server.stop();
    try (OpenSshServer anew = OpenSshServer.start(directory.resolve("server"))) {
      leadTo(anew);
      runtime.mount(TIMEOUT, ALONE);
      awaitHeld();
      assertThat(names(runtime.root)).isEmpty();
      assertThat(runtime.inMount("cat a.txt fresh/dir/f")).isEqualTo("new\nf\n");
      runtime.cli.works("restore");
      awaitState("connected");
      Awaitility.await()
          .atMost(PROMPTLY)
          .until(() -> Files.exists(runtime.root.resolve("fresh/dir/f")));
      assertThat(text(runtime.root.resolve("a.txt"))).isEqualTo("new\n");
      assertThat(runtime.cli.colabfs("umount", "--force").status()).isZero();
    }
  }

  private void mountAndReadAll(String... options) throws Exception {
    List<String> all = new ArrayList<>(List.of(TIMEOUT, ALONE));
    all.addAll(List.of(options));
    runtime.mount(all.toArray(String[]::new));
    assertThat(runtime.inMount("cat $(find . -type f ! -name unread.bin) | wc -c"))
        .isEqualTo("300032\n");
    assertThat(runtime.inMount("readlink src/link")).isEqualTo("deep/er/b.py\n");
  }

  /** With the link down, so that nothing of it is sent. */
  private void edit() throws Exception {
    relay.refuse(true);
    relay.cut();
    awaitState("reconnecting");
    assertThat(
            runtime.inMount(
                "set -e; echo two >> notes.txt; echo new > a.txt;"
                    + " echo 'print(2)' > .tmp; mv .tmp saved.py; rm gone.txt;"
                    + " mkdir -p fresh/dir; echo f > fresh/dir/f; mv pkg pkg2; echo d > pkg2/d;"
                    + " mv src/run.sh fresh/; ln -s a.txt alink; chmod 600 empty"))
        .isEmpty();
  }

  private void leadTo(OpenSshServer server) throws Exception {
    leadTo(server, server.port());
  }

  private void leadTo(OpenSshServer server, int port) throws Exception {
    Cli.Ended ended =
        runtime.cli.works(
            "init",
            "p",
            "--host=127.0.0.1",
            "--port=" + port,
            "--user=" + server.user(),
            "--key=" + server.privateKey(),
            "--root=" + server.root(),
            "--accept-new-host-key");
    assertThat(ended.status()).isZero();
  }

  private void awaitHeld() {
    awaitState("held");
  }

  private void awaitState(String state) {
    Awaitility.await().atMost(PROMPTLY).until(() -> status().path("state").asText().equals(state));
  }

  private JsonNode status() throws Exception {
    return JsonMapper.builder()
        .build()
        .readTree(runtime.cli.works("status", "--json").out())
        .path("mounts")
        .path(0);
  }

  private String snapshotOf(Path root) throws Exception {
    Cli.Ended ended = runtime.cli.shell(root, SNAPSHOT);
    assertThat(ended.status()).isZero();
    return ended.out();
  }

  private static String withoutUnread(String snapshot) {
    return snapshot
        .lines()
        .filter(line -> !line.contains("unread.bin"))
        .reduce("", (text, line) -> text + line + "\n");
  }

  private static List<String> names(Path root) throws IOException {
    try (Stream<Path> names = Files.list(root)) {
      return names.map(path -> String.valueOf(path.getFileName())).sorted().toList();
    }
  }

  static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}
