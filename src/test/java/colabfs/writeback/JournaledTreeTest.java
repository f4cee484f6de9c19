package colabfs.writeback;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.ContentSink;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeTreeHelper;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeListener;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a helper tells of files with pending changes. */
@Timeout(60)
final class JournaledTreeTest {
  private static final SnapshotBounds ALL = new SnapshotBounds(1000, 10, Duration.ofSeconds(10));

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final FakeTreeHelper helper = new FakeTreeHelper(runtime);
  private final List<String> news = new CopyOnWriteArrayList<>();
  private @Nullable WriteBack opened;

  @BeforeEach
  void begin() throws Exception {
    for (String name : List.of("/d", "/e")) {
      runtime.putDirectory(name);
      runtime.put(name + "/f", "of the runtime");
    }
    opened =
        WriteBack.openAtRest(
            runtime,
            RemoteTree.NONE,
            new RemoteIdentity(0, 0, Set.of(0)),
            new WriteBack.Settings(directory, Duration.ofHours(1), "here", WriteBack.Fsync.LOCAL),
            InstantSource.system());
  }

  @AfterEach
  void end() throws Exception {
    writeBack().close();
  }

  private WriteBack writeBack() {
    return Objects.requireNonNull(opened);
  }

  private RemoteTree tree() {
    return writeBack().over(helper);
  }

  private static RemotePath path(String text) {
    return RemotePath.of(text);
  }

  private void save(String path, String content) throws Exception {
    RemoteFile file =
        writeBack()
            .files()
            .open(path(path), EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE), 0644)
            .get(10, TimeUnit.SECONDS);
    file.write(0, ByteBuffer.wrap(content.getBytes(UTF_8))).get(10, TimeUnit.SECONDS);
    file.close().get(10, TimeUnit.SECONDS);
  }

  private void arrive() throws FsException {
    writeBack().begin();
    writeBack().flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
  }

  /** Each directory with its names and their lengths. */
  private Map<String, List<String>> snapshot() throws Exception {
    Map<String, List<String>> listings = new TreeMap<>();
    var unused =
        tree()
            .snapshot(
                RemotePath.ROOT,
                ALL,
                (listed, entries, watched) ->
                    listings.put(
                        listed.toString(),
                        entries.stream()
                            .map(
                                entry ->
                                    entry.attrs().isDirectory()
                                        ? entry.name()
                                        : entry.name() + " " + entry.attrs().sizeBytes())
                            .sorted()
                            .toList()))
            .get(10, TimeUnit.SECONDS);
    return listings;
  }

  private void listen() {
    tree()
        .listen(
            new TreeListener() {
              @Override
              public void up() {}

              @Override
              public void down() {}

              @Override
              public void changed(RemotePath path, @Nullable FileAttrs attrs) {
                news.add(path + " " + (attrs == null ? "gone" : attrs.sizeBytes()));
              }

              @Override
              public void doubted(RemotePath path) {
                news.add(path + " doubted");
              }

              @Override
              public void lost(RemotePath lost) {}
            });
  }

  @Test
  void snapshot_showsWhatIsPending_overWhatTheRuntimeHas() throws Exception {
    save("/d/new", "12345");
    save("/d/f", "1");
    writeBack().files().unlink(path("/e/f")).get(10, TimeUnit.SECONDS);
    assertThat(snapshot())
        .containsEntry("/", List.of("d", "e"))
        .containsEntry("/d", List.of("f 1", "new 5"))
        .containsEntry("/e", List.of());
  }

  @Test
  void snapshot_ofADirectoryThatIsMovedHere_isLeftOut() throws Exception {
    writeBack().files().rename(path("/d"), path("/moved")).get(10, TimeUnit.SECONDS);
    assertThat(snapshot())
        .containsEntry("/", List.of("e", "moved"))
        .containsKey("/e")
        .doesNotContainKey("/d");
    arrive();
    assertThat(snapshot()).containsEntry("/moved", List.of("f 14"));
  }

  @Test
  void snapshot_thatWasReadBeforeAChangeArrived_showsTheChange() throws Exception {
    save("/d/new", "12345");
    Map<String, Integer> sizes = new TreeMap<>();
    helper.holdAnswers();
    var answer =
        tree()
            .snapshot(
                RemotePath.ROOT,
                ALL,
                (listed, entries, watched) -> sizes.put(listed.toString(), entries.size()));
    arrive();
    helper.release();
    var unused = answer.get(10, TimeUnit.SECONDS);
    assertThat(sizes).containsEntry("/d", 2);
  }

  @Test
  void contents_ofPendingFiles_areNotTold() throws Exception {
    save("/d/f", "1");
    List<String> told = new ArrayList<>();
    var unused =
        tree()
            .contents(
                List.of(path("/d/f"), path("/e/f")),
                1000,
                new ContentSink() {
                  @Override
                  public void content(RemotePath file, FileAttrs attrs, byte[] content) {
                    told.add(file + " " + new String(content, UTF_8));
                  }

                  @Override
                  public void leftOut(RemotePath file, Errno why) {}
                })
            .get(10, TimeUnit.SECONDS);
    assertThat(told).containsExactly("/e/f of the runtime");
  }

  @Test
  void news_ofAPendingFile_areToldWhenItHasArrived() throws Exception {
    listen();
    snapshot();
    save("/d/f", "1");
    runtime.put("/e/f", "changed by others");
    runtime.put("/d/f", "changed by others, too");
    assertThat(news).contains("/e/f 17").noneMatch(told -> told.startsWith("/d/f"));
    arrive();
    Awaitility.await().until(() -> news.contains("/d/f doubted"));
  }

  @Test
  void news_ofOwnTemporaryFiles_areNotTold() throws Exception {
    listen();
    snapshot();
    save("/d/f", "a new whole content");
    arrive();
    Awaitility.await().until(() -> news.contains("/d/f doubted"));
    assertThat(news).noneMatch(told -> told.contains(".colabfs-"));
  }

  @Test
  void changes_areNotMadePastTheJournal() {
    assertThat(tree().apply(new TreeChange.Unlink(path("/d/f"), new TreeChange.Base.Anything())))
        .failsWithin(Duration.ofSeconds(1))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(FsException.class);
    assertThat(runtime.exists("/d/f")).isTrue();
  }
}
