package colabfs.remote;

import static colabfs.remote.OpenFlag.CREATE;
import static colabfs.remote.OpenFlag.EXCLUSIVE;
import static colabfs.remote.OpenFlag.READ;
import static colabfs.remote.OpenFlag.TRUNCATE;
import static colabfs.remote.OpenFlag.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every promise of {@link RemoteFile} and of opening one, a test each. */
abstract class RemoteFileContract extends RemoteContract {

  // open

  @Test
  void open_ofAMissingFile_isEnoent() {
    assertThat(errno(open("/missing", READ))).isEqualTo(Errno.ENOENT);
    assertThat(errno(open("/missing", WRITE))).isEqualTo(Errno.ENOENT);
    assertThat(errno(open("/missing", WRITE, TRUNCATE))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void open_belowAMissingDirectory_isEnoent() {
    assertThat(errno(open("/missing/a", WRITE, CREATE))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void open_ofADirectory_isEisdir() {
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(open("/d", READ))).isEqualTo(Errno.EISDIR);
    assertThat(errno(open("/d", READ, WRITE))).isEqualTo(Errno.EISDIR);
    assertThat(errno(open("/d", WRITE, CREATE))).isEqualTo(Errno.EISDIR);
  }

  @Test
  void open_toCreate_makesAFileWithThosePermissions() {
    for (int permissions : new int[] {0644, 0600, 0777, 0666}) {
      String name = "/f" + permissions;
      get(get(fs().open(path(name), EnumSet.of(WRITE, CREATE), permissions)).close());
      FileAttrs attrs = get(fs().lstat(path(name)));
      assertThat(attrs.permissions()).isEqualTo(permissions);
      assertThat(attrs.sizeBytes()).isZero();
    }
  }

  @Test
  void open_toCreateWhatIsThere_keepsContentAndPermissions() {
    write("/a", "kept");
    get(fs().setattr(path("/a"), AttrChange.permissions(0600)));
    get(get(fs().open(path("/a"), EnumSet.of(READ, WRITE, CREATE), 0644)).close());
    assertThat(text("/a")).isEqualTo("kept");
    assertThat(get(fs().lstat(path("/a"))).permissions()).isEqualTo(0600);
  }

  @Test
  void open_exclusivelyOfWhatIsThere_isEexistAndKeepsIt() {
    write("/a", "kept");
    get(fs().mkdir(path("/d"), 0755));
    get(fs().symlink("missing", path("/l")));
    for (String name : List.of("/a", "/d", "/l")) {
      assertThat(errno(open(name, WRITE, CREATE, EXCLUSIVE, TRUNCATE))).isEqualTo(Errno.EEXIST);
    }
    assertThat(text("/a")).isEqualTo("kept");
  }

  @Test
  void open_toTruncate_cutsToNothing() {
    write("/a", "content");
    RemoteFile file = get(open("/a", WRITE, TRUNCATE));
    assertThat(get(fs().lstat(path("/a"))).sizeBytes()).isZero();
    get(file.close());
  }

  @Test
  void open_ofALink_isEloopAndItsTargetKeepsItsContent() {
    write("/a", "kept");
    get(fs().symlink("a", path("/l")));
    assertThat(errno(open("/l", READ))).isEqualTo(Errno.ELOOP);
    assertThat(errno(open("/l", WRITE, TRUNCATE))).isEqualTo(Errno.ELOOP);
    assertThat(errno(open("/l", WRITE, CREATE, TRUNCATE))).isEqualTo(Errno.ELOOP);
    assertThat(text("/a")).isEqualTo("kept");
  }

  // read

  @Test
  void read_inside_givesThatRange() {
    write("/a", "0123456789");
    RemoteFile file = get(open("/a", READ));
    assertThat(text(get(file.read(2, 3)))).isEqualTo("234");
    assertThat(text(get(file.read(0, 10)))).isEqualTo("0123456789");
    assertThat(text(get(file.read(4, 0)))).isEmpty();
    get(file.close());
  }

  @Test
  void read_acrossTheEnd_isShort_andPastIt_isEmpty() {
    write("/a", "0123456789");
    RemoteFile file = get(open("/a", READ));
    assertThat(text(get(file.read(8, 100)))).isEqualTo("89");
    assertThat(text(get(file.read(10, 5)))).isEmpty();
    assertThat(text(get(file.read(1 << 20, 1 << 20)))).isEmpty();
    get(file.close());
  }

  @Test
  void read_ofManyRequestsLength_isWhole() {
    byte[] content = noise(3_000_001);
    write("/a", content);
    RemoteFile file = get(open("/a", READ));
    assertThat(bytes(get(file.read(0, content.length)))).isEqualTo(content);
    assertThat(get(file.read(0, content.length + 500_000)).remaining()).isEqualTo(content.length);
    assertThat(get(file.read(2_900_000, 200_000)).remaining()).isEqualTo(100_001);
    get(file.close());
  }

  @Test
  void read_manyInFlight_eachGetsItsOwn() {
    byte[] content = noise(1 << 20);
    write("/a", content);
    RemoteFile file = get(open("/a", READ));
    List<CompletableFuture<ByteBuffer>> reads =
        IntStream.range(0, 256).mapToObj(i -> file.read(i * 4096L, 4096)).toList();
    for (int i = 0; i < reads.size(); i++) {
      ByteBuffer expected = ByteBuffer.wrap(content, i * 4096, 4096);
      assertThat(get(reads.get(i))).isEqualTo(expected);
    }
    get(file.close());
  }

  @Test
  void read_afterTheFileGrew_seesTheNewEnd() {
    write("/a", "short");
    RemoteFile file = get(open("/a", READ));
    assertThat(text(get(file.read(0, 100)))).isEqualTo("short");
    write("/a", "much longer");
    assertThat(text(get(file.read(0, 100)))).isEqualTo("much longer");
    get(file.close());
  }

  // write

  @Test
  void write_atOffsets_landsThere() {
    RemoteFile file = get(open("/a", READ, WRITE, CREATE));
    get(file.write(0, buffer("aaaaa")));
    get(file.write(2, buffer("b")));
    get(file.write(7, buffer("c")));
    assertThat(text(get(file.read(0, 100)))).isEqualTo("aabaa\0\0c");
    get(file.close());
  }

  @Test
  void write_ofManyRequestsLength_isWhole_andTheBufferStays() {
    byte[] content = noise(2_500_003);
    RemoteFile file = get(open("/a", WRITE, CREATE));
    ByteBuffer sent = ByteBuffer.wrap(content);
    get(file.write(0, sent));
    get(file.close());
    assertThat(bytes("/a")).isEqualTo(content);
  }

  @Test
  void write_pastFourGiB_isSparse() {
    RemoteFile file = get(open("/a", READ, WRITE, CREATE));
    long far = sparseOffset();
    get(file.write(far, buffer("end")));
    assertThat(get(file.fstat()).sizeBytes()).isEqualTo(far + 3);
    assertThat(text(get(file.read(far - 1, 10)))).isEqualTo("\0end");
    get(file.close());
  }

  /** Where to write what makes a large sparse file. */
  protected long sparseOffset() {
    return 5L << 30;
  }

  @Test
  void write_ofAFileOpenedToRead_fails_andKeepsTheContent() {
    write("/a", "kept");
    RemoteFile file = get(open("/a", READ));
    assertThat(errno(file.write(0, buffer("lost")))).isIn(Errno.EBADF, Errno.EACCES, Errno.EIO);
    get(file.close());
    assertThat(text("/a")).isEqualTo("kept");
  }

  // open files

  @Test
  void fsync_afterAWrite_ends() {
    RemoteFile file = get(open("/a", WRITE, CREATE));
    get(file.write(0, buffer("x")));
    get(file.fsync());
    get(file.close());
  }

  @Test
  void fstat_ofAnUnlinkedFile_isStillOfTheFile() {
    write("/a", "hello");
    RemoteFile file = get(open("/a", READ));
    get(fs().unlink(path("/a")));
    if (hasPosixFiles()) {
      assertThat(get(file.fstat()).sizeBytes()).isEqualTo(5);
    }
    assertThat(text(get(file.read(0, 10)))).isEqualTo("hello");
    get(file.close());
  }

  @Test
  void fsetattr_ofSizeTimesAndPermissions_takesEffect() {
    write("/a", "hello");
    RemoteFile file = get(open("/a", READ, WRITE));
    get(file.fsetattr(AttrChange.size(2)));
    get(file.fsetattr(AttrChange.permissions(0751)));
    get(file.fsetattr(AttrChange.times(5 * SECOND, 7 * SECOND)));
    FileAttrs attrs = get(fs().lstat(path("/a")));
    assertThat(attrs.sizeBytes()).isEqualTo(2);
    assertThat(attrs.permissions()).isEqualTo(0751);
    assertThat(attrs.mtimeNanos()).isEqualTo(7 * SECOND);
    assertThat(text(get(file.read(0, 10)))).isEqualTo("he");
    get(file.fsetattr(AttrChange.size(4)));
    assertThat(text(get(file.read(0, 10)))).isEqualTo(hasPosixFiles() ? "he\0\0" : "he");
    get(file.close());
  }

  @Test
  void close_thenAnyCall_isEbadf() {
    write("/a", "hello");
    RemoteFile file = get(open("/a", READ, WRITE));
    get(file.close());
    assertThat(errno(file.read(0, 1))).isEqualTo(Errno.EBADF);
    assertThat(errno(file.write(0, buffer("x")))).isEqualTo(Errno.EBADF);
    assertThat(errno(file.fstat())).isEqualTo(Errno.EBADF);
    assertThat(errno(file.fsync())).isEqualTo(Errno.EBADF);
    assertThat(errno(file.fsetattr(AttrChange.size(0)))).isEqualTo(Errno.EBADF);
    assertThat(errno(file.close())).isEqualTo(Errno.EBADF);
  }
}
