package colabfs.agent;

import static colabfs.agent.Soon.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.BlockDigests;
import colabfs.remote.SnapshotBounds;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeChange.Base;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The port as the real helper fulfils it. */
@Timeout(60)
final class AgentTreeTest {
  private static final SnapshotBounds ALL =
      new SnapshotBounds(100_000, 100, Duration.ofSeconds(30));
  private static final RemotePath FILE = RemotePath.of("/file");
  private static final RemotePath TEMPORARY = RemotePath.of("/.temporary");

  @TempDir Path root;

  private final LocalShell shell = new LocalShell();
  private final Seen seen = new Seen();
  private AgentTree tree;

  @BeforeEach
  void start() {
    tree = new AgentTree(shell, new TestLink(true), root::toString);
    tree.listen(seen);
    await().until(() -> seen.words().contains("up"));
  }

  @AfterEach
  void end() {
    tree.close();
    assertThat(shell.last().onExit()).succeedsWithin(Duration.ofSeconds(10));
  }

  @Test
  void status_whenUp_tellsOfTheRuntime() throws IOException {
    AgentStatus status = tree.status();
    assertThat(status.up()).isTrue();
    assertThat(status.python()).startsWith("3.");
    assertThat(status.pid()).isEqualTo(shell.last().pid());
    assertThat(status.root()).isEqualTo(root.toRealPath().toString());
    assertThat(status.watchLimit()).isPositive();
    assertThat(status.id().bootId()).hasSize(36);
  }

  @Test
  void snapshot_ofATree_isWhole_nearestFirst_andWatched() throws Exception {
    Files.createDirectories(root.resolve("a/b"));
    Files.createDirectories(root.resolve("c"));
    Files.writeString(root.resolve("a/b/deep"), "1234");
    Files.createSymbolicLink(root.resolve("a/link"), Path.of("b"));
    assertThat(snapshot("/", ALL)).isTrue();
    assertThat(seen.words())
        .contains("listing /", "listing /a", "listing /c", "listing /a/b")
        .containsSubsequence("listing /", "listing /a", "listing /a/b")
        .containsSubsequence("listing /c", "listing /a/b");
    assertThat(seen.watched.values()).containsOnly(true);
    FileAttrs deep = entry("/a/b", "deep");
    assertThat(deep).isEqualTo(lstat("a/b/deep"));
    assertThat(entry("/a", "link").isSymlink()).isTrue();
    assertThat(entry("/a", "link").sizeBytes()).isEqualTo(1);
    assertThat(tree.status().watches()).isEqualTo(4);
  }

  @Test
  void snapshot_beyondItsBounds_leavesOut_andSaysSo() throws Exception {
    Files.createDirectories(root.resolve("a/b/c"));
    assertThat(snapshot("/", new SnapshotBounds(100, 2, Duration.ofSeconds(9)))).isFalse();
    assertThat(seen.listings).containsOnlyKeys(RemotePath.ROOT, RemotePath.of("/a"));
    seen.listings.clear();
    assertThat(snapshot("/", new SnapshotBounds(2, 9, Duration.ofSeconds(9)))).isFalse();
    assertThat(seen.listings).containsOnlyKeys(RemotePath.ROOT, RemotePath.of("/a"));
    seen.listings.clear();
    assertThat(snapshot("/", new SnapshotBounds(0, 9, Duration.ofSeconds(9)))).isFalse();
    assertThat(seen.listings).isEmpty();
  }

  @Test
  void snapshot_ofWhatIsNoDirectory_fails() throws Exception {
    Files.writeString(root.resolve("file"), "");
    assertFails(Errno.ENOENT, tree.snapshot(RemotePath.of("/missing"), ALL, seen));
    assertFails(Errno.ENOTDIR, tree.snapshot(FILE, ALL, seen));
  }

  @Test
  void snapshot_throughALinkThatLeavesTheRoot_isRefused() throws Exception {
    Files.createSymbolicLink(root.resolve("out"), Path.of("/etc"));
    assertFails(Errno.ENOTDIR, tree.snapshot(RemotePath.of("/out"), ALL, seen));
    tree.contents(List.of(RemotePath.of("/out/hostname")), 100, seen).get(9, SECONDS);
    assertThat(seen.leftOut.values()).containsOnly(Errno.ENOTDIR);
  }

