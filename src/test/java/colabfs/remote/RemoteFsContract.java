package colabfs.remote;

import static colabfs.core.RemotePath.ROOT;
import static colabfs.remote.OpenFlag.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Every promise of {@link RemoteFs}, a test each, with those of {@link RemoteFile}. Run on the fake
 * and on real servers, so that what is tested on the fake is true of them.
 */
public abstract class RemoteFsContract extends RemoteFileContract {

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
    assertThat(attrs.links()).as("1, or unknown").isIn(0, 1);
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
    settle();
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

  /** Not every server does: 0 then. */
  @Test
  void list_ofAFileWithTwoNames_tellsSo_ifItTellsAnything() {
    write("/a", "");
    write("/one", "");
    if (hasHardLinks()) {
      get(fs().link(path("/a"), path("/b")));
    }
    List<DirEntry> entries = get(fs().list(ROOT));
    assertThat(attrsOf(entries, "a").links()).isIn(0, hasHardLinks() ? 2 : 1);
    assertThat(attrsOf(entries, "one").links()).isIn(0, 1);
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

  // renameNew

  @Test
  void renameNew_toANewName_moves() {
    write("/a", "x");
    get(fs().mkdir(path("/d"), 0755));
    write("/d/f", "y");
    get(fs().symlink("missing", path("/l")));
    get(fs().renameNew(path("/a"), path("/d/b")));
    get(fs().renameNew(path("/d"), path("/e")));
    get(fs().renameNew(path("/l"), path("/m")));
    assertThat(text("/e/b")).isEqualTo("x");
    assertThat(text("/e/f")).isEqualTo("y");
    assertThat(get(fs().readlink(path("/m")))).isEqualTo("missing");
    assertThat(get(fs().list(ROOT))).extracting(DirEntry::name).containsExactlyInAnyOrder("e", "m");
  }

  @Test
  void renameNew_ontoAnythingThatIsThere_isEexist_andBothStay() {
    for (String source : List.of("file", "directory", "link", "dangling")) {
      for (String target : List.of("file", "directory", "full", "link", "dangling")) {
        String from = "/from-" + source + "-" + target;
        String to = "/to-" + source + "-" + target;
        make(source, from);
        make(target, to);
        FileAttrs fromBefore = get(fs().lstat(path(from)));
        FileAttrs toBefore = get(fs().lstat(path(to)));
        assertThat(errno(fs().renameNew(path(from), path(to))))
            .as("%s onto %s", source, target)
            .isEqualTo(Errno.EEXIST);
        assertSameThing(get(fs().lstat(path(from))), fromBefore);
        assertSameThing(get(fs().lstat(path(to))), toBefore);
        if (toBefore.isRegular()) {
          assertThat(text(to)).isEqualTo(to);
        }
        if (toBefore.isSymlink()) {
          assertThat(get(fs().readlink(path(to)))).endsWith(to.substring(1));
        }
      }
    }
  }

  /** Times may be told more exactly, or as the runtime has them, the second time. */
  private static void assertSameThing(FileAttrs now, FileAttrs before) {
    assertThat(now.type()).isEqualTo(before.type());
    assertThat(now.permissions()).isEqualTo(before.permissions());
    if (before.isRegular()) {
      assertThat(now.sizeBytes()).isEqualTo(before.sizeBytes());
    }
  }

  private void make(String kind, String name) {
    String bare = name.substring(1);
    switch (kind) {
      case "file" -> write(name, name);
      case "directory" -> get(fs().mkdir(path(name), 0755));
      case "full" -> {
        get(fs().mkdir(path(name), 0755));
        write(name + "/f", "");
      }
      case "link" -> {
        write("/target-of-" + bare, "");
        get(fs().symlink("target-of-" + bare, path(name)));
      }
      case "dangling" -> get(fs().symlink("nowhere-" + bare, path(name)));
      default -> throw new IllegalArgumentException(kind);
    }
  }

  @Test
  void renameNew_ontoItself_isEexist() {
    write("/a", "kept");
    assertThat(errno(fs().renameNew(path("/a"), path("/a")))).isEqualTo(Errno.EEXIST);
    assertThat(text("/a")).isEqualTo("kept");
  }

  @Test
  void renameNew_ofNothing_orToNowhere_isEnoent() {
    write("/b", "kept");
    assertThat(errno(fs().renameNew(path("/missing"), path("/c")))).isEqualTo(Errno.ENOENT);
    assertThat(errno(fs().renameNew(path("/b"), path("/missing/c")))).isEqualTo(Errno.ENOENT);
    assertThat(errno(fs().renameNew(path("/missing"), path("/b")))).isEqualTo(Errno.EEXIST);
    assertThat(text("/b")).isEqualTo("kept");
  }

  @Test
  void renameNew_intoItself_isEinval() {
    get(fs().mkdir(path("/d"), 0755));
    assertThat(errno(fs().renameNew(path("/d"), path("/d/e")))).isEqualTo(Errno.EINVAL);
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
    assertThat(attrs.atimeNanos() / SECOND).isEqualTo(123);
    assertThat(attrs.mtimeNanos() / SECOND).isEqualTo(456);
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
}
