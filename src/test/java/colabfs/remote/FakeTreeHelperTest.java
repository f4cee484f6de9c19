package colabfs.remote;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeTreeHelper.Moment;
import colabfs.remote.TreeChange.Base;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The tests' helper is one that keeps to the port. */
final class FakeTreeHelperTest {
  private static final RemotePath FILE = RemotePath.of("/d/f");
  private static final RemotePath TEMPORARY = RemotePath.of("/d/.t");

  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final FakeTreeHelper helper = new FakeTreeHelper(runtime);

  private CompletableFuture<TreeChange.Done> put(String content, Base base) {
    return helper.apply(
        new TreeChange.Put(
            FILE,
            TEMPORARY,
            ByteBuffer.wrap(content.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            base,
            0640,
            null,
            new AttrChange.Times(1, 2_000_000_003L)));
  }

  private static Errno errno(CompletableFuture<?> answer) {
    try {
      answer.getNow(null);
    } catch (java.util.concurrent.CompletionException e) {
      if (e.getCause() instanceof FsException known) {
        return known.errno();
      }
    }
    throw new AssertionError("it should have failed");
  }

  @Test
  void put_bringsContentModeAndTimesInFull_whereTheBaseIsThere() throws Exception {
    runtime.putDirectory("/d");
    FileAttrs attrs = Objects.requireNonNull(put("one", new Base.Nothing()).get().attrs());
    assertThat(attrs.mtimeNanos()).isEqualTo(2_000_000_003L);
    assertThat(attrs.permissions()).isEqualTo(0640);
    assertThat(errno(put("two", new Base.Nothing()))).isEqualTo(Errno.ESTALE);
    assertThat(errno(put("two", new Base.Version(3, 2_000_000_004L)))).isEqualTo(Errno.ESTALE);
    assertThat(put("two", new Base.Version(3, 2_000_000_000L))).isCompleted();
    assertThat(put("three", new Base.Version(3, 2_000_000_003L))).isCompleted();
    assertThat(runtime.text("/d/f")).isEqualTo("three");
    runtime.link(FILE, RemotePath.of("/d/g")).get();
    assertThat(errno(put("four", new Base.Anything()))).isEqualTo(Errno.EMLINK);
    assertThat(runtime.entries("/d")).extracting(DirEntry::name).containsOnly("f", "g");
  }

  @Test
  void helperThatGoes_answersNothing_andHasMadeWhatItWasToldTo() {
    runtime.putDirectory("/d");
    helper.goDownAt(Moment.BEFORE_A_CHANGE);
    assertThat(errno(put("one", new Base.Nothing()))).isEqualTo(Errno.ENOTCONN);
    assertThat(runtime.entries("/d")).isEmpty();
    helper.up();
    helper.goDownAt(Moment.IN_A_PUT);
    assertThat(errno(put("one", new Base.Nothing()))).isEqualTo(Errno.ENOTCONN);
    assertThat(runtime.entries("/d")).extracting(DirEntry::name).containsOnly(".t");
    helper.up();
    helper.goDownAt(Moment.AFTER_A_CHANGE);
    assertThat(errno(put("one", new Base.Nothing()))).isEqualTo(Errno.ENOTCONN);
    assertThat(runtime.entries("/d")).extracting(DirEntry::name).containsOnly("f");
    assertThat(helper.isUp()).isFalse();
  }

  @Test
  void news_tellOfEveryChangeInWatchedDirectories_beforeLaterAnswers() throws Exception {
    runtime.put("/d/f", "one");
    List<String> told = new ArrayList<>();
    helper.listen(new Recorder(told));
    CompletableFuture<Boolean> whole =
        helper.snapshot(
            RemotePath.ROOT,
            new SnapshotBounds(100, 100, Duration.ofSeconds(1)),
            (directory, entries, watched) -> told.add("listing " + directory));
    assertThat(whole.get()).isTrue();
    runtime.put("/d/f", "other");
    runtime.unlink(FILE).get();
    told.removeIf(each -> each.startsWith("/d ")); // a directory's times change with it
    assertThat(told).containsExactly("up", "listing /", "listing /d", "/d/f 5", "/d/f gone");
  }

  @Test
  void heldRequests_areNotMade_untilTheyAreReleased_andNotAtAllWhenItGoes()
      throws ExecutionException, InterruptedException {
    runtime.putDirectory("/d");
    helper.holdRequests();
    CompletableFuture<TreeChange.Done> first = put("one", new Base.Nothing());
    CompletableFuture<TreeChange.Done> second = put("two", new Base.Anything());
    assertThat(helper.held()).isEqualTo(2);
    assertThat(helper.releaseOne()).isTrue();
    assertThat(first).isCompleted();
    assertThat(second).isNotDone();
    runtime.disconnect();
    assertThat(errno(second)).isEqualTo(Errno.ENOTCONN);
    assertThat(runtime.text("/d/f")).isEqualTo("one");
  }

  /** Writes down what is told. */
  private record Recorder(List<String> told) implements TreeListener {
    @Override
    public void up() {
      told.add("up");
    }

    @Override
    public void down() {
      told.add("down");
    }

    @Override
    public void changed(RemotePath path, @Nullable FileAttrs attrs) {
      told.add(path + " " + (attrs == null ? "gone" : attrs.sizeBytes()));
    }

    @Override
    public void lost(RemotePath directory) {
      told.add("lost " + directory);
    }
  }
}