  @Test
  void snapshot_ofFiftyThousandNames_comesInBoundedMemory() throws Exception {
    for (int directory = 0; directory < 50; directory++) {
      Path made = Files.createDirectory(root.resolve("d" + directory));
      for (int file = 0; file < 1_000; file++) {
        Files.createFile(made.resolve("file-number-" + file));
      }
    }
    int[] count = {0};
    boolean isWhole =
        tree.snapshot(
                RemotePath.ROOT, ALL, (directory, entries, watched) -> count[0] += entries.size())
            .get(50, SECONDS);
    assertThat(isWhole).isTrue();
    assertThat(count[0]).isEqualTo(50_050);
  }

  @Test
  void contents_ofFiles_comeWhole_inOrder_andWithWhyNot() throws Exception {
    byte[] large = new byte[1_000_000];
    new Random(1).nextBytes(large);
    Files.write(root.resolve("large"), large);
    Files.writeString(root.resolve("small"), "hello");
    Files.createFile(root.resolve("empty"));
    Files.createDirectory(root.resolve("directory"));
    Files.createSymbolicLink(root.resolve("link"), Path.of("small"));
    Files.write(root.resolve("huge"), new byte[2_000_000]);
    List<RemotePath> files =
        List.of("/large", "/missing", "/small", "/empty", "/directory", "/link", "/huge").stream()
            .map(RemotePath::of)
            .toList();
    tree.contents(files, 1_500_000, seen).get(9, SECONDS);
    assertThat(seen.words())
        .endsWith(
            "content /large",
            "ENOENT /missing",
            "content /small",
            "content /empty",
            "EISDIR /directory",
            "ELOOP /link",
            "EFBIG /huge");
    assertThat(seen.contents.get(RemotePath.of("/large"))).isEqualTo(large);
    assertThat(seen.contents.get(RemotePath.of("/small"))).isEqualTo("hello".getBytes(UTF_8));
    assertThat(seen.attrs.get(RemotePath.of("/small"))).isEqualTo(lstat("small"));
  }

  @Test
  void contents_ofMoreFilesThanFitIntoARequest_comeAll() throws Exception {
    Files.writeString(root.resolve("file"), "x");
    List<RemotePath> files = java.util.Collections.nCopies(10_000, FILE);
    int[] count = {0};
    Seen counting = new Seen();
    tree.contents(files, 10, counting).get(30, SECONDS);
    counting.words().forEach(word -> count[0] += word.equals("content /file") ? 1 : 0);
    assertThat(count[0]).isEqualTo(10_000);
  }

  @Test
  void put_makesAFile_withModeAndNanoseconds() throws Exception {
    AttrChange.Times times = new AttrChange.Times(1_000_000_001L, 1_700_000_000_123_456_789L);
    TreeChange.Done done =
        apply(
            new TreeChange.Put(
                FILE, TEMPORARY, bytes("hello"), new Base.Nothing(), 0750, null, times));
    FileAttrs attrs = java.util.Objects.requireNonNull(done.attrs());
    assertThat(attrs.permissions()).isEqualTo(0750);
    assertThat(attrs.mtimeNanos()).isEqualTo(1_700_000_000_123_456_789L);
    assertThat(attrs.atimeNanos()).isEqualTo(1_000_000_001L);
    assertThat(attrs).isEqualTo(lstat("file"));
    assertThat(Files.readString(root.resolve("file"))).isEqualTo("hello");
    assertThat(done.links()).isZero();
    assertThat(root.resolve(".temporary")).doesNotExist();
  }

