package colabfs.fs;

import static colabfs.fs.TestMount.path;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.BlockCache;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a mount can tell of its tree without asking. */
final class KnownTreeTest {
  private final TestMount mount = new TestMount();
  private final KnownTree tree = mount.fs.knownTree();

  @BeforeEach
  void fill() {
    mount.remote.put("/d/read", "content");
    mount.remote.put("/d/large", TestMount.pattern(BlockCache.BLOCK_BYTES + 1));
    mount.remote.put("/d/unread", "never");
    mount.remote.putLink("/l", "/content/d/read");
  }

  @Test
  void whatWasSeen_isKnown_withTheContentThatWasRead() throws Exception {
    assertThat(tree.directory(RemotePath.ROOT)).isNull();
    mount.names("/");
    mount.names("/d");
    mount.read("/d/read");
    mount.read("/d/large");
    var unused = mount.fs.readlink(path("/l"));
    assertThat(names("/")).containsExactly("d", "l");
    assertThat(text("/d/read")).isEqualTo("content");
    KnownTree.Content large =
        Objects.requireNonNull(tree.content(path("/d/large"), attrs("/d", "large")));
    assertThat(large.piece(0)).hasSize(BlockCache.BLOCK_BYTES);
    assertThat(large.piece(1)).hasSize(1);
    assertThat(text("/d/unread")).isNull();
    assertThat(tree.linkText(path("/l"), attrs("/", "l"))).isEqualTo("/content/d/read");
  }

  @Test
  void nameThatWasLearnedAlone_isKnown_thoughItsDirectoryIsNotWhole() throws Exception {
    assertThat(mount.exists("/d/read")).isTrue();
    KnownTree.Known known = Objects.requireNonNull(tree.directory(path("/d")));
    assertThat(known.whole()).isFalse();
    assertThat(names("/d")).containsExactly("read");
  }

  @Test
  void whatExpired_orThatTheLinkIsDown_makesNoDifference() throws Exception {
    mount.names("/d");
    mount.read("/d/read");
    mount.fs.invalidateAll();
    mount.away(true);
    assertThat(names("/d")).containsExactly("large", "read", "unread");
    assertThat(text("/d/read")).isEqualTo("content");
  }

  @Test
  void fileThatIsBeingWritten_hasNoContentUntilThatIsSettled() throws Exception {
    mount.names("/d");
    FileHandle file = mount.open("/d/read", OpenMode.READ_WRITE);
    TestMount.text(file);
    mount.remote.holdAnswers();
    TestMount.write(file, 0, "CON");
    assertThat(text("/d/read")).isNull();
    mount.remote.release();
    TestMount.close(file);
    mount.names("/d");
    assertThat(text("/d/read")).isEqualTo("CONtent");
  }

  @Test
  void forgottenRuntime_isNotKnownAtAll() throws Exception {
    mount.names("/");
    mount.names("/d");
    mount.read("/d/read");
    FileAttrs attrs = attrs("/d", "read");
    mount.fs.forgetRuntime();
    assertThat(tree.directory(RemotePath.ROOT)).isNull();
    assertThat(tree.content(path("/d/read"), attrs)).isNull();
    assertThat(mount.read("/d/read")).isEqualTo("content");
  }

  private List<String> names(String directory) {
    KnownTree.Known known = Objects.requireNonNull(tree.directory(path(directory)));
    return known.entries().stream().map(DirEntry::name).sorted().toList();
  }

  private FileAttrs attrs(String directory, String name) {
    KnownTree.Known known = Objects.requireNonNull(tree.directory(path(directory)));
    return known.entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow()
        .attrs();
  }

  private @Nullable String text(String file) {
    RemotePath parent = path(file).parent();
    FileAttrs attrs = attrs(String.valueOf(parent), path(file).name());
    KnownTree.Content content = tree.content(path(file), attrs);
    byte[] piece = content == null ? null : content.piece(0);
    return piece == null
        ? null
        : new String(Arrays.copyOf(piece, (int) attrs.sizeBytes()), StandardCharsets.UTF_8);
  }
}
