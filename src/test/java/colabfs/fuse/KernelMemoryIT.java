package colabfs.fuse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import colabfs.it.posix.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the kernel remembers while it is told of changes. The served directory is the runtime: what
 * is changed there is somebody else's doing.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class KernelMemoryIT {
  private static final int FILES = 10_000;

  @TempDir Path base = Path.of("/nonexistent");

  private Path served = base;
  private Path mounted = base;

  @BeforeEach
  void directories() throws IOException {
    served = Files.createDirectory(base.resolve("served"));
    mounted = Files.createDirectory(base.resolve("mounted"));
  }

  @AfterEach
  void nothingStaysMounted() throws MountException {
    if (MountTable.at(mounted) != null) {
      Unmount.of(mounted, FuseMount.localUser(), true);
    }
  }

  private MountProcess mount() throws IOException {
    return MountProcess.remembering(served, mounted);
  }

  private static void tell(MountProcess child, String what) throws IOException {
    child.send(what);
    assertThat(child.answer()).isEqualTo("OK");
  }

  private static long count(MountProcess child, String of) throws IOException {
    child.send(of);
    return Long.parseLong(child.answer());
  }

  private static long calls(MountProcess child) throws IOException {
    return count(child, "calls");
  }

  private static BasicFileAttributes stat(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private static long statAll(Path directory) throws IOException {
    long start = System.nanoTime();
    for (int i = 0; i < FILES; i++) {
      stat(directory.resolve("file" + i));
    }
    return System.nanoTime() - start;
  }

  @Test
  @DisplayName("While changes are told, looking at what was seen asks nobody.")
  void trusted_tenThousandKnownFiles_areAnsweredByTheKernel() throws Exception {
    for (int i = 0; i < FILES; i++) {
      Files.createFile(served.resolve("file" + i));
    }
    try (MountProcess child = mount()) {
      statAll(mounted);
      long before = calls(child);
      long best = Long.MAX_VALUE;
      long bestPlain = Long.MAX_VALUE;
      for (int round = 0; round < 5; round++) {
        best = Math.min(best, statAll(mounted));
        bestPlain = Math.min(bestPlain, statAll(served));
      }
      System.out.printf("10,000 stats: %d us, plain %d us%n", best / 1000, bestPlain / 1000);
      assertThat(calls(child)).isEqualTo(before);
      assertThat(best).isLessThan(3 * bestPlain); // 2 when nothing else runs
    }
  }

  @Test
  @DisplayName(
      "A listing tells all of what is in a directory: looking at it afterwards asks nobody.")
  void trusted_listing_tellsOfAllThatIsInIt() throws Exception {
    Set<String> names = new TreeSet<>();
    for (int i = 0; i < 2000; i++) {
      names.add("file" + i);
    }
    names.add("n".repeat(255));
    names.add("ü".repeat(100));
    for (String name : names) {
      Files.writeString(served.resolve(name), name);
    }
    Files.createDirectory(served.resolve("dir"));
    Files.createSymbolicLink(served.resolve("link"), Path.of("dir"));
    try (MountProcess child = mount()) {
      String listed = Command.sh(mounted, "ls -a").text();
      assertThat(listed.lines().toList())
          .containsAll(names)
          .contains(".", "..", "dir", "link")
          .hasSize(names.size() + 4);
      long before = calls(child);
      for (String name : names) {
        assertThat(stat(mounted.resolve(name)).size()).isEqualTo(name.getBytes(UTF_8).length);
      }
      assertThat(stat(mounted.resolve("dir")).isDirectory()).isTrue();
      // After looks that were slow, on a machine that is busy, the rest of their answer has none.
      assertThat(calls(child) - before).isLessThan(names.size() / 4);
      assertThat(stat(mounted.resolve("link")).isSymbolicLink()).isTrue();
    }
  }

  @Test
  @DisplayName("A name that was missing is there as soon as that is told.")
  void trusted_missingNames_areAnsweredByTheKernel_untilToldOtherwise() throws Exception {
    try (MountProcess child = mount()) {
      assertThat(mounted.resolve("new")).doesNotExist();
      long before = calls(child);
      for (int i = 0; i < 100; i++) {
        assertThat(mounted.resolve("new")).doesNotExist();
      }
      assertThat(calls(child)).isEqualTo(before);
      Files.writeString(served.resolve("new"), "made there");
      assertThat(mounted.resolve("new")).doesNotExist();
      tell(child, "name /new");
      await().atMost(Duration.ofSeconds(2)).until(() -> Files.exists(mounted.resolve("new")));
      assertThat(mounted.resolve("new")).hasContent("made there");
    }
  }

  @Test
  @DisplayName("A change that is told is seen at once, though the kernel remembers for an hour.")
  void trusted_changesThatAreTold_areSeen() throws Exception {
    Files.createDirectory(served.resolve("dir"));
    Path there = Files.writeString(served.resolve("dir/file"), "one");
    try (MountProcess child = mount()) {
      Path here = mounted.resolve("dir/file");
      assertThat(here).hasContent("one");
      Files.writeString(there, "two, and longer");
      assertThat(stat(here).size()).isEqualTo(3);
      tell(child, "content /dir/file");
      await().atMost(Duration.ofSeconds(2)).until(() -> stat(here).size() == 15);
      assertThat(here).hasContent("two, and longer");
      Files.delete(there);
      Files.createFile(served.resolve("dir/other"));
      assertThat(stat(here).size()).isEqualTo(15);
      tell(child, "name /dir/file");
      await().atMost(Duration.ofSeconds(2)).until(() -> Files.notExists(here));
      assertThat(Command.sh(mounted, "ls dir").text()).isEqualTo("other\n");
    }
  }

  @Test
  @DisplayName(
      "Own changes are seen at once, also where the kernel remembers that a name was missing.")
  void trusted_ownChanges_areSeenAtOnce() throws Exception {
    try (MountProcess child = mount()) {
      Command done =
          Command.sh(
              mounted,
              """
              set -e
              for i in 1 2 3 4 5 6 7 8 9 10; do
                ! test -e a; ! test -e b; ! test -e d; ! test -e l
                echo one > a; test "$(cat a)" = one
                mv a b; ! test -e a; test "$(cat b)" = one
                echo two > a; mv a b; ! test -e a; test "$(cat b)" = two
                ln b l; test "$(stat -c %h b)" = 2; test "$(stat -c %h l)" = 2
                echo three > l; test "$(cat b)" = three; test "$(stat -c %s b)" = 6
                rm l; ! test -e l; test "$(stat -c %h b)" = 1
                mkdir d; ! test -e d/x; echo x > d/x; mv d e; ! test -e d; test -e e/x
                ln -s b s; test "$(cat s)" = three; rm s
                chmod 600 b; test "$(stat -c %a b)" = 600
                truncate -s 1 b; test "$(stat -c %s b)" = 1; test "$(cat b)" = t
                rm -r e b; ! test -e e
              done
              """);
      assertThat(done.text()).isEmpty();
      assertThat(done.status()).isZero();
      assertThat(calls(child)).isPositive();
    }
  }

  @Test
  @DisplayName("When changes are not told any more, the kernel lets go of all that it remembers.")
  void untrusted_everythingIsAskedForAgain() throws Exception {
    Files.createDirectories(served.resolve("one/two"));
    Path there = Files.writeString(served.resolve("one/two/file"), "x");
    try (MountProcess child = mount()) {
      Path here = mounted.resolve("one/two/file");
      assertThat(stat(here).size()).isEqualTo(1);
      assertThat(mounted.resolve("one/missing")).doesNotExist();
      Files.writeString(there, "longer");
      Files.createFile(served.resolve("one/missing"));
      assertThat(stat(here).size()).isEqualTo(1);
      tell(child, "untrust");
      await().atMost(Duration.ofSeconds(2)).until(() -> stat(here).size() == 6);
      assertThat(mounted.resolve("one/missing")).exists();
      Files.writeString(there, "longest");
      await().atMost(Duration.ofSeconds(2)).until(() -> stat(here).size() == 7); // of itself
    }
  }

  @Test
  @DisplayName("What nobody watches is remembered by the kernel for a tenth of a second.")
  void unwatched_isRememberedForAMomentOnly() throws Exception {
    Path directory = Files.createDirectory(served.resolve("unwatched"));
    Path there = Files.writeString(directory.resolve("file"), "x");
    try (MountProcess child = mount()) {
      Path here = mounted.resolve("unwatched/file");
      assertThat(stat(here).size()).isEqualTo(1);
      Files.writeString(there, "longer");
      await().atMost(Duration.ofSeconds(2)).until(() -> stat(here).size() == 6);
      Files.writeString(served.resolve("watched"), "x");
      Files.writeString(mounted.resolve("mine"), "x");
      Files.move(mounted.resolve("mine"), mounted.resolve("unwatched/mine"));
      Files.writeString(directory.resolve("mine"), "longer");
      await()
          .atMost(Duration.ofSeconds(2))
          .until(() -> stat(mounted.resolve("unwatched/mine")).size() == 6);
      assertThat(calls(child)).isPositive();
    }
  }

  @Test
  void forgot_everythingIsAskedForAgain_whenItReturns() throws Exception {
    Path there = Files.writeString(served.resolve("file"), "x");
    try (MountProcess child = mount()) {
      assertThat(stat(mounted.resolve("file")).size()).isEqualTo(1);
      assertThat(mounted.resolve("missing")).doesNotExist();
      Files.writeString(there, "longer");
      Files.createFile(served.resolve("missing"));
      tell(child, "forgot");
      assertThat(stat(mounted.resolve("file")).size()).isEqualTo(6);
      assertThat(mounted.resolve("missing")).exists();
    }
  }

  @Test
  void forgot_waitsOnlyForWhatTheKernelWasToldJustNow() throws Exception {
    for (int i = 0; i < 5; i++) {
      Files.createFile(served.resolve("file" + i));
    }
    try (MountProcess child = mount()) {
      tell(child, "untrust");
      long soon = Long.MAX_VALUE;
      for (int i = 0; i < 5; i++) {
        stat(mounted.resolve("file" + i));
        soon = Math.min(soon, forgetting(child));
      }
      long later = Long.MAX_VALUE;
      for (int i = 0; i < 5; i++) {
        later = Math.min(later, forgetting(child));
      }
      assertThat(soon).isGreaterThan(later + 50_000_000L); // told for 100 ms
      assertThat(later).isLessThan(50_000_000L);
    }
  }

  private static long forgetting(MountProcess child) throws IOException {
    long start = System.nanoTime();
    tell(child, "forgot");
    return System.nanoTime() - start;
  }

  @Test
  @DisplayName("A shell that stands in a directory keeps its place when that changes.")
  void trusted_shellThatStandsInADirectory_keepsItsPlace() throws Exception {
    Files.createDirectories(served.resolve("one/two"));
    try (MountProcess child = mount()) {
      Process shell =
          new ProcessBuilder("sh", "-c", "read line; /bin/pwd; ls")
              .directory(mounted.resolve("one/two").toFile())
              .redirectErrorStream(true)
              .start();
      Files.createFile(served.resolve("one/two/made"));
      for (String news : new String[] {"name /one", "name /one/two", "tree /", "untrust"}) {
        tell(child, news);
      }
      tell(child, "forgot");
      shell.getOutputStream().write('\n');
      shell.getOutputStream().close();
      assertThat(new String(shell.getInputStream().readAllBytes(), UTF_8))
          .isEqualTo(mounted.resolve("one/two").toRealPath() + "\nmade\n");
      assertThat(shell.waitFor()).isZero();
    }
  }

  @Test
  @DisplayName("What the kernel has read of a file is read again only when the content is another.")
  void trusted_pagesOfTheSameContent_areReadOnce() throws Exception {
    Path there = Files.writeString(served.resolve("file"), "one");
    try (MountProcess child = mount()) {
      Path here = mounted.resolve("file");
      assertThat(here).hasContent("one");
      long before = count(child, "reads");
      assertThat(before).isPositive();
      assertThat(here).hasContent("one");
      assertThat(count(child, "reads")).isEqualTo(before);
      Files.writeString(there, "two");
      tell(child, "content /file");
      await().atMost(Duration.ofSeconds(2)).until(() -> Files.readString(here).equals("two"));
    }
  }

  @Test
  void news_whileACallWaits_neitherHangNorLeaveWhatWasBefore() throws Exception {
    Files.createDirectory(served.resolve("dir"));
    Path there = Files.writeString(served.resolve("dir/file.held"), "x");
    try (MountProcess child = mount()) {
      Process looker =
          new ProcessBuilder("stat", "-c", "%s", mounted.resolve("dir/file.held").toString())
              .redirectErrorStream(true)
              .start();
      await().until(() -> count(child, "held") > 0);
      Files.writeString(there, "longer");
      tell(child, "content /dir/file.held");
      tell(child, "name /dir/file.held");
      tell(child, "tree /dir");
      assertThat(mounted.resolve("other")).doesNotExist();
      Files.createFile(served.resolve("other"));
      tell(child, "name /other"); // not behind the directory in which a call waits
      await().atMost(Duration.ofSeconds(2)).until(() -> Files.exists(mounted.resolve("other")));
      tell(child, "release");
      assertThat(new String(looker.getInputStream().readAllBytes(), UTF_8)).isEqualTo("6\n");
      await()
          .atMost(Duration.ofSeconds(2))
          .until(() -> stat(mounted.resolve("dir/file.held")).size() == 6);
      assertThat(looker.waitFor()).isZero();
    }
  }

  @Test
  void newsAndCalls_racing_endWithTheTruth_andUnmountCleanly() throws Exception {
    for (int i = 0; i < 100; i++) {
      Files.writeString(served.resolve("file" + i), "x");
    }
    try (MountProcess child = mount()) {
      Process load =
          new ProcessBuilder(
                  "sh",
                  "-c",
                  "for i in 1 2 3 4 5 6 7 8 9 10; do ls -l >/dev/null; cat file* >/dev/null;"
                      + " echo y > mine; mv mine file7; rm -f file8; mkdir -p d; rmdir d; done")
              .directory(mounted.toFile())
              .inheritIO()
              .start();
      for (int round = 0; round < 3; round++) {
        tell(child, "storm file");
        tell(child, "untrust");
        tell(child, "trust");
      }
      assertThat(load.waitFor(60, TimeUnit.SECONDS)).isTrue();
      for (int i = 20; i < 100; i++) {
        Files.writeString(served.resolve("file" + i), "changed there");
      }
      tell(child, "storm file");
      await()
          .atMost(Duration.ofSeconds(5))
          .untilAsserted(
              () -> {
                for (int i = 20; i < 100; i++) {
                  assertThat(stat(mounted.resolve("file" + i)).size()).isEqualTo(13);
                }
              });
      child.send("storm file");
      child.send("unmount");
      assertThat(child.answer()).isEqualTo("OK");
      assertThat(child.answer()).isIn("UNMOUNTED", "ENDED");
    }
    assertThat(MountTable.at(mounted)).isNull();
  }
}
