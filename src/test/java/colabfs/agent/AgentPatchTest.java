package colabfs.agent;

import static colabfs.agent.Soon.await;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.TreeChange;
import colabfs.remote.TreeChange.Piece;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Patches, as the real helper makes them of what the client asks. */
@Timeout(60)
final class AgentPatchTest {
  private static final RemotePath FILE = RemotePath.of("/file");
  private static final RemotePath TEMPORARY = RemotePath.of("/.temporary");
  private static final AttrChange.Times TIMES =
      new AttrChange.Times(7_000_000_001L, 8_000_000_003L);

  @TempDir Path root;

  private final LocalShell shell = new LocalShell();
  private final byte[] old = new byte[3_000_000];
  private AgentTree tree;

  @BeforeEach
  void start() throws IOException {
    new Random(5).nextBytes(old);
    Files.write(root.resolve("file"), old);
    Files.setPosixFilePermissions(
        root.resolve("file"), PosixFilePermissions.fromString("rwxr-x--x"));
    tree = new AgentTree(shell, new TestLink(true), root::toString);
    await().until(tree::isUp);
  }

  @AfterEach
  void end() {
    tree.close();
    assertThat(shell.last().onExit()).succeedsWithin(Duration.ofSeconds(10));
  }

  private FileAttrs lstat() throws IOException {
    return LocalAttrs.of(root.resolve("file"));
  }

  /** The old content with other bytes in its middle, and without its end. */
  private CompletableFuture<TreeChange.Done> patch(FileAttrs base, @Nullable RemotePath temporary)
      throws Exception {
    byte[] wanted = wanted();
    return tree.apply(
        new TreeChange.Patch(
            FILE,
            temporary,
            base,
            List.of(
                new Piece.Copy(0, 1_000_000),
                new Piece.Literal(3),
                new Piece.Copy(1_000_003, wanted.length - 1_000_003)),
            ByteBuffer.wrap("new".getBytes(UTF_8)),
            ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(wanted)),
            null,
            TIMES));
  }

  private byte[] wanted() {
    byte[] wanted = Arrays.copyOf(old, 2_500_000);
    System.arraycopy("new".getBytes(UTF_8), 0, wanted, 1_000_000, 3);
    return wanted;
  }

  @Test
  void patch_putsOldAndNewTogether_inANewFile() throws Exception {
    FileAttrs before = lstat();
    TreeChange.Done done = patch(before, TEMPORARY).get(20, SECONDS);
    assertThat(done.attrs()).isEqualTo(lstat());
    assertThat(Files.readAllBytes(root.resolve("file"))).isEqualTo(wanted());
    assertThat(lstat().permissions()).isEqualTo(0751);
    assertThat(lstat().mtimeNanos()).isEqualTo(8_000_000_003L);
    assertThat(lstat().inode()).isNotEqualTo(before.inode());
    assertThat(root.resolve(".temporary")).doesNotExist();
  }

  @Test
  void patch_ofAFileWithTwoNames_isMadeWhereItIs() throws Exception {
    Files.createLink(root.resolve("other"), root.resolve("file"));
    FileAttrs before = lstat();
    assertFails(Errno.EMLINK, patch(before, TEMPORARY));
    TreeChange.Done done = patch(before, null).get(20, SECONDS);
    assertThat(Files.readAllBytes(root.resolve("other"))).isEqualTo(wanted());
    assertThat(done.links()).isEqualTo(2);
    assertThat(lstat().inode()).isEqualTo(before.inode());
    assertThat(lstat().mtimeNanos()).isEqualTo(8_000_000_003L);
  }

  @Test
  void patch_ofAnotherVersion_isRefused_andNothingIsChanged() throws Exception {
    FileAttrs before = lstat();
    assertFails(Errno.ESTALE, patch(before.withIdentity(before.inode() + 1, 1), TEMPORARY));
    FileAttrs later =
        before.withTimes(before.atimeNanos(), before.mtimeNanos(), before.ctimeNanos() + 1);
    assertFails(Errno.ESTALE, patch(later, TEMPORARY));
    assertFails(Errno.ESTALE, patch(later, null));
    assertThat(lstat()).isEqualTo(before);
    assertThat(root.resolve(".temporary")).doesNotExist();
  }

  @Test
  void patch_ofMorePiecesThanARequestHolds_isNotAskedFor() throws Exception {
    List<Piece> pieces = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      pieces.add(new Piece.Copy(0, 1));
    }
    TreeChange.Patch patch =
        new TreeChange.Patch(
            FILE,
            TEMPORARY,
            lstat(),
            pieces,
            ByteBuffer.allocate(0),
            ByteBuffer.allocate(32),
            null,
            null);
    assertFails(Errno.EFBIG, tree.apply(patch));
    assertThat(tree.isUp()).isTrue();
  }

  private static void assertFails(Errno errno, CompletableFuture<?> future) {
    assertThatThrownBy(() -> future.get(9, SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }
}
