package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.bytes;
import static colabfs.fs.TestMount.close;
import static colabfs.fs.TestMount.path;
import static colabfs.fs.TestMount.pattern;
import static colabfs.fs.TestMount.text;
import static colabfs.fs.TestMount.write;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs.Op;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class FilesTest {
  private final TestMount mount = new TestMount();

  @Test
  @DisplayName(
      "What a program wrote and closed is on the runtime, or with write-back in the journal.")
  void closed_file_isOnTheRuntime() throws FsException {
    mount.save("/a", "hello");
    assertThat(mount.remote.text("/a")).isEqualTo("hello");
    assertThat(mount.read("/a")).isEqualTo("hello");
  }

  @Test
  @DisplayName("A read sees every write that returned before it, through any handle of the file.")
  void read_afterWrite_seesIt() throws FsException {
    FileHandle writer = mount.create("/a");
    write(writer, 0, "hello");
    FileHandle reader = mount.open("/a", OpenMode.READ);
    write(writer, 5, " world");
    assertThat(text(reader)).isEqualTo("hello world");
    write(writer, 0, "J");
    assertThat(text(reader)).isEqualTo("Jello world");
    close(writer);
    close(reader);
  }

  @Test
  @DisplayName("Size and times of a file that is being written are shown as they are here.")
  void getattr_whileWriting_showsSize() throws FsException {
    FileHandle writer = mount.create("/a");
    write(writer, 0, "12345");
    FileAttrs attrs = mount.fs.getattr(path("/a"));
    assertThat(attrs.sizeBytes()).isEqualTo(5);
    assertThat(attrs.mtimeNanos()).isEqualTo(NewNames.nanos(mount.now()));
    close(writer);
  }

  @Test
  @DisplayName("A removed file goes from the runtime with its last handle.")
  void hide_openFile_goesWithItsLastHandle() throws FsException {
    mount.save("/a", "hello");
    FileHandle first = mount.open("/a", OpenMode.READ);
    FileHandle second = mount.open("/a", OpenMode.READ);
    mount.fs.hide(path("/a"), path("/.hidden"));
    close(first);
    assertThat(text(second)).isEqualTo("hello");
    assertThat(mount.remote.attrs("/.hidden").isRegular()).isTrue();
    close(second);
    assertFails(Errno.ENOENT, () -> mount.fs.getattr(path("/.hidden")));
    assertThat(mount.fs.readdir(RemotePath.ROOT)).isEmpty();
  }

  @Test
  @DisplayName("A file that is closed while it is being removed does not stay on the runtime.")
  void hide_closedMeanwhile_goesAtOnce() throws FsException {
    mount.save("/a", "hello");
    mount.fs.hide(path("/a"), path("/.hidden"));
    assertFails(Errno.ENOENT, () -> mount.fs.getattr(path("/.hidden")));
    assertThat(mount.fs.readdir(RemotePath.ROOT)).isEmpty();
  }

  @Test
  @DisplayName("Times never move by themselves: not at close, nor when the runtime is asked again.")
  void times_afterClose_doNotMove() throws FsException {
    mount.save("/a", "hello");
    FileAttrs before = mount.fs.getattr(path("/a"));
    mount.pass(Duration.ofMinutes(1));
    FileAttrs after = mount.fs.getattr(path("/a"));
    assertThat(after).isEqualTo(before);
    assertThat(mount.remote.calls(Op.LSTAT)).isPositive();
  }

  @Test
  @DisplayName("Nanoseconds of utimens are kept.")
  void utimens_nanoseconds_areKept() throws FsException {
    mount.remote.put("/a", "x");
    mount.fs.utimens(path("/a"), new AttrChange.Times(1_000_000_001L, 2_000_000_002L));
    mount.pass(Duration.ofMinutes(1));
    assertThat(mount.fs.getattr(path("/a")).mtimeNanos()).isEqualTo(2_000_000_002L);
    assertThat(mount.fs.getattr(path("/a")).atimeNanos()).isEqualTo(1_000_000_001L);
  }

  @Test
  @DisplayName("Times set while a file is written are not overwritten by its close.")
  void utimens_ofOpenFile_staysAtClose() throws FsException {
    FileHandle file = mount.create("/a");
    write(file, 0, "x");
    mount.fs.utimens(path("/a"), new AttrChange.Times(5_000_000_000L, 7_000_000_000L));
    close(file);
    assertThat(mount.remote.attrs("/a").mtimeNanos()).isEqualTo(7_000_000_000L);
    assertThat(mount.fs.getattr(path("/a")).mtimeNanos()).isEqualTo(7_000_000_000L);
  }

  @Test
  @DisplayName("O_APPEND writes at the end, whatever other handles wrote before.")
  void append_afterOtherHandlesWrote_goesToTheEnd() throws FsException {
    mount.remote.put("/a", "one");
    FileHandle append = mount.open("/a", new OpenMode(false, true, true, false, false));
    FileHandle writer = mount.open("/a", OpenMode.WRITE);
    write(writer, 3, " two");
    write(append, 0, " three");
    close(append);
    close(writer);
    assertThat(mount.remote.text("/a")).isEqualTo("one two three");
  }

  @Test
  @DisplayName("O_TRUNC empties the file at once, for every handle.")
  void open_truncating_emptiesTheFile() throws FsException {
    mount.remote.put("/a", "old content");
    FileHandle reader = mount.open("/a", OpenMode.READ);
    assertThat(text(reader)).isEqualTo("old content");
    FileHandle writer = mount.open("/a", new OpenMode(false, true, false, true, false));
    assertThat(text(reader)).isEmpty();
    write(writer, 0, "new");
    assertThat(text(reader)).isEqualTo("new");
    close(writer);
    close(reader);
    assertThat(mount.remote.text("/a")).isEqualTo("new");
  }

  @Test
  @DisplayName("O_EXCL fails when somebody else made the file a moment ago.")
  void create_exclusive_failsForForeignFile() throws FsException {
    assertThat(mount.exists("/a")).isFalse();
    mount.remote.put("/a", "theirs");
    assertFails(
        Errno.EEXIST,
        () -> mount.fs.create(path("/a"), 0644, new OpenMode(true, true, false, false, true)));
    assertThat(mount.remote.text("/a")).isEqualTo("theirs");
  }

  @Test
  @DisplayName("A file that somebody else made a moment ago is opened, not taken for empty.")
  void create_whereForeignFileAppeared_opensIt() throws FsException {
    assertThat(mount.exists("/a")).isFalse();
    mount.remote.put("/a", "theirs");
    FileHandle file = mount.create("/a");
    assertThat(text(file)).isEqualTo("theirs");
    close(file);
  }

  @Test
  @DisplayName("truncate cuts and extends with zeroes, open or closed.")
  void truncate_openOrClosed_cutsAndExtends() throws FsException {
    mount.remote.put("/a", "hello");
    mount.fs.truncate(path("/a"), 2);
    assertThat(mount.read("/a")).isEqualTo("he");
    FileHandle file = mount.open("/a", OpenMode.READ_WRITE);
    file.ftruncate(4);
    assertThat(text(file)).isEqualTo("he\0\0");
    assertThat(file.fgetattr().sizeBytes()).isEqualTo(4);
    file.ftruncate(1);
    file.ftruncate(3);
    assertThat(text(file)).isEqualTo("h\0\0");
    close(file);
    assertThat(mount.remote.text("/a")).isEqualTo("h\0\0");
  }

  @Test
  @DisplayName("A hole reads as zeroes.")
  void write_pastTheEnd_leavesZeroes() throws FsException {
    FileHandle file = mount.create("/a");
    write(file, 0, "start");
    write(file, 300_000, "end");
    byte[] all = bytes(file, 0, 1 << 20);
    assertThat(all).hasSize(300_003);
    assertThat(new String(all, 0, 5, java.nio.charset.StandardCharsets.UTF_8)).isEqualTo("start");
    assertThat(all[5]).isZero();
    assertThat(all[299_999]).isZero();
    close(file);
    assertThat(mount.remote.content("/a")).isEqualTo(all);
  }

  @Test
  @DisplayName("A file larger than its blocks is read back byte for byte.")
  void read_largeFile_isWhole() throws FsException {
    byte[] content = pattern(1_000_003);
    mount.remote.put("/a", content);
    FileHandle file = mount.open("/a", OpenMode.READ);
    assertThat(bytes(file, 0, 2 << 20)).isEqualTo(content);
    assertThat(bytes(file, 999_999, 100))
        .isEqualTo(java.util.Arrays.copyOfRange(content, 999_999, 1_000_003));
    assertThat(bytes(file, 1_000_003, 10)).isEmpty();
    close(file);
  }

  @Test
  @DisplayName("A random read fetches little more than it was asked for.")
  void read_random_fetchesLittle() throws FsException {
    byte[] content = pattern(1 << 20);
    mount.remote.put("/a", content);
    FileHandle file = mount.open("/a", OpenMode.READ);
    assertThat(bytes(file, 700_000, 4096))
        .isEqualTo(java.util.Arrays.copyOfRange(content, 700_000, 704_096));
    assertThat(mount.fs.figures().blockBytes()).isZero();
    assertThat(mount.remote.calls(Op.READ)).isEqualTo(1);
    close(file);
  }

  @Test
  @DisplayName("An error of a write that had returned is told at flush, once.")
  void flush_afterFailedWrite_tellsOnce() throws FsException {
    FileHandle file = mount.create("/a");
    mount.remote.failNext(Op.WRITE, Errno.ENOSPC);
    assertFails(
        Errno.ENOSPC,
        () -> {
          write(file, 0, "x");
          file.flush();
        });
    file.flush();
    file.release();
  }

  @Test
  @DisplayName("A program that crashed without closing has its writes sent.")
  void release_withoutFlush_sends() throws FsException {
    FileHandle file = mount.create("/a");
    write(file, 0, "unsaved");
    file.release();
    assertThat(mount.remote.text("/a")).isEqualTo("unsaved");
    assertThat(mount.remote.openHandles()).isZero();
  }

  @Test
  @DisplayName("A file that was renamed or removed while open goes on being written and read.")
  void openFile_renamedAndRemoved_goesOn() throws FsException {
    FileHandle file = mount.create("/a");
    write(file, 0, "one");
    mount.fs.rename(path("/a"), path("/b"));
    write(file, 3, "two");
    assertThat(mount.fs.getattr(path("/b")).sizeBytes()).isEqualTo(6);
    file.flush();
    assertThat(mount.remote.text("/b")).isEqualTo("onetwo");
    mount.fs.unlink(path("/b"));
    write(file, 6, "three");
    assertThat(text(file)).isEqualTo("onetwothree");
    assertThat(file.fgetattr().sizeBytes()).isEqualTo(11);
    close(file);
    assertThat(mount.exists("/b")).isFalse();
  }

  @Test
  @DisplayName(
      "A file whose directory was renamed while it was open is flushed under its new name.")
  void openFile_whoseDirectoryMoved_isKnownThere() throws FsException {
    mount.fs.mkdir(path("/d"), 0755);
    FileHandle file = mount.create("/d/a");
    write(file, 0, "one");
    mount.fs.rename(path("/d"), path("/e"));
    write(file, 3, "two");
    close(file);
    assertThat(mount.read("/e/a")).isEqualTo("onetwo");
    assertThat(mount.exists("/d/a")).isFalse();
  }

  @Test
  @DisplayName("A reader of a file that was replaced goes on reading the old one.")
  void openFile_replaced_goesOnReadingTheOld() throws FsException {
    mount.save("/a", "old");
    mount.save("/b", "new");
    FileHandle file = mount.open("/a", OpenMode.READ);
    mount.fs.rename(path("/b"), path("/a"));
    assertThat(text(file)).isEqualTo("old");
    assertThat(mount.read("/a")).isEqualTo("new");
    close(file);
  }

  @Test
  @DisplayName("A reader never sees two versions in one open: after a lost connection it gets EIO.")
  void read_afterReconnectToAnotherVersion_fails() throws FsException {
    mount.remote.put("/a", pattern(1 << 20));
    FileHandle file = mount.open("/a", OpenMode.READ);
    bytes(file, 0, 4096);
    mount.remote.disconnect();
    mount.remote.reconnect();
    mount.remote.put("/a", pattern((1 << 20) + 1));
    assertFails(Errno.EIO, () -> bytes(file, 900_000, 4096));
    close(file);
    assertThat(mount.open("/a", OpenMode.READ).fgetattr().sizeBytes()).isEqualTo((1 << 20) + 1);
  }

  @Test
  @DisplayName("A reader goes on after a lost connection when the file is the same.")
  void read_afterReconnectToTheSame_goesOn() throws FsException {
    byte[] content = pattern(1 << 20);
    mount.remote.put("/a", content);
    FileHandle file = mount.open("/a", OpenMode.READ);
    bytes(file, 0, 4096);
    mount.remote.disconnect();
    mount.remote.reconnect();
    assertThat(bytes(file, 900_000, 4096))
        .isEqualTo(java.util.Arrays.copyOfRange(content, 900_000, 904_096));
    close(file);
  }

  @Test
  @DisplayName("What somebody else changed is seen by the next open.")
  void open_afterForeignChange_seesIt() throws FsException {
    mount.remote.put("/a", "old");
    assertThat(mount.read("/a")).isEqualTo("old");
    mount.remote.put("/a", "newer");
    mount.pass(Duration.ofSeconds(3));
    assertThat(mount.read("/a")).isEqualTo("newer");
    assertThat(mount.fs.getattr(path("/a")).sizeBytes()).isEqualTo(5);
  }

  @Test
  @DisplayName("Who follows a growing file sees what somebody else appends.")
  void read_ofGrowingFile_seesTheGrowth() throws FsException {
    mount.remote.put("/log", "one\n");
    FileHandle file = mount.open("/log", OpenMode.READ);
    assertThat(text(file)).isEqualTo("one\n");
    mount.remote.put("/log", "one\ntwo\n");
    mount.pass(Duration.ofSeconds(1));
    ByteBuffer into = ByteBuffer.allocate(10);
    assertThat(file.read(4, into)).isEqualTo(4);
    close(file);
  }

  @Test
  @DisplayName(
      "What only the runtime can tell is an input/output error while the connection is lost.")
  void call_withoutConnection_isEio() {
    mount.remote.put("/a", "x");
    mount.remote.disconnect();
    assertFails(Errno.EIO, () -> mount.fs.getattr(path("/a")));
    assertFails(Errno.EIO, () -> mount.fs.mkdir(path("/d"), 0755));
  }

  @Test
  @DisplayName(
      "drain waits for everything written, and tells the first error that nobody was told.")
  void drain_waitsForWrites() throws FsException {
    FileHandle file = mount.create("/a");
    write(file, 0, "content");
    mount.fs.drain();
    assertThat(mount.remote.text("/a")).isEqualTo("content");
    assertThat(mount.fs.figures().unsentBytes()).isZero();
    assertThat(mount.fs.figures().openFiles()).isEqualTo(1);
    close(file);
    assertThat(mount.fs.figures().openFiles()).isZero();
  }

  @Test
  @DisplayName(
      "A hole written over a file that was just emptied reads as zeroes, also after a lost connection.")
  void read_ofHoleAfterCut_isZeroes() throws FsException {
    mount.remote.put("/a", pattern(317_285));
    FileHandle reader = mount.open("/a", OpenMode.READ);
    bytes(reader, 122_440, 1878);
    bytes(reader, 149_776, 2036);
    bytes(reader, 39_494, 1902);
    FileHandle writer =
        mount.fs.create(path("/a"), 0644, new OpenMode(true, true, false, true, false));
    write(writer, 0, "x".repeat(1509));
    bytes(reader, 651, 1069);
    mount.remote.disconnect();
    mount.remote.reconnect();
    write(writer, 319_976, "y".repeat(212));
    assertThat(bytes(reader, 116_303, 893)).isEqualTo(new byte[893]);
    close(writer);
    close(reader);
  }

  @Test
  @DisplayName("A call that gets no answer ends with an input/output error within its bound.")
  void call_withoutAnswer_ends() throws FsException {
    FsSettings d = TestMount.settings();
    TestMount hasty =
        new TestMount(
            new FsSettings(
                d.remoteRoot(),
                d.mountpoint(),
                false,
                d.localUid(),
                d.localGid(),
                true,
                d.metadataTtl(),
                d.metadataEntries(),
                d.blockCacheBytes(),
                false,
                Duration.ofMillis(20)));
    hasty.remote.holdRequests();
    assertFails(Errno.EIO, () -> hasty.fs.getattr(path("/a")));
    hasty.remote.release();
    assertThat(hasty.exists("/a")).isFalse();
  }
}
