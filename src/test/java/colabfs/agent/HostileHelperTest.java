package colabfs.agent;

import static colabfs.agent.Soon.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.TreeChange;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A helper that lies: whatever it says, it is given up, and nothing else happens. */
@Timeout(60)
final class HostileHelperTest {
  private static final SnapshotBounds BOUNDS = new SnapshotBounds(10, 2, Duration.ofSeconds(5));
  private static final RemotePath DIRECTORY = RemotePath.of("/d");

  private static final AgentSettings ONCE =
      new AgentSettings(
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          1,
          Duration.ofMinutes(1),
          Duration.ofMillis(50));

  private final Seen seen = new Seen();
  private ScriptedHelper helper = new ScriptedHelper();
  private AgentTree tree = new AgentTree(helper, new TestLink(false), () -> "/");

  @BeforeEach
  void greet() {
    begin(new ScriptedHelper());
    helper.greet();
    await().until(tree::isUp);
  }

  private void begin(ScriptedHelper scripted) {
    tree.close();
    helper = scripted;
    tree = new AgentTree(helper, new TestLink(true), () -> "/", ONCE, System::nanoTime);
    tree.listen(seen);
  }

  @AfterEach
  void end() {
    tree.close();
  }

  @Test
  void aListingOfSomethingElse_isNotBelieved() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.sayChunk(1, ScriptedHelper.listing("/e", 0));
    assertGivenUp(asked, "nobody asked for");
  }

  @Test
  void aListingThatIsTooDeep_isNotBelieved() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.sayChunk(1, ScriptedHelper.listing("/d/e/f", 0));
    assertGivenUp(asked, "nobody asked for");
  }

  @Test
  void moreNamesThanAskedFor_areNotTaken() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.sayChunk(1, ScriptedHelper.listing("/d", Integer.MAX_VALUE));
    assertGivenUp(asked, "at most 10");
  }

  @Test
  void moreListingsThanCanBe_areNotTaken() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    for (int i = 0; i < 12; i++) {
      helper.sayChunk(1, ScriptedHelper.listing("/d", 0));
    }
    assertGivenUp(asked, "no listing where one belongs");
  }

  @Test
  void aNameThatLeadsElsewhere_isNotBelieved() {
    for (String name : List.of("..", ".", "", "a/b", "a\0b", "x".repeat(256))) {
      begin(new ScriptedHelper());
      helper.greet();
      await().until(tree::isUp);
      CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
      helper.sayChunk(1, ScriptedHelper.listing("/d", 1));
      helper.sayChunk(1, ScriptedHelper.entry(name.getBytes(UTF_8), 1));
      assertGivenUp(asked, name.length() > 255 ? "256 bytes" : "not a file name");
    }
  }

  @Test
  void aNameThatIsNoText_isLeftOut() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.sayChunk(1, ScriptedHelper.listing("/d", 2));
    helper.sayChunk(1, ScriptedHelper.entry(new byte[] {(byte) 0xff}, 1));
    helper.sayChunk(1, ScriptedHelper.entry("ü".getBytes(UTF_8), 1));
    helper.say(Protocol.DONE, 1, new byte[] {1, 0, 0, 0, 1});
    assertThat(asked).succeedsWithin(Duration.ofSeconds(9)).isEqualTo(true);
    assertThat(seen.listings.get(DIRECTORY)).hasSize(1);
  }

  @Test
  void aSnapshotThatIsCutOff_isNotWhole() {
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.sayChunk(1, ScriptedHelper.listing("/d", 2));
    helper.say(Protocol.DONE, 1, new byte[] {1, 0, 0, 0, 1});
    assertGivenUp(asked, "cut off");
  }

  @Test
  void aChunkThatExpandsWithoutEnd_isNotExpanded() {
    byte[] packed = new byte[200_000];
    Deflater deflater = new Deflater();
    deflater.setInput(new byte[100_000_000]);
    deflater.finish();
    int length = deflater.deflate(packed);
    deflater.end();
    CompletableFuture<Boolean> asked = tree.snapshot(DIRECTORY, BOUNDS, seen);
    helper.say(
        Protocol.CHUNK,
        1,
        ByteBuffer.allocate(5 + length)
            .put((byte) 1)
            .putInt(Protocol.CHUNK_BYTES)
            .put(packed, 0, length)
            .array());
    assertGivenUp(asked, "another length than it says");
  }

  @Test
  void aFrameOfAnyLength_isNotAllocated() {
    helper.say(new byte[] {0x7f, -1, -1, -1, 1});
    await().until(() -> tree.status().reason().contains("2147483647 bytes"));
  }

  @Test
  void aFrameOfAnUnknownKind_endsIt() {
    helper.say(0x99, 0, new byte[3]);
    await().until(() -> tree.status().reason().contains("unknown kind 153"));
  }

  @Test
  void anAnswerToNothing_endsIt() {
    helper.say(Protocol.DONE, 77, new byte[3]);
    await().until(() -> tree.status().reason().contains("nothing that was asked"));
  }

  @Test
  void newsOfNoPath_endIt() {
    helper.say(
        Protocol.NEWS,
        0,
        ScriptedHelper.chunk(
            ByteBuffer.allocate(8)
                .put((byte) 2)
                .putShort((short) 5)
                .put("/../x".getBytes(UTF_8))
                .array()));
    await().until(() -> tree.status().reason().contains("not a path"));
    assertThat(seen.words()).containsExactly("up", "down");
  }

  @Test
  void contentThatIsLongerThanItSays_endsIt() {
    CompletableFuture<Void> asked = tree.contents(List.of(DIRECTORY), 100, seen);
    ByteBuffer file = ByteBuffer.allocate(5 + Protocol.ATTRS_BYTES).put((byte) 1).putInt(0);
    helper.sayChunk(1, file.put(ScriptedHelper.attrs(3)).array());
    helper.sayChunk(1, ByteBuffer.allocate(9).put((byte) 2).putInt(4).array());
    assertGivenUp(asked, "bytes of a file");
    assertThat(seen.contents).isEmpty();
  }

  @Test
  void aFileThatIsLongerThanAskedFor_endsIt() {
    CompletableFuture<Void> asked = tree.contents(List.of(DIRECTORY), 100, seen);
    ByteBuffer file = ByteBuffer.allocate(5 + Protocol.ATTRS_BYTES).put((byte) 1).putInt(0);
    helper.sayChunk(1, file.put(ScriptedHelper.attrs(101)).array());
    assertGivenUp(asked, "longer than it may be");
  }

  @Test
  void digestsOfAFileWithoutEnd_areNotTaken() {
    CompletableFuture<BlockDigests> asked = tree.digests(DIRECTORY, 4096);
    helper.sayChunk(1, ScriptedHelper.attrs(Long.MAX_VALUE));
    assertGivenUp(asked, "more blocks than may be");
  }

  @Test
  void moreDigestsThanBlocks_areNotTaken() {
    CompletableFuture<BlockDigests> asked = tree.digests(DIRECTORY, 4096);
    helper.sayChunk(1, ScriptedHelper.attrs(4096));
    helper.sayChunk(1, new byte[2 * BlockDigests.DIGEST_BYTES]);
    assertGivenUp(asked, "more digests than blocks");
  }

  @Test
  void aHelperThatDoesNotSayThatItPatches_isNotAskedTo() throws Exception {
    CompletableFuture<TreeChange.Done> asked =
        tree.apply(
            new TreeChange.Patch(
                DIRECTORY,
                null,
                LocalAttrs.of(Path.of("/")),
                List.of(new TreeChange.Piece.Copy(0, 3)),
                ByteBuffer.allocate(0),
                ByteBuffer.allocate(32),
                null,
                null));
    assertThat(asked)
        .failsWithin(Duration.ofSeconds(9))
        .withThrowableOfType(ExecutionException.class)
        .withMessageContaining("cannot patch");
    assertThat(tree.isUp()).isTrue();
  }

  @Test
  void whateverIsChangedInWhatItSays_everyCallEnds(@TempDir Path root) throws Exception {
    for (int i = 0; i < 20; i++) {
      Files.writeString(root.resolve("file" + i), "content of file " + i);
    }
    Files.createDirectory(root.resolve("d"));
    byte[] recorded = record(root);
    int greeting =
        Protocol.MAGIC.length + 4 + ByteBuffer.wrap(recorded).getInt(Protocol.MAGIC.length);
    for (int seed = 0; seed < 300; seed++) {
      begin(new ScriptedHelper());
      helper.say(Arrays.copyOf(recorded, greeting));
      await().until(tree::isUp);
      List<CompletableFuture<?>> asked = ask();
      helper.say(mutated(Arrays.copyOfRange(recorded, greeting, recorded.length), seed));
      helper.finish();
      for (CompletableFuture<?> each : asked) {
        Throwable failure = each.handle((value, thrown) -> thrown).get(9, SECONDS);
        if (failure != null) {
          assertThat(failure.getCause() == null ? failure : failure.getCause())
              .as("seed " + seed)
              .isInstanceOf(FsException.class);
        }
      }
      assertThat(seen.listings.keySet()).allMatch(path -> path.depth() < 10);
    }
  }

  private List<CompletableFuture<?>> ask() {
    SnapshotBounds bounds = new SnapshotBounds(1_000, 10, Duration.ofSeconds(5));
    return List.of(
        tree.snapshot(RemotePath.ROOT, bounds, seen),
        tree.contents(
            List.of(RemotePath.of("/file1"), RemotePath.of("/none"), RemotePath.of("/file2")),
            1_000,
            seen),
        tree.digests(RemotePath.of("/file3"), 4096));
  }

  /** All that the real helper says when asked that. */
  private byte[] record(Path root) throws Exception {
    ByteArrayOutputStream recorded = new ByteArrayOutputStream();
    LocalShell shell = new LocalShell();
    shell.through(in -> new Recording(in, recorded));
    tree.close();
    tree = new AgentTree(shell, new TestLink(true), root::toString, ONCE, System::nanoTime);
    await().until(tree::isUp);
    CompletableFuture.allOf(ask().toArray(CompletableFuture[]::new)).get(9, SECONDS);
    tree.close();
    assertThat(shell.last().onExit()).succeedsWithin(Duration.ofSeconds(9));
    return recorded.toByteArray();
  }

  private static byte[] mutated(byte[] bytes, int seed) {
    Random random = new Random(seed);
    byte[] changed = bytes.clone();
    for (int times = 1 + random.nextInt(4); times > 0; times--) {
      int at = random.nextInt(changed.length);
      switch (random.nextInt(3)) {
        case 0 -> changed[at] = (byte) random.nextInt();
        case 1 -> changed[at] ^= (byte) (1 << random.nextInt(8));
        default -> changed = Arrays.copyOf(changed, Math.max(1, at));
      }
    }
    return changed;
  }

  private void assertGivenUp(CompletableFuture<?> asked, String why) {
    assertThat(asked).failsWithin(Duration.ofSeconds(9));
    await().until(() -> tree.status().reason().contains(why));
    assertThat(tree.isUp()).isFalse();
  }
}
