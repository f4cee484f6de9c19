package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.close;
import static colabfs.fs.TestMount.path;
import static colabfs.fs.TestMount.write;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemotePermissions;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class NamesTest {
  private final TestMount mount = new TestMount();

  @Test
  @DisplayName("Own changes of names are seen at once.")
  void names_ownChanges_areSeenAtOnce() throws FsException {
    assertThat(mount.names("/")).isEmpty();
    mount.fs.mkdir(path("/d"), 0755);
    mount.save("/d/a", "x");
    mount.fs.symlink("a", path("/d/l"));
    mount.fs.link(path("/d/a"), path("/d/b"));
    assertThat(mount.names("/")).containsExactly("d");
    assertThat(mount.names("/d")).containsExactly("a", "b", "l");
    mount.fs.unlink(path("/d/a"));
    mount.fs.rename(path("/d/b"), path("/d/c"));
    assertThat(mount.names("/d")).containsExactly("c", "l");
    assertThat(mount.exists("/d/a")).isFalse();
    mount.fs.unlink(path("/d/l"));
    mount.fs.unlink(path("/d/c"));
    mount.fs.rmdir(path("/d"));
    assertThat(mount.exists("/d")).isFalse();
    assertThat(mount.remote.exists("/d")).isFalse();
  }

  @Test
  @DisplayName("What somebody else did is seen within the time to live, or at once when told.")
  void names_foreignChanges_areSeenInTime() throws FsException {
    mount.remote.put("/a", "x");
    assertThat(mount.names("/")).containsExactly("a");
    mount.remote.put("/b", "x");
    mount.pass(Duration.ofSeconds(21));
    assertThat(mount.names("/")).containsExactly("a", "b");
    mount.remote.put("/c", "x");
    assertThat(mount.exists("/c")).isFalse();
    mount.fs.invalidateAll();
    assertThat(mount.exists("/c")).isTrue();
    assertThat(mount.names("/")).containsExactly("a", "b", "c");
  }

  @Test
  void open_removedBySomebodyElse_isKnownToBeGone() throws FsException {
    mount.save("/a", "mine");
    mount.remote.remove("/a");
    assertFails(Errno.ENOENT, () -> mount.open("/a", OpenMode.WRITE));
    assertFails(Errno.ENOENT, () -> mount.fs.getattr(path("/a")));
    mount.save("/a", "again");
    assertThat(mount.remote.text("/a")).isEqualTo("again");
  }

  @Test
  void open_removedBySomebodyElseWhileStillOpenHere_isKnownToBeGone() throws FsException {
    FileHandle before = mount.create("/a");
    before.flush();
    mount.remote.remove("/a");
    assertFails(Errno.ENOENT, () -> mount.open("/a", OpenMode.WRITE));
    mount.save("/a", "again");
    assertThat(mount.remote.text("/a")).isEqualTo("again");
    close(before);
  }

  @Test
  @DisplayName("rename replaces an existing target.")
  void rename_overExisting_replaces() throws FsException {
    mount.save("/a", "new");
    mount.save("/b", "old");
    assertThat(mount.read("/b")).isEqualTo("old");
    mount.fs.rename(path("/a"), path("/b"));
    assertThat(mount.read("/b")).isEqualTo("new");
    assertThat(mount.names("/")).containsExactly("b");
  }

  @Test
  @DisplayName("Renaming one name of a file over another of its names does nothing.")
  void rename_overOwnHardLink_doesNothing() throws FsException {
    mount.save("/a", "x");
    mount.fs.link(path("/a"), path("/b"));
    mount.fs.rename(path("/a"), path("/b"));
    assertThat(mount.names("/")).containsExactly("a", "b");
  }

  @Test
  @DisplayName("A directory cannot be renamed into itself, and not over one that is not empty.")
  void rename_impossible_fails() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.remote.put("/e/a", "x");
    assertFails(Errno.EINVAL, () -> mount.fs.rename(path("/d"), path("/d/x")));
    assertFails(Errno.ENOTEMPTY, () -> mount.fs.rename(path("/d"), path("/e")));
    assertThat(mount.names("/d")).containsExactly("a");
    assertFails(Errno.ENOENT, () -> mount.fs.rename(path("/none"), path("/x")));
  }

  @Test
  @DisplayName("Errors are the ones that a local disk gives.")
  void calls_onTheWrongKind_failAsLocally() throws FsException {
    mount.remote.put("/d/a", "x");
    mount.remote.putLink("/l", "d/a");
    assertFails(Errno.EISDIR, () -> mount.open("/d", OpenMode.READ));
    assertFails(Errno.ELOOP, () -> mount.open("/l", OpenMode.READ));
    assertFails(Errno.ENOENT, () -> mount.open("/none", OpenMode.READ));
    assertFails(Errno.ENOTDIR, () -> mount.fs.readdir(path("/d/a")));
    assertFails(Errno.ENOTEMPTY, () -> mount.fs.rmdir(path("/d")));
    assertFails(Errno.EISDIR, () -> mount.fs.unlink(path("/d")));
    assertFails(Errno.EISDIR, () -> mount.fs.truncate(path("/d"), 0));
    assertFails(Errno.EEXIST, () -> mount.fs.mkdir(path("/d"), 0755));
    assertFails(Errno.EINVAL, () -> mount.fs.readlink(path("/d/a")));
    assertFails(Errno.ENAMETOOLONG, () -> mount.fs.mkdir(path("/" + "n".repeat(256)), 0755));
    mount.fs.mkdir(path("/" + "n".repeat(255)), 0755);
  }

  @Test
  @DisplayName("A read-only mount changes nothing.")
  void readOnly_changes_fail() throws FsException {
    TestMount readOnly = new TestMount(TestMount.settings(false, true));
    readOnly.remote.put("/a", "x");
    assertThat(readOnly.read("/a")).isEqualTo("x");
    assertFails(Errno.EROFS, () -> readOnly.open("/a", OpenMode.WRITE));
    assertFails(Errno.EROFS, () -> readOnly.create("/b"));
    assertFails(Errno.EROFS, () -> readOnly.fs.unlink(path("/a")));
    assertFails(Errno.EROFS, () -> readOnly.fs.access(path("/a"), RemotePermissions.WRITE));
    assertThat(readOnly.remote.calls(Op.UNLINK)).isZero();
  }

  @Test
  @DisplayName("Inode numbers are the same in the next mount.")
  void inode_ofUnchangedPath_isStable() throws FsException {
    mount.remote.put("/d/a", "x");
    long number = mount.fs.getattr(path("/d/a")).inode();
    TestMount next = new TestMount();
    next.remote.put("/d/a", "x");
    assertThat(next.fs.getattr(path("/d/a")).inode()).isEqualTo(number).isNotZero();
    assertThat(mount.fs.readdir(path("/d")).get(0).attrs().inode()).isEqualTo(number);
  }

  @Test
  @DisplayName("A renamed file keeps its inode number, and a new file in its place gets another.")
  void inode_afterRename_movesAlong() throws FsException {
    mount.save("/d", "x");
    mount.fs.unlink(path("/d"));
    mount.fs.mkdir(path("/d"), 0755);
    mount.save("/d/a", "x");
    long number = mount.fs.getattr(path("/d/a")).inode();
    mount.fs.rename(path("/d/a"), path("/d/a~"));
    mount.save("/d/a", "y");
    assertThat(mount.fs.getattr(path("/d/a~")).inode()).isEqualTo(number);
    assertThat(mount.fs.getattr(path("/d/a")).inode()).isNotEqualTo(number);
    mount.fs.rename(path("/d"), path("/e"));
    assertThat(mount.fs.getattr(path("/e/a~")).inode()).isEqualTo(number);
    mount.fs.mkdir(path("/d"), 0755);
    mount.save("/d/a", "z");
    assertThat(mount.fs.getattr(path("/d/a")).inode()).isNotEqualTo(number);
  }

  @Test
  @DisplayName("Names of one file have one inode number and are counted.")
  void inode_ofHardLinks_isShared() throws FsException {
    mount.save("/a", "x");
    mount.fs.link(path("/a"), path("/b"));
    FileAttrs one = mount.fs.getattr(path("/a"));
    FileAttrs other = mount.fs.getattr(path("/b"));
    assertThat(other.inode()).isEqualTo(one.inode());
    assertThat(one.links()).isEqualTo(2);
    mount.fs.unlink(path("/a"));
    assertThat(mount.fs.getattr(path("/b")).links()).isEqualTo(1);
  }

  @Test
  @DisplayName("What is written through one name of a file is seen through its other names.")
  void hardLink_writtenThroughOneName_isSeenThroughTheOther() throws FsException {
    mount.save("/a", "x");
    mount.fs.link(path("/a"), path("/b"));
    assertThat(mount.fs.getattr(path("/b")).sizeBytes()).isEqualTo(1);
    mount.save("/a", "longer");
    assertThat(mount.fs.getattr(path("/b")).sizeBytes()).isEqualTo(6);
    assertThat(mount.read("/b")).isEqualTo("longer");
  }

  @Test
  @DisplayName("Directories show one link, so that find looks into each.")
  void directory_links_areOne() throws FsException {
    mount.remote.put("/d/a", "x");
    assertThat(mount.fs.getattr(path("/d")).links()).isEqualTo(1);
  }

  @Test
  @DisplayName("The login's files are shown as the mounting user's; others keep their numbers.")
  void owners_areMapped() throws FsException {
    mount.remote.put("/mine", "x");
    mount.remote.put("/other", "x");
    mount.remote.change("/other", AttrChange.owner(33, 34));
    assertThat(mount.fs.getattr(path("/mine")).uid()).isEqualTo(TestMount.LOCAL_UID);
    assertThat(mount.fs.getattr(path("/mine")).gid()).isEqualTo(TestMount.LOCAL_GID);
    assertThat(mount.fs.getattr(path("/other")).uid()).isEqualTo(33);
    mount.fs.chown(path("/other"), TestMount.LOCAL_UID, -1);
    assertThat(mount.remote.attrs("/other").uid()).isZero();
    assertThat(mount.remote.attrs("/other").gid()).isEqualTo(34);
    assertThat(mount.fs.getattr(path("/other")).uid()).isEqualTo(TestMount.LOCAL_UID);
  }

  @Test
  @DisplayName("access answers what the login may do.")
  void access_followsTheLogin() throws FsException {
    TestMount plain =
        new TestMount(TestMount.settings(), null, new RemoteIdentity(500, 500, Set.of(500, 7)));
    plain.remote.put("/a", "x");
    plain.remote.change("/a", AttrChange.owner(1, 7));
    plain.remote.change("/a", AttrChange.permissions(0640));
    plain.fs.access(path("/a"), RemotePermissions.READ);
    assertFails(Errno.EACCES, () -> plain.fs.access(path("/a"), RemotePermissions.WRITE));
    mount.remote.put("/a", "x");
    mount.fs.access(path("/a"), RemotePermissions.READ | RemotePermissions.WRITE);
    assertFails(Errno.EACCES, () -> mount.fs.access(path("/a"), RemotePermissions.EXECUTE));
    assertFails(Errno.ENOENT, () -> mount.fs.access(path("/none"), 0));
  }

  @Test
  @DisplayName("A login that may write but not set times still saves without an error.")
  void flush_ofAnothersFile_succeeds() throws FsException {
    TestMount plain =
        new TestMount(TestMount.settings(), null, new RemoteIdentity(500, 500, Set.of(500)));
    plain.remote.put("/a", "x");
    plain.remote.change("/a", AttrChange.permissions(0666));
    FileHandle file = plain.open("/a", OpenMode.WRITE);
    write(file, 1, "y");
    close(file);
    assertThat(plain.remote.text("/a")).isEqualTo("xy");
    assertThat(plain.remote.calls(Op.FSETATTR)).isZero();
    assertThat(plain.fs.getattr(path("/a")).sizeBytes()).isEqualTo(2);
  }

  @Test
  @DisplayName("Mode and owner changes are shown at once, with a new ctime and the old mtime.")
  void chmod_movesCtimeOnly() throws FsException {
    mount.save("/a", "x");
    long mtime = mount.fs.getattr(path("/a")).mtimeNanos();
    mount.pass(Duration.ofSeconds(2));
    mount.fs.chmod(path("/a"), 0600);
    FileAttrs after = mount.fs.getattr(path("/a"));
    assertThat(after.permissions()).isEqualTo(0600);
    assertThat(after.mtimeNanos()).isEqualTo(mtime);
    assertThat(after.ctimeNanos()).isEqualTo(NewNames.nanos(mount.now()));
    mount.pass(Duration.ofMinutes(1));
    assertThat(mount.fs.getattr(path("/a"))).isEqualTo(after);
  }

  @Test
  @DisplayName("A server that cannot tell how full it is does not keep programs from writing.")
  void statfs_unsupported_isPlausible() throws FsException {
    mount.remote.failNext(Op.STATVFS, Errno.EOPNOTSUPP);
    assertThat(mount.fs.statfs(path("/")).blocksAvailable()).isPositive();
  }
}
