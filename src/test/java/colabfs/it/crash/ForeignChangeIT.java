package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody changes on the runtime what was changed here and has not arrived: both survive, and
 * {@code status} says so until a person has seen it.
 *
 * <p>In each test the link is cut, a change is made on either side, and the link comes back.
 */
@Timeout(180)
final class ForeignChangeIT {
  private static final Pattern COPY =
      Pattern.compile("\\.conflict-[A-Za-z0-9._-]+-\\d{8}T\\d{6}Z(-\\d+)?$");

  @TempDir Path directory;
  private FaultyRuntime runtime;
  private Path there;

  @BeforeEach
  void start() throws Exception {
    runtime = new FaultyRuntime(directory, Duration.ZERO, 0);
    there = runtime.root;
    Files.writeString(there.resolve("f"), "as it was");
    Files.createDirectories(there.resolve("full/below"));
    Files.writeString(there.resolve("full/below/known"), "known");
    runtime.mount("--timeout", "5");
    runtime.mounted.inMount("ls -lR && cat f full/below/known");
    runtime.cut();
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @Test
  void bothWrote_theirsStays_oursIsBeside_untilDismissed() throws Exception {
    here("echo mine > f");
    Files.writeString(there.resolve("f"), "theirs, and longer");
    reconnect();
    assertThat(there.resolve("f")).hasContent("theirs, and longer");
    assertThat(copyOf("f")).hasContent("mine\n");
    assertThat(runtime.mounted.inMount("cat f f.conflict-*")).isEqualTo("theirs, and longermine\n");
    assertConflict("/f");
    assertThat(runtime.cli.works("status").out()).contains("conflict");

    runtime.cli.works("pending", "dismiss", runtime.mountpoint.resolve("f").toString());
    assertThat(runtime.status().path("pending").path("conflicts").asInt(-1)).isZero();
    assertThat(copyOf("f")).hasContent("mine\n");
  }

  @Test
  void bothMade_theirsStays_oursIsBeside() throws Exception {
    here("echo mine > new");
    Files.writeString(there.resolve("new"), "theirs");
    reconnect();
    assertThat(there.resolve("new")).hasContent("theirs");
    assertThat(copyOf("new")).hasContent("mine\n");
    assertConflict("/new");
  }

  @Test
  void editorsSave_meetsAChange_bothSurvive() throws Exception {
    here("echo mine > .f.tmp && sync .f.tmp && mv .f.tmp f");
    Files.writeString(there.resolve("f"), "theirs, and longer");
    reconnect();
    assertThat(there.resolve("f")).hasContent("theirs, and longer");
    assertThat(copyOf("f")).hasContent("mine\n");
    assertConflict("/f");
  }

  @Test
  void removedHere_changedThere_stays() throws Exception {
    here("rm f");
    Files.writeString(there.resolve("f"), "theirs, and longer");
    reconnect();
    assertThat(there.resolve("f")).hasContent("theirs, and longer");
    assertThat(runtime.mounted.inMount("cat f")).isEqualTo("theirs, and longer");
    assertConflict("/f");
  }

  @Test
  void changedHere_removedThere_survives() throws Exception {
    here("echo mine > f");
    Files.delete(there.resolve("f"));
    reconnect();
    assertSurvives("f", "mine\n");
    assertConflict("/f");
  }

  @Test
  void renamedHere_changedThere_theirsSurvives() throws Exception {
    here("mv f g");
    Files.writeString(there.resolve("f"), "theirs, and longer");
    reconnect();
    List<String> contents = contents();
    assertThat(contents).contains("theirs, and longer");
    assertThat(runtime.mounted.inMount("ls")).contains("g\n");
  }

  @Test
  void changedHere_renamedThere_bothSurvive() throws Exception {
    here("echo mine > f");
    Files.move(there.resolve("f"), there.resolve("g"));
    reconnect();
    assertThat(there.resolve("g")).hasContent("as it was");
    assertSurvives("f", "mine\n");
    assertConflict("/f");
  }

  @Test
  void renamedHereOntoAName_madeThere_bothSurvive() throws Exception {
    here("mv f g");
    Files.writeString(there.resolve("g"), "theirs");
    reconnect();
    assertThat(there.resolve("g")).hasContent("theirs");
    assertThat(copyOf("g")).hasContent("as it was");
    assertConflict("/g");
  }

  @Test
  void sameDirectoryMade_isOne() throws Exception {
    here("mkdir d && echo mine > d/mine");
    Files.createDirectory(there.resolve("d"));
    Files.writeString(there.resolve("d/theirs"), "theirs");
    reconnect();
    assertThat(there.resolve("d/mine")).hasContent("mine\n");
    assertThat(there.resolve("d/theirs")).hasContent("theirs");
    assertThat(runtime.mounted.inMount("ls d")).isEqualTo("mine\ntheirs\n");
    assertThat(runtime.pending().path("pending")).isEmpty();
  }

  @Test
  void removedDirectory_withNewFilesThere_keepsThem() throws Exception {
    here("rm -rf full");
    Files.writeString(there.resolve("full/below/theirs"), "theirs");
    reconnect();
    assertThat(there.resolve("full/below/theirs")).hasContent("theirs");
    assertThat(there.resolve("full/below/known")).doesNotExist();
    assertThat(runtime.mounted.inMount("cat full/below/theirs")).isEqualTo("theirs");
    assertThat(runtime.status().path("pending").path("conflicts").asInt()).isPositive();
    assertThat(runtime.pending().path("pending")).isEmpty();
  }

  @Test
  void nobodyElseChanged_noConflict() throws Exception {
    here("echo mine > f && rm -rf full && mkdir full && echo again > full/f");
    Files.writeString(there.resolve("other"), "theirs");
    reconnect();
    assertThat(there.resolve("f")).hasContent("mine\n");
    assertThat(there.resolve("full/f")).hasContent("again\n");
    assertThat(runtime.status().path("pending").path("conflicts").asInt(-1)).isZero();
  }

  private void here(String line) throws Exception {
    runtime.mounted.inMount(line);
  }

  /** Everything of ours arrives, beside theirs where it must; the mount shows it all. */
  private void reconnect() throws Exception {
    runtime.restore();
    runtime.flush();
    runtime.mounted.inMount("colabfs exec true"); // from now on somebody else's changes are seen
    runtime.assertRuntimeEqualsMount();
  }

  private Path copyOf(String name) throws IOException {
    try (var names = Files.list(there)) {
      List<Path> copies =
          names
              .filter(file -> file.getFileName().toString().startsWith(name + ".conflict-"))
              .toList();
      assertThat(copies).hasSize(1);
      assertThat(copies.get(0).toString()).containsPattern(COPY);
      return copies.get(0);
    }
  }

  /** Under its name, or beside it. */
  private void assertSurvives(String name, String content) throws IOException {
    Path itself = there.resolve(name);
    assertThat(Files.exists(itself) ? itself : copyOf(name)).hasContent(content);
  }

  private List<String> contents() throws IOException {
    Tree tree = Tree.of(there);
    return tree.files().stream()
        .map(tree::get)
        .map(node -> node instanceof Tree.Regular file ? file.content() : "")
        .toList();
  }

  private void assertConflict(String path) throws IOException, InterruptedException {
    assertThat(runtime.status().path("pending").path("conflicts").asInt()).isPositive();
    JsonNode conflicts = runtime.pending().path("conflicts");
    assertThat(conflicts).extracting(conflict -> conflict.path("path").asText()).contains(path);
    assertThat(runtime.pending().path("pending")).isEmpty();
  }
}
