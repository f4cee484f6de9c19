package colabfs.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.it.Cli;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody changes on the runtime what was changed here and has not arrived: both survive, and
 * {@code status} says so until a person has seen it.
 *
 * <p>Each case has a directory of its own. In all of them a change is made on either side while the
 * link is cut; then the link comes back, once for all.
 */
@Timeout(180)
final class ForeignChangeIT {
  private static final Pattern COPY =
      Pattern.compile("\\.conflict-[A-Za-z0-9._-]+-\\d{8}T\\d{6}Z(-\\d+)?$");
  private static final String BEFORE = "as it was";
  private static final String MINE = "mine\n";
  private static final String THEIRS = "theirs, and longer";

  private static final List<Case> CASES =
      List.of(
          new Case(
              "bothWrote_theirsStays_oursIsBeside_untilDismissed",
              "echo mine > f",
              there -> Files.writeString(there.resolve("f"), THEIRS),
              after -> {
                after.theirsStaysWithOursBeside("f", MINE);
                assertThat(after.inMount("cat f f.conflict-*")).isEqualTo(THEIRS + MINE);
                assertThat(after.runtime.cli.works("status").out()).contains("conflict");
                after.runtime.cli.works(
                    "pending", "dismiss", after.runtime.mountpoint.resolve(after.name).toString());
                assertThat(after.conflicts()).isEmpty();
                assertThat(after.copyOf("f")).hasContent(MINE);
              }),
          new Case(
              "bothMade_theirsStays_oursIsBeside",
              "echo mine > new",
              there -> Files.writeString(there.resolve("new"), THEIRS),
              after -> after.theirsStaysWithOursBeside("new", MINE)),
          new Case(
              "editorsSave_meetsAChange_bothSurvive",
              "echo mine > .f.tmp && sync .f.tmp && mv .f.tmp f",
              there -> Files.writeString(there.resolve("f"), THEIRS),
              after -> after.theirsStaysWithOursBeside("f", MINE)),
          new Case(
              "appendedHere_changedThere_bothSurvive",
              "echo more >> f",
              there -> Files.writeString(there.resolve("f"), THEIRS),
              after -> {
                assertThat(after.there("f")).hasContent(THEIRS);
                assertThat(after.copyOf("f")).content().endsWith("more\n");
                assertThat(after.conflicts()).contains("f");
              }),
          new Case(
              "removedHere_changedThere_stays",
              "rm f",
              there -> Files.writeString(there.resolve("f"), THEIRS),
              after -> {
                assertThat(after.there("f")).hasContent(THEIRS);
                assertThat(after.inMount("cat f")).isEqualTo(THEIRS);
                assertThat(after.conflicts()).contains("f");
              }),
          new Case(
              "changedHere_removedThere_survives",
              "echo mine > f",
              there -> Files.delete(there.resolve("f")),
              after -> {
                assertThat(after.itselfOrCopy("f")).hasContent(MINE);
                assertThat(after.conflicts()).contains("f");
              }),
          new Case(
              "renamedHere_changedThere_theirsSurvives",
              "mv f g",
              there -> Files.writeString(there.resolve("f"), THEIRS),
              after -> {
                assertThat(after.contents()).contains(THEIRS);
                assertThat(after.inMount("ls")).contains("g\n");
              }),
          new Case(
              "changedHere_renamedThere_bothSurvive",
              "echo mine > f",
              there -> Files.move(there.resolve("f"), there.resolve("g")),
              after -> {
                assertThat(after.there("g")).hasContent(BEFORE);
                assertThat(after.itselfOrCopy("f")).hasContent(MINE);
                assertThat(after.conflicts()).contains("f");
              }),
          new Case(
              "renamedHereOntoAName_madeThere_bothSurvive",
              "mv f g",
              there -> Files.writeString(there.resolve("g"), THEIRS),
              after -> after.theirsStaysWithOursBeside("g", BEFORE)),
          new Case(
              "sameDirectoryMade_isOne",
              "mkdir d && echo mine > d/mine",
              there -> {
                Files.createDirectory(there.resolve("d"));
                Files.writeString(there.resolve("d/theirs"), THEIRS);
              },
              after -> {
                assertThat(after.there("d/mine")).hasContent(MINE);
                assertThat(after.there("d/theirs")).hasContent(THEIRS);
                assertThat(after.inMount("ls d")).isEqualTo("mine\ntheirs\n");
                assertThat(after.conflicts()).isEmpty();
              }),
          new Case(
              "removedDirectory_withNewFilesThere_keepsThem",
              "rm -rf full",
              there -> Files.writeString(there.resolve("full/below/theirs"), THEIRS),
              after -> {
                assertThat(after.there("full/below/theirs")).hasContent(THEIRS);
                assertThat(after.there("full/below/known")).doesNotExist();
                assertThat(after.inMount("cat full/below/theirs")).isEqualTo(THEIRS);
                assertThat(after.conflicts()).isNotEmpty();
              }),
          new Case(
              "nobodyElseChanged_noConflict",
              "echo mine > f && rm -rf full && mkdir full && echo again > full/f",
              there -> Files.writeString(there.resolve("other"), THEIRS),
              after -> {
                assertThat(after.there("f")).hasContent(MINE);
                assertThat(after.there("full/f")).hasContent("again\n");
                assertThat(after.there("other")).hasContent(THEIRS);
                assertThat(after.conflicts()).isEmpty();
              }));