  @Test
  void put_overAFile_replacesItAtOnce_andKeepsItsMode() throws Exception {
    Files.writeString(root.resolve("file"), "old");
    Files.writeString(root.resolve(".temporary"), "left over");
    Files.setPosixFilePermissions(
        root.resolve("file"), java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-x--x"));
    FileAttrs old = lstat("file");
    TreeChange.Done done =
        apply(
            new TreeChange.Put(
                FILE,
                TEMPORARY,
                bytes("new content"),
                new Base.Version(3, old.mtimeNanos()),
                null,
                null,
                null));
    assertThat(Files.readString(root.resolve("file"))).isEqualTo("new content");
    assertThat(lstat("file").permissions()).isEqualTo(0751);
    assertThat(done.links()).isEqualTo(1);
  }

  @Test
  void put_ofSeveralMegabytes_arrivesWhole() throws Exception {
    byte[] content = new byte[5_000_000];
    new Random(2).nextBytes(content);
    apply(
        new TreeChange.Put(
            FILE, TEMPORARY, ByteBuffer.wrap(content), new Base.Anything(), null, null, null));
    assertThat(Files.readAllBytes(root.resolve("file"))).isEqualTo(content);
  }

  @Test
  void put_givesTheOwner() throws Exception {
    FileAttrs own = lstat("."); // which anybody may give
    AttrChange.Owner owner = new AttrChange.Owner(own.uid(), own.gid());
    var done =
        apply(
            new TreeChange.Put(
                FILE, TEMPORARY, bytes("mine"), new Base.Nothing(), 0640, owner, null));
    assertThat(done.attrs())
        .extracting(FileAttrs::uid, FileAttrs::gid, FileAttrs::permissions)
        .containsExactly(own.uid(), own.gid(), 0640);
  }

  @Test
  void put_overAnotherVersion_isRefused_andNothingIsChanged() throws Exception {
    Files.writeString(root.resolve("file"), "other");
    long mtime = lstat("file").mtimeNanos();
    long seconds = mtime - mtime % 1_000_000_000;
    assertFails(Errno.ESTALE, putOver(new Base.Nothing()));
    assertFails(Errno.ESTALE, putOver(new Base.Version(4, mtime)));
    assertFails(Errno.ESTALE, putOver(new Base.Version(5, seconds - 1_000_000_000)));
    assertFails(Errno.ESTALE, putOver(new Base.Version(5, seconds + 1)));
    assertThat(Files.readString(root.resolve("file"))).isEqualTo("other");
    assertThat(root.resolve(".temporary")).doesNotExist();
    assertThat(putOver(new Base.Version(5, seconds))).succeedsWithin(Duration.ofSeconds(9));
    Files.delete(root.resolve("file"));
    assertFails(Errno.ESTALE, putOver(new Base.Version(5, seconds)));
  }

  @Test
  void put_overALinkedFile_orADirectory_isRefused() throws Exception {
    Files.writeString(root.resolve("file"), "x");
    Files.createLink(root.resolve("other"), root.resolve("file"));
    assertFails(Errno.EMLINK, putOver(new Base.Anything()));
    Files.delete(root.resolve("file"));
    Files.createDirectory(root.resolve("file"));
    assertFails(Errno.EEXIST, putOver(new Base.Anything()));
  }

  @Test
  void changes_inOneBreath_areMadeInOrder() throws Exception {
    RemotePath directory = RemotePath.of("/d");
    List<CompletableFuture<TreeChange.Done>> all =
        List.of(
            tree.apply(new TreeChange.MakeDirectory(directory, 0700)),
            tree.apply(
                new TreeChange.Put(
                    directory.child("f"),
                    directory.child("t"),
                    bytes("1"),
                    new Base.Nothing(),
                    0600,
                    null,
                    null)),
            tree.apply(new TreeChange.Rename(directory.child("f"), directory.child("g"), false)),
            tree.apply(new TreeChange.Symlink(directory.child("l"), "g")),
            tree.apply(new TreeChange.Unlink(directory.child("g"), new Base.Anything())),
            tree.apply(new TreeChange.Unlink(directory.child("l"), new Base.Anything())),
            tree.apply(new TreeChange.RemoveDirectory(directory)));
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(9, SECONDS);
    assertThat(all.get(0).get().attrs()).isNotNull();
    assertThat(all.get(6).get().attrs()).isNull();
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void rename_withoutReplacing_refusesANameThatIsThere() throws Exception {
    Files.writeString(root.resolve("file"), "1");
    Files.writeString(root.resolve("other"), "2");
    RemotePath other = RemotePath.of("/other");
    assertFails(Errno.EEXIST, tree.apply(new TreeChange.Rename(FILE, other, false)));
    assertThat(apply(new TreeChange.Rename(FILE, other, true)).links()).isEqualTo(1);
    assertThat(Files.readString(root.resolve("other"))).isEqualTo("1");
  }

  @Test
  void setAttributes_setsAllOfThem_andNeverThroughALink() throws Exception {
    Files.writeString(root.resolve("file"), "12345");
    Files.createSymbolicLink(root.resolve("link"), Path.of("file"));
    AttrChange all =
        new AttrChange(2L, 0640, null, new AttrChange.Times(5_000_000_007L, 6_000_000_008L));
    apply(new TreeChange.SetAttributes(FILE, all));
    FileAttrs attrs = lstat("file");
    assertThat(attrs.sizeBytes()).isEqualTo(2);
    assertThat(attrs.permissions()).isEqualTo(0640);
    assertThat(attrs.mtimeNanos()).isEqualTo(6_000_000_008L);
    RemotePath link = RemotePath.of("/link");
    apply(new TreeChange.SetAttributes(link, AttrChange.times(1, 2)));
    assertThat(lstat("file")).isEqualTo(attrs);
    assertThat(lstat("link").mtimeNanos()).isEqualTo(2);
    assertFails(
        Errno.EOPNOTSUPP,
        tree.apply(new TreeChange.SetAttributes(link, AttrChange.permissions(0777))));
  }

  @Test
  void changes_ofTheRootOrThroughALink_areRefused() throws Exception {
    Files.createSymbolicLink(root.resolve("out"), Path.of("/tmp"));
    assertFails(Errno.EBUSY, tree.apply(new TreeChange.RemoveDirectory(RemotePath.ROOT)));
    assertFails(
        Errno.ENOTDIR,
        tree.apply(new TreeChange.MakeDirectory(RemotePath.of("/out/colabfs-never"), 0700)));
  }

  @Test
  void digests_tellBlocksApart() throws Exception {
    byte[] content = new byte[10_000];
    new Random(3).nextBytes(content);
    Files.write(root.resolve("file"), content);
    BlockDigests digests = tree.digests(FILE, 4096).get(9, SECONDS);
    assertThat(digests.attrs()).isEqualTo(lstat("file"));
    assertThat(digests.digests()).hasSize(3);
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    sha.update(content, 8192, 10_000 - 8192);
    assertThat(digests.digests().get(2)).isEqualTo(Arrays.copyOf(sha.digest(), 16));
  }

  @Test
  void news_ofWatchedDirectories_areTold() throws Exception {
    Path directory = Files.createDirectory(root.resolve("d"));
    snapshot("/", ALL);
    seen.forget();
    Files.writeString(directory.resolve("made"), "1");
    await().until(() -> seen.words().contains("changed /d/made"));
    assertThat(seen.attrs.get(RemotePath.of("/d/made"))).isEqualTo(lstat("d/made"));
    assertThat(seen.words()).contains("changed /d");
    Files.delete(directory.resolve("made"));
    await().until(() -> seen.words().contains("gone /d/made"));
    Files.move(directory, root.resolve("e"));
    await()
        .untilAsserted(() -> assertThat(seen.words()).contains("lost /d", "gone /d", "changed /e"));
    seen.forget();
    Files.writeString(root.resolve("e/unwatched"), "1");
    Files.writeString(root.resolve("watched"), "1");
    await().until(() -> seen.words().contains("changed /watched"));
    assertThat(seen.words()).doesNotContain("changed /e/unwatched", "changed /d/unwatched");
  }

  @Test
  void aCancelledSnapshot_endsTheWork_andOthersGoOn() throws Exception {
    Files.writeString(root.resolve("file"), "x");
    CompletableFuture<Boolean> cancelled = tree.snapshot(RemotePath.ROOT, ALL, seen);
    cancelled.cancel(false);
    tree.contents(List.of(FILE), 10, seen).get(9, SECONDS);
    assertThat(seen.contents).containsKey(FILE);
  }

  private boolean snapshot(String directory, SnapshotBounds bounds) throws Exception {
    return tree.snapshot(RemotePath.of(directory), bounds, seen).get(30, SECONDS);
  }

  private TreeChange.Done apply(TreeChange change) throws Exception {
    return tree.apply(change).get(30, SECONDS);
  }

  private CompletableFuture<TreeChange.Done> putOver(Base base) {
    return tree.apply(new TreeChange.Put(FILE, TEMPORARY, bytes("mine"), base, null, null, null));
  }

  private FileAttrs entry(String directory, String name) {
    return seen.listings.getOrDefault(RemotePath.of(directory), List.of()).stream()
        .filter(entry -> entry.name().equals(name))
        .map(DirEntry::attrs)
        .findAny()
        .orElseThrow();
  }

  /** What this machine itself says of a file. */
  private FileAttrs lstat(String name) throws IOException {
    return LocalAttrs.of(root.resolve(name));
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static void assertFails(Errno errno, CompletableFuture<?> future) {
    assertThatThrownBy(() -> future.get(9, SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }
}
