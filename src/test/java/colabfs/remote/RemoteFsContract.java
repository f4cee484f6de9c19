package colabfs.remote;

import static colabfs.core.RemotePath.ROOT;
import static colabfs.remote.OpenFlag.CREATE;
import static colabfs.remote.OpenFlag.EXCLUSIVE;
import static colabfs.remote.OpenFlag.READ;
import static colabfs.remote.OpenFlag.TRUNCATE;
import static colabfs.remote.OpenFlag.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Every promise of {@link RemoteFs} and {@link RemoteFile}, a test each. Run on the fake and on
 * real servers, so that what is tested on the fake is true of them.
 */
public abstract class RemoteFsContract {
  private static final long SECOND = 1_000_000_000L;
  private static final int DEADLINE_SECONDS = 20;

  /** The file system under test: its root is empty, and the test's own. */
  protected abstract RemoteFs fs();

  /** Whether the server can make hard links. */
  protected boolean hasHardLinks() {
    return true;
  }

  /** Whether the server can tell how full it is. */
  protected boolean hasStatvfs() {
    return true;
  }

  /**
   * Whether the server's files are POSIX's. Java's own are not quite: they normalise a link's text,
   * a length does not extend them, an open file is looked at by its name, and what is below a file
   * is neither there nor missing.
   */
  protected boolean hasPosixFiles() {
    return true;
  }

  // lstat

  @Test
  void lstat_ofRoot_isADirectory() {
    assertThat(get(fs().lstat(ROOT)).isDirectory()).isTrue();
  }

  @Test
  void lstat_ofAFile_tellsTypeSizeAndPermissions() {
    write("/a", "hello");
    get(fs().setattr(path("/a"), AttrChange.permissions(0640)));
    FileAttrs attrs = get(fs().lstat(path("/a")));
    assertThat(attrs.type()).isEqualTo(FileType.REGULAR);
    assertThat(attrs.sizeBytes()).isEqualTo(5);
    assertThat(attrs.permissions()).isEqualTo(0640);
    assertThat(attrs.links()).isEqualTo(1);
  }