  @TempDir Path directory;
  private FaultyRuntime runtime;

  /** What both sides do in a directory that has a file and a small tree, and what comes of it. */
  private record Case(String name, String here, Change there, Outcome outcome) {}

  private interface Change {
    void make(Path there) throws IOException;
  }

  private interface Outcome {
    void check(After after) throws Exception;
  }

  @BeforeEach
  void start() throws Exception {
    runtime = new FaultyRuntime(directory, Duration.ZERO, 0);
  }

  @AfterEach
  void close() throws Exception {
    runtime.close();
  }

  @TestFactory
  Stream<DynamicTest> changesOnBothSides_bothSurvive() throws Exception {
    for (Case each : CASES) {
      Path there = Files.createDirectory(runtime.root.resolve(each.name()));
      Files.writeString(there.resolve("f"), BEFORE);
      Files.createDirectories(there.resolve("full/below"));
      Files.writeString(there.resolve("full/below/known"), "known");
    }
    runtime.mount("--timeout", "5");
    runtime.mounted.inMount("ls -lR && cat */f */full/below/known");
    runtime.cut();
    for (Case each : CASES) {
      runtime.mounted.inMount("cd " + each.name() + " && " + each.here());
      each.there().make(runtime.root.resolve(each.name()));
    }
    runtime.restore();
    runtime.flush();
    runtime.mounted.inMount("colabfs exec true"); // from now on somebody else's changes are seen
    runtime.assertRuntimeEqualsMount();
    assertThat(runtime.pending().path("pending")).isEmpty();
    assertThat(runtime.status().path("pending").path("conflicts").asInt()).isPositive();
    return CASES.stream()
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.name(), () -> each.outcome().check(new After(runtime, each.name()))));
  }

  /** One case's directory, when all has arrived. */
  private record After(FaultyRuntime runtime, String name) {

    Path there(String path) {
      return runtime.root.resolve(name).resolve(path);
    }

    String inMount(String line) throws IOException, InterruptedException {
      Cli.Ended ended = runtime.cli.shell(runtime.mountpoint.resolve(name), line);
      assertThat(ended.status()).as(() -> ended + "\n" + runtime.log()).isZero();
      return ended.out();
    }

    void theirsStaysWithOursBeside(String path, String ours) throws Exception {
      assertThat(there(path)).hasContent(THEIRS);
      assertThat(copyOf(path)).hasContent(ours);
      assertThat(conflicts()).contains(path);
    }

    Path copyOf(String file) throws IOException {
      try (var names = Files.list(there(""))) {
        List<Path> copies =
            names
                .filter(each -> each.getFileName().toString().startsWith(file + ".conflict-"))
                .toList();
        assertThat(copies).hasSize(1);
        assertThat(copies.get(0).toString()).containsPattern(COPY);
        return copies.get(0);
      }
    }

    /** Under its name, or beside it. */
    Path itselfOrCopy(String file) throws IOException {
      return Files.exists(there(file)) ? there(file) : copyOf(file);
    }

    List<String> contents() throws IOException {
      Tree tree = Tree.of(there(""));
      return tree.files().stream()
          .map(tree::get)
          .map(node -> node instanceof Tree.Regular file ? file.content() : "")
          .toList();
    }

    /** Which paths of the case {@code status} names. */
    List<String> conflicts() throws IOException, InterruptedException {
      List<String> found = new ArrayList<>();
      for (JsonNode conflict : runtime.pending().path("conflicts")) {
        String path = conflict.path("path").asText();
        if (path.startsWith("/" + name + "/")) {
          found.add(path.substring(name.length() + 2));
        }
      }
      return found;
    }
  }
}
