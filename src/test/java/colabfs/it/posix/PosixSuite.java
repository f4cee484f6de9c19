package colabfs.it.posix;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/**
 * Contents, names and directories. Cases take only a directory: a plain one calibrates them, then
 * the mount must behave the same. The mount must be served by another process.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class PosixSuite {
  /** An own directory for the case, below {@link #directory}. */
  protected Path dir = Path.of("/nonexistent");

  /** Where the cases work: an existing directory that may be written. */
  protected abstract Path directory();

  @BeforeEach
  final void makeOwnDirectory(TestInfo info) throws IOException {
    String name = info.getTestMethod().orElseThrow().getName();
    dir = Files.createTempDirectory(directory(), name.substring(0, Math.min(40, name.length())));
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  @Test
  void write_thenRead_givesTheBytes() throws IOException {
    Path file = dir.resolve("file");
    byte[] content = new byte[1_000_003];
    new java.util.Random(7).nextBytes(content);
    Files.write(file, content);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    assertThat(Files.size(file)).isEqualTo(content.length);
  }

  @Test
  void write_inTheMiddle_keepsTheRest() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "0123456789");
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      channel.write(bytes("ab"), 4);
    }
    assertThat(Files.readString(file)).isEqualTo("0123ab6789");
  }

  @Test
  void readBack_onTheHandleThatWrote_seesItBeforeClose() throws IOException {
    try (FileChannel channel = FileChannel.open(dir.resolve("file"), CREATE, READ, WRITE)) {
      channel.write(bytes("hello"));
      ByteBuffer into = ByteBuffer.allocate(10);
      assertThat(channel.read(into, 0)).isEqualTo(5);
      assertThat(channel.size()).isEqualTo(5);
      assertThat(Files.readString(dir.resolve("file"))).isEqualTo("hello");
    }
  }

  @Test
  void append_goesToTheEnd_evenAfterAnotherWriter() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "one\n");
    try (FileChannel first = FileChannel.open(file, APPEND);
        FileChannel second = FileChannel.open(file, APPEND)) {
      first.write(bytes("two\n"));
      second.write(bytes("three\n"));
      first.write(bytes("four\n"));
    }
    assertThat(Files.readString(file)).isEqualTo("one\ntwo\nthree\nfour\n");
  }

  @Test
  void ftruncate_cutsAndExtendsWithZeroes() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "0123456789");
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      channel.truncate(4);
      assertThat(Files.size(file)).isEqualTo(4);
      channel.write(ByteBuffer.allocate(1), 7);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(new byte[] {'0', '1', '2', '3', 0, 0, 0, 0});
  }

  @Test
  void truncate_byPath_cutsAndExtends() throws Exception {
    Path file = Files.writeString(dir.resolve("file"), "0123456789");
    Command cut = Command.sh(dir, "perl -e 'truncate(\"file\", 3) or die $!'");
    assertThat(cut.text()).isEmpty();
    assertThat(Files.readString(file)).isEqualTo("012");
    Command.sh(dir, "perl -e 'truncate(\"file\", 5) or die $!'");
    assertThat(Files.readAllBytes(file)).isEqualTo(new byte[] {'0', '1', '2', 0, 0});
  }

  @Test
  void holes_readAsZeroes() throws IOException {
    Path file = dir.resolve("file");
    try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
      channel.write(bytes("end"), 1_000_000);
      ByteBuffer hole = ByteBuffer.allocate(4096);
      assertThat(channel.read(hole, 500_000)).isEqualTo(4096);
      assertThat(hole.array()).containsOnly(0);
    }
    assertThat(Files.size(file)).isEqualTo(1_000_003);
  }

  @Test
  void offsets_beyond4GiB_work() throws IOException {
    Path file = dir.resolve("file");
    long far = 5L * 1024 * 1024 * 1024 + 17;
    try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
      channel.write(bytes("near"), 17);
      channel.write(bytes("far"), far);
      ByteBuffer into = ByteBuffer.allocate(3);
      channel.read(into, far);
      assertThat(into.array()).isEqualTo(bytes("far").array());
      assertThat(channel.size()).isEqualTo(far + 3);
    }
    assertThat(Files.size(file)).isEqualTo(far + 3);
    try (FileChannel channel = FileChannel.open(file, READ)) {
      ByteBuffer into = ByteBuffer.allocate(4);
      channel.read(into, 17);
      assertThat(into.array()).isEqualTo(bytes("near").array());
    }
  }

  @Test
  void read_atOrPastTheEnd_givesNothing() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "12345");
    try (FileChannel channel = FileChannel.open(file, READ)) {
      assertThat(channel.read(ByteBuffer.allocate(4), 5)).isEqualTo(-1);
      assertThat(channel.read(ByteBuffer.allocate(4), 5_000_000)).isEqualTo(-1);
      assertThat(channel.read(ByteBuffer.allocate(4), 3)).isEqualTo(2);
    }
  }

  @Test
  void emptyFile_isThereAndEmpty() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    assertThat(Files.size(file)).isZero();
    assertThat(Files.readAllBytes(file)).isEmpty();
  }

  @Test
  void openExclusive_onAnExistingName_isEexist() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    assertThatThrownBy(() -> FileChannel.open(file, CREATE_NEW, WRITE).close())
        .isInstanceOf(FileAlreadyExistsException.class);
    Path dangling = Files.createSymbolicLink(dir.resolve("link"), Path.of("nowhere"));
    assertThatThrownBy(() -> FileChannel.open(dangling, CREATE_NEW, WRITE).close())
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void openCreate_onAnExistingName_keepsTheContent() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "kept");
    FileChannel.open(file, CREATE, WRITE).close();
    assertThat(Files.readString(file)).isEqualTo("kept");
  }

  @Test
  void openTruncate_empties_butKeepsTheMode() throws Exception {
    Path file = Files.writeString(dir.resolve("file"), "old");
    Files.setAttribute(file, "unix:mode", 0640);
    FileChannel.open(file, WRITE, TRUNCATE_EXISTING).close();
    assertThat(Files.size(file)).isZero();
    assertThat((Integer) Files.getAttribute(file, "unix:mode") & 07777).isEqualTo(0640);
  }

  @Test
  void open_ofNothing_isEnoent_andOfADirectoryForWriting_isEisdir() throws IOException {
    assertThatThrownBy(() -> FileChannel.open(dir.resolve("nothing"), READ).close())
        .isInstanceOf(NoSuchFileException.class);
    Files.createDirectory(dir.resolve("sub"));
    assertThatThrownBy(() -> FileChannel.open(dir.resolve("sub"), WRITE).close())
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Is a directory");
    Files.createFile(dir.resolve("file"));
    assertThatThrownBy(() -> Files.size(dir.resolve("file/below")))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Not a directory");
  }

  @Test
  void unlink_ofAnOpenFile_leavesItReadable() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "still here");
    try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
      Files.delete(file);
      assertThat(Files.exists(file)).isFalse();
      ByteBuffer into = ByteBuffer.allocate(10);
      channel.read(into, 0);
      assertThat(into.array()).isEqualTo(bytes("still here").array());
      channel.write(bytes("more"), 10);
      assertThat(channel.size()).isEqualTo(14);
    }
    // close(2) does not wait for the file system's release.
    Awaitility.await()
        .untilAsserted(
            () -> {
              try (var names = Files.list(dir)) {
                assertThat(names).isEmpty();
              }
            });
  }

  @Test
  void unlink_errors() throws IOException {
    assertThatThrownBy(() -> Files.delete(dir.resolve("nothing")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void mkdir_andRmdir_withTheirErrors() throws IOException {
    Path sub = Files.createDirectory(dir.resolve("sub"));
    assertThatThrownBy(() -> Files.createDirectory(sub))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(() -> Files.createDirectory(dir.resolve("no/sub")))
        .isInstanceOf(NoSuchFileException.class);
    Files.createFile(sub.resolve("file"));
    assertThatThrownBy(() -> Files.delete(sub)).isInstanceOf(DirectoryNotEmptyException.class);
    Files.delete(sub.resolve("file"));
    Files.delete(sub);
    assertThat(Files.exists(sub)).isFalse();
  }

  @Test
  void rename_overAFile_replacesIt() throws IOException {
    Path from = Files.writeString(dir.resolve("from"), "new");
    Path to = Files.writeString(dir.resolve("to"), "old");
    Files.move(from, to, ATOMIC_MOVE);
    assertThat(Files.readString(to)).isEqualTo("new");
    assertThat(Files.exists(from)).isFalse();
  }

  @Test
  void rename_overAnOpenFile_leavesTheReaderItsOwn() throws IOException {
    Path from = Files.writeString(dir.resolve("from"), "new");
    Path to = Files.writeString(dir.resolve("to"), "old");
    try (FileChannel reader = FileChannel.open(to, READ)) {
      Files.move(from, to, ATOMIC_MOVE);
      ByteBuffer into = ByteBuffer.allocate(3);
      reader.read(into, 0);
      assertThat(into.array()).isEqualTo(bytes("old").array());
    }
    assertThat(Files.readString(to)).isEqualTo("new");
  }

  @Test
  void rename_ofAnOpenFile_keepsTheWriterOnIt() throws IOException {
    Path from = dir.resolve("from");
    Path to = dir.resolve("to");
    try (FileChannel writer = FileChannel.open(from, CREATE, WRITE)) {
      writer.write(bytes("before "));
      Files.move(from, to, ATOMIC_MOVE);
      writer.write(bytes("after"));
    }
    assertThat(Files.readString(to)).isEqualTo("before after");
    assertThat(Files.exists(from)).isFalse();
  }

  @Test
  void rename_ofADirectory_takesEverythingAlong() throws IOException {
    Files.createDirectories(dir.resolve("from/a/b"));
    Files.writeString(dir.resolve("from/a/b/file"), "deep");
    Files.move(dir.resolve("from"), dir.resolve("to"), ATOMIC_MOVE);
    assertThat(Files.readString(dir.resolve("to/a/b/file"))).isEqualTo("deep");
    assertThat(Files.exists(dir.resolve("from/a"))).isFalse();
    Files.createDirectory(dir.resolve("empty"));
    Files.move(dir.resolve("to"), dir.resolve("empty"), ATOMIC_MOVE);
    assertThat(Files.readString(dir.resolve("empty/a/b/file"))).isEqualTo("deep");
  }

  @Test
  void rename_errors() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    Path full = dir.resolve("full");
    Files.createDirectories(full.resolve("sub"));
    Path other = Files.createDirectory(dir.resolve("other"));
    assertThatThrownBy(() -> Files.move(dir.resolve("nothing"), file, ATOMIC_MOVE))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> Files.move(other, full, ATOMIC_MOVE))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Directory not empty");
    assertThatThrownBy(() -> Files.move(file, other, ATOMIC_MOVE))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Is a directory");
    assertThatThrownBy(() -> Files.move(other, file, ATOMIC_MOVE))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Not a directory");
    assertThatThrownBy(() -> Files.move(full, full.resolve("sub/below"), ATOMIC_MOVE))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Invalid argument");
  }
}