  @Test
  void lstat_ofAMissingName_isEnoent() {
    assertThat(errno(fs().lstat(path("/missing")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void lstat_belowAFile_isEnoentOrEnotdir() {
    write("/a", "");
    Errno errno = errnoOrNull(fs().lstat(path("/a/b")));
    assertThat(errno).isIn(Errno.ENOENT, Errno.ENOTDIR, hasPosixFiles() ? Errno.ENOENT : null);
  }

  @Test
  void lstat_ofALink_isOfTheLinkItself() {
    get(fs().symlink("missing", path("/l")));
    FileAttrs attrs = get(fs().lstat(path("/l")));
    assertThat(attrs.isSymlink()).isTrue();
    assertThat(attrs.sizeBytes()).isEqualTo(7);
  }

  @Test
  void lstat_throughALinkToADirectory_isOfTheFileThere() {
    get(fs().mkdir(path("/d"), 0755));
    write("/d/f", "123");
    get(fs().symlink("d", path("/l")));
    assertThat(get(fs().lstat(path("/l/f"))).sizeBytes()).isEqualTo(3);
  }

  @Test
  void lstat_manyInFlight_allAnswered() {
    write("/a", "x");
    List<CompletableFuture<FileAttrs>> asked =
        IntStream.range(0, 2000).mapToObj(i -> fs().lstat(path(i % 2 == 0 ? "/a" : "/"))).toList();
    for (int i = 0; i < asked.size(); i++) {
      assertThat(get(asked.get(i)).isRegular()).isEqualTo(i % 2 == 0);
    }
  }

  // list

  @Test
  void list_ofAnEmptyDirectory_isEmpty() {
    assertThat(get(fs().list(ROOT))).isEmpty();
  }

  @Test
  void list_ofSomeEntries_hasNamesAndAttributesWithoutDots() {
    write("/a", "hello");
    get(fs().mkdir(path("/d"), 0700));
    get(fs().symlink("a", path("/l")));
    List<DirEntry> entries = get(fs().list(ROOT));
    assertThat(entries).extracting(DirEntry::name).containsExactlyInAnyOrder("a", "d", "l");
    assertThat(attrsOf(entries, "a").sizeBytes()).isEqualTo(5);
    assertThat(attrsOf(entries, "d").type()).isEqualTo(FileType.DIRECTORY);
    assertThat(attrsOf(entries, "d").permissions() & 0777).isEqualTo(0700);
    assertThat(attrsOf(entries, "l").type()).isEqualTo(FileType.SYMLINK);
  }

  @Test
  void list_ofManyEntries_hasEachOnce() {
    List<CompletableFuture<Void>> made = new ArrayList<>();
    for (int i = 0; i < 1234; i++) {
      made.add(fs().symlink("x", path("/entry-" + i)));
    }
    made.forEach(RemoteFsContract::get);
    assertThat(get(fs().list(ROOT)))
        .extracting(DirEntry::name)
        .doesNotHaveDuplicates()
        .hasSize(1234);
  }

  @Test
  void list_ofAMissingDirectory_isEnoent() {
    assertThat(errno(fs().list(path("/missing")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void list_ofAFile_isEnotdir() {
    write("/a", "");
    assertThat(errno(fs().list(path("/a")))).isEqualTo(Errno.ENOTDIR);
  }

  @Test
  void list_ofALinkToADirectory_isEnotdir() {
    get(fs().mkdir(path("/d"), 0755));
    get(fs().symlink("d", path("/l")));
    assertThat(errno(fs().list(path("/l")))).isEqualTo(Errno.ENOTDIR);
  }

  @Test
  void names_ofAnyLetters_comeBackAsTheyWere() {
    List<String> names = List.of("äöü", "日本語", "a b", "emoji-🙂", "quote'\"\\", "new\nline", "-rf");
    names.forEach(name -> write("/" + name, name));
    assertThat(get(fs().list(ROOT)))
        .extracting(DirEntry::name)
        .containsExactlyInAnyOrderElementsOf(names);
    names.forEach(name -> assertThat(text("/" + name)).isEqualTo(name));
  }

  @Test
  void names_of255Bytes_areTaken() {
    String name = "n".repeat(255);
    write("/" + name, "x");
    assertThat(text("/" + name)).isEqualTo("x");
  }

  @Test
  void names_of256Bytes_areEnametoolong() {
    assertThat(errno(fs().mkdir(path("/" + "n".repeat(256)), 0755))).isEqualTo(Errno.ENAMETOOLONG);
  }

  // readlink, symlink

  @Test
  void readlink_ofALink_isItsTextAsStored() {
    for (String target : List.of("../x//y/", "/abs", "ä", ".")) {
      get(fs().symlink(target, path("/l")));
      String expected = hasPosixFiles() ? target : Path.of(target).toString();
      assertThat(get(fs().readlink(path("/l")))).isEqualTo(expected);
      get(fs().unlink(path("/l")));
    }
  }

  @Test
  void readlink_ofAFile_isEinval() {
    write("/a", "");
    assertThat(errno(fs().readlink(path("/a")))).isEqualTo(Errno.EINVAL);
  }

  @Test
  void readlink_ofAMissingName_isEnoent() {
    assertThat(errno(fs().readlink(path("/missing")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void symlink_ontoAnExistingName_isEexist() {
    write("/a", "");
    assertThat(errno(fs().symlink("x", path("/a")))).isEqualTo(Errno.EEXIST);
  }

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

  // mkdir, rmdir, unlink

  @Test
  void mkdir_ofANewName_hasThosePermissions() {
    for (int permissions : new int[] {0755, 0700, 0777}) {
      get(fs().mkdir(path("/d" + permissions), permissions));
      FileAttrs attrs = get(fs().lstat(path("/d" + permissions)));
      assertThat(attrs.isDirectory()).isTrue();
      assertThat(attrs.permissions() & 0777).isEqualTo(permissions);
    }
  }

  @Test
  void mkdir_ofAnExistingName_isEexist() {
    write("/a", "");
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().mkdir(path("/a"), 0755))).isEqualTo(Errno.EEXIST);
    assertThat(errno(fs().mkdir(path("/d"), 0755))).isEqualTo(Errno.EEXIST);
  }

  @Test
  void mkdir_belowAMissingDirectory_isEnoent() {
    assertThat(errno(fs().mkdir(path("/missing/d"), 0755))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void rmdir_ofAnEmptyDirectory_removesIt() {
    get(fs().mkdir(path("/d"), 0755));
    get(fs().rmdir(path("/d")));
    assertThat(errno(fs().lstat(path("/d")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void rmdir_ofAFullDirectory_isEnotempty() {
    get(fs().mkdir(path("/d"), 0755));
    write("/d/f", "");
    assertThat(errno(fs().rmdir(path("/d")))).isEqualTo(Errno.ENOTEMPTY);
  }

  @Test
  void rmdir_ofAFile_isEnotdir_andOfNothing_isEnoent() {
    write("/a", "");
    assertThat(errno(fs().rmdir(path("/a")))).isEqualTo(Errno.ENOTDIR);
    assertThat(errno(fs().rmdir(path("/missing")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void unlink_ofALink_removesTheLinkOnly() {
    write("/a", "kept");
    get(fs().symlink("a", path("/l")));
    get(fs().unlink(path("/l")));
    assertThat(errno(fs().lstat(path("/l")))).isEqualTo(Errno.ENOENT);
    assertThat(text("/a")).isEqualTo("kept");
  }

  @Test
  void unlink_ofADirectory_isEisdir_andOfNothing_isEnoent() {
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().unlink(path("/d")))).isEqualTo(Errno.EISDIR);
    assertThat(errno(fs().unlink(path("/missing")))).isEqualTo(Errno.ENOENT);
  }

  // rename

  @Test
  void rename_toANewName_moves() {
    write("/a", "x");
    get(fs().mkdir(path("/d"), 0755));
    get(fs().rename(path("/a"), path("/d/b")));
    assertThat(text("/d/b")).isEqualTo("x");
    assertThat(errno(fs().lstat(path("/a")))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void rename_ontoAFile_replacesIt_andLeavesNothingBehind() {
    write("/a", "new");
    write("/b", "old");
    get(fs().rename(path("/a"), path("/b")));
    assertThat(text("/b")).isEqualTo("new");
    assertThat(get(fs().list(ROOT))).extracting(DirEntry::name).containsExactly("b");
  }

  @Test
  void rename_ofADirectory_movesWhatIsInIt() {
    get(fs().mkdir(path("/d"), 0755));
    write("/d/f", "x");
    get(fs().rename(path("/d"), path("/e")));
    assertThat(text("/e/f")).isEqualTo("x");
  }

  @Test
  void rename_ofADirectoryOntoAnEmptyOne_replacesIt() {
    get(fs().mkdir(path("/d"), 0755));
    write("/d/f", "x");
    get(fs().mkdir(path("/e"), 0755));
    get(fs().rename(path("/d"), path("/e")));
    assertThat(text("/e/f")).isEqualTo("x");
  }

  @Test
  void rename_ofADirectoryOntoAFullOne_isEnotempty() {
    get(fs().mkdir(path("/d"), 0755));
    get(fs().mkdir(path("/e"), 0755));
    write("/e/f", "x");
    assertThat(errno(fs().rename(path("/d"), path("/e")))).isEqualTo(Errno.ENOTEMPTY);
  }

  @Test
  void rename_betweenFileAndDirectory_isEisdirOrEnotdir() {
    write("/a", "kept");
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().rename(path("/a"), path("/d")))).isEqualTo(Errno.EISDIR);
    assertThat(errno(fs().rename(path("/d"), path("/a")))).isEqualTo(Errno.ENOTDIR);
    assertThat(text("/a")).isEqualTo("kept");
  }

  @Test
  void rename_ofNothing_isEnoent_andKeepsTheTarget() {
    write("/b", "kept");
    assertThat(errno(fs().rename(path("/missing"), path("/b")))).isEqualTo(Errno.ENOENT);
    assertThat(errno(fs().rename(path("/missing"), path("/c")))).isEqualTo(Errno.ENOENT);
    assertThat(errno(fs().rename(path("/b"), path("/missing/c")))).isEqualTo(Errno.ENOENT);
    assertThat(text("/b")).isEqualTo("kept");
  }

  @Test
  void rename_intoItself_isEinval() {
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().rename(path("/d"), path("/d/e")))).isEqualTo(Errno.EINVAL);
  }

  @Test
  void rename_ofALink_movesTheLinkItself() {
    write("/a", "kept");
    get(fs().symlink("a", path("/l")));
    get(fs().rename(path("/l"), path("/m")));
    assertThat(get(fs().readlink(path("/m")))).isEqualTo("a");
    assertThat(text("/a")).isEqualTo("kept");
  }

  // link

  @Test
  void link_toAFile_isASecondName() {
    write("/a", "one");
    if (!hasHardLinks()) {
      assertThat(errno(fs().link(path("/a"), path("/b")))).isEqualTo(Errno.EOPNOTSUPP);
      return;
    }
    get(fs().link(path("/a"), path("/b")));
    RemoteFile file = get(open("/b", WRITE));
    get(file.write(0, buffer("two")));
    get(file.close());
    assertThat(text("/a")).isEqualTo("two");
  }

  @Test
  void link_ontoAnExistingName_isEexist() {
    write("/a", "a");
    write("/b", "b");
    Errno expected = hasHardLinks() ? Errno.EEXIST : Errno.EOPNOTSUPP;
    assertThat(errno(fs().link(path("/a"), path("/b")))).isEqualTo(expected);
    assertThat(text("/b")).isEqualTo("b");
  }

  // setattr

  @Test
  void setattr_ofSize_cutsAndExtendsWithZeroes() {
    write("/a", "hello");
    get(fs().setattr(path("/a"), AttrChange.size(2)));
    assertThat(text("/a")).isEqualTo("he");
    get(fs().setattr(path("/a"), AttrChange.size(4)));
    assertThat(text("/a")).isEqualTo(hasPosixFiles() ? "he\0\0" : "he");
  }

  @Test
  void setattr_ofSizeOfADirectory_isEisdir() {
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().setattr(path("/d"), AttrChange.size(0)))).isEqualTo(Errno.EISDIR);
  }

  @Test
  void setattr_ofTimes_keepsWholeSeconds() {
    write("/a", "");
    get(fs().setattr(path("/a"), AttrChange.times(123 * SECOND + 5, 456 * SECOND + 7)));
    FileAttrs attrs = get(fs().lstat(path("/a")));
    assertThat(attrs.atimeNanos()).isEqualTo(123 * SECOND);
    assertThat(attrs.mtimeNanos()).isEqualTo(456 * SECOND);
  }

  @Test
  void setattr_ofPermissions_keepsAllTwelveBits() {
    write("/a", "");
    get(fs().setattr(path("/a"), AttrChange.permissions(specialPermissions())));
    assertThat(get(fs().lstat(path("/a"))).permissions()).isEqualTo(specialPermissions());
  }

  /** Permissions with as many of the three special bits as the server keeps. */
  protected int specialPermissions() {
    return 06755;
  }

  @Test
  void setattr_ofAMissingName_isEnoent() {
    assertThat(errno(fs().setattr(path("/missing"), AttrChange.permissions(0600))))
        .isEqualTo(Errno.ENOENT);
    assertThat(errno(fs().setattr(path("/missing"), AttrChange.size(0)))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void setattr_ofALinksPermissions_isEopnotsupp_andItsTargetStays() {
    write("/a", "");
    get(fs().setattr(path("/a"), AttrChange.permissions(0600)));
    get(fs().symlink("a", path("/l")));
    assertThat(errno(fs().setattr(path("/l"), AttrChange.permissions(0777))))
        .isEqualTo(Errno.EOPNOTSUPP);
    assertThat(get(fs().lstat(path("/a"))).permissions()).isEqualTo(0600);
  }

  @Test
  void setattr_ofALinksTimes_neverTouchesItsTarget() {
    write("/a", "");
    get(fs().setattr(path("/a"), AttrChange.times(SECOND, SECOND)));
    get(fs().symlink("a", path("/l")));
    Errno refused = errnoOrNull(fs().setattr(path("/l"), AttrChange.times(9 * SECOND, 9 * SECOND)));
    assertThat(refused).isIn(null, Errno.EOPNOTSUPP);
    assertThat(get(fs().lstat(path("/a"))).mtimeNanos()).isEqualTo(SECOND);
  }

  @Test
  void setattr_ofALinksSize_isRefused_andItsTargetStays() {
    write("/a", "kept");
    get(fs().symlink("a", path("/l")));
    assertThat(errno(fs().setattr(path("/l"), AttrChange.size(0))))
        .isIn(Errno.EINVAL, Errno.EOPNOTSUPP);
    assertThat(text("/a")).isEqualTo("kept");
  }

  // statvfs

  @Test
  void statvfs_ofRoot_isPlausible() {
    if (!hasStatvfs()) {
      assertThat(errno(fs().statvfs(ROOT))).isEqualTo(Errno.EOPNOTSUPP);
      return;
    }
    FsStats stats = get(fs().statvfs(ROOT));
    assertThat(stats.blockSizeBytes()).isPositive();
    assertThat(stats.blocks()).isGreaterThanOrEqualTo(stats.blocksFree());
    assertThat(stats.nameMaxBytes()).isGreaterThanOrEqualTo(RemotePath.NAME_MAX_BYTES);
  }

  // What the tests are written with.

  protected static RemotePath path(String text) {
    return RemotePath.of(text);
  }

  protected static <T> T get(CompletableFuture<T> asked) {
    try {
      return asked.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return fail(e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      return fail(e);
    }
  }

  /** The error that the call ends with; raw, as the port promises, not wrapped in another. */
  protected static Errno errno(CompletableFuture<?> asked) {
    Errno errno = errnoOrNull(asked);
    return errno == null ? fail("should have failed") : errno;
  }

  private static @Nullable Errno errnoOrNull(CompletableFuture<?> asked) {
    try {
      Throwable failure =
          asked.handle((value, thrown) -> thrown).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      if (failure == null) {
        return null;
      }
      assertThat(failure).isInstanceOf(FsException.class);
      return ((FsException) failure).errno();
    } catch (ExecutionException | TimeoutException | InterruptedException e) {
      return fail(e);
    }
  }

  private CompletableFuture<RemoteFile> open(String name, OpenFlag first, OpenFlag... more) {
    Set<OpenFlag> flags = EnumSet.of(first, more);
    return fs().open(path(name), flags, 0644);
  }

  private void write(String name, String content) {
    write(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private void write(String name, byte[] content) {
    RemoteFile file = get(open(name, WRITE, CREATE, TRUNCATE));
    get(file.write(0, ByteBuffer.wrap(content)));
    get(file.close());
  }

  private String text(String name) {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }

  private byte[] bytes(String name) {
    RemoteFile file = get(open(name, READ));
    byte[] content = bytes(get(file.read(0, 4 << 20)));
    get(file.close());
    return content;
  }

  private static String text(ByteBuffer buffer) {
    return new String(bytes(buffer), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static ByteBuffer buffer(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(42).nextBytes(bytes);
    return bytes;
  }

  private static FileAttrs attrsOf(List<DirEntry> entries, String name) {
    return entries.stream().filter(e -> e.name().equals(name)).findAny().orElseThrow().attrs();
  }
}
