package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_READ;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_WRITE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_CLOSE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_EXTENDED;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_FSETSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_LSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPEN;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPENDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_READ;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_READDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_REMOVE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_RENAME;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_RMDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_SETSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_WRITE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_EOF;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_FAILURE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_NO_SUCH_FILE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_OK;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_PERMISSION_DENIED;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes over the wire for each operation, against a server that the test plays. */
final class SftpFsTest {
  private static final RemotePath A = RemotePath.of("/a");
  private static final RemotePath B = RemotePath.of("/b");

  private final ScriptedLink link = new ScriptedLink();
  private final SftpChannel channel = SftpChannel.start(link, Duration.ofSeconds(10), () -> 0L);
  private SftpFs fs = new SftpFs(channel, channel, "/root", Set.of());

  @BeforeEach
  void open() {
    link.next();
    link.version();
  }

  // Listing

  @Test
  void list_ofALargeDirectory_rampsUp_andKeepsTheServersOrder() {
    CompletableFuture<List<DirEntry>> listing = beginList();
    Deque<ScriptedLink.Sent> asked = new ArrayDeque<>(List.of(readdir(), readdir()));
    assertThat(link.hasSent()).isFalse();
    int most = 0;
    for (int answer = 0; answer < 50; answer++) {
      link.names(asked.remove(), names(answer * 100, 100));
      while (link.hasSent()) {
        asked.add(readdir());
      }
      most = Math.max(most, asked.size());
    }
    assertThat(most).isEqualTo(32);
    link.status(asked.remove(), SSH_FX_EOF);
    assertThat(listing).isCompleted();
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo("dir");
    assertThat(listing.join())
        .extracting(DirEntry::name)
        .containsExactlyElementsOf(IntStream.range(0, 5000).mapToObj(i -> "n" + i).toList());
    assertThat(listing.join().get(0).attrs().links()).isEqualTo(3);
    asked.forEach(request -> link.status(request, SSH_FX_EOF));
    assertThat(channel.ended()).isNotDone();
  }

  @Test
  void list_ofASmallDirectory_asksTwice() {
    CompletableFuture<List<DirEntry>> listing = beginList();
    ScriptedLink.Sent first = readdir();
    ScriptedLink.Sent second = readdir();
    link.names(first, names(0, 3));
    assertThat(link.hasSent()).isFalse();
    link.status(second, SSH_FX_EOF);
    assertThat(listing.join()).hasSize(3);
  }

  @Test
  void list_answeredOutOfOrder_waitsForAll() {
    CompletableFuture<List<DirEntry>> listing = beginList();
    ScriptedLink.Sent first = readdir();
    link.status(readdir(), SSH_FX_EOF);
    assertThat(listing).isNotDone();
    link.names(first, names(0, 3));
    assertThat(listing.join()).hasSize(3);
  }

  @Test
  void list_withNamesThatAreNone_leavesThemOut() {
    CompletableFuture<List<DirEntry>> listing = beginList();
    ScriptedLink.Sent first = readdir();
    byte[] notUtf8 = {'b', (byte) 0xff, 'd'};
    byte[] overlong = {(byte) 0xc0, (byte) 0xaf};
    List<byte[]> names =
        List.of(
            bytes("."),
            bytes(".."),
            bytes("good"),
            notUtf8,
            overlong,
            bytes("a/b"),
            bytes("../x"),
            bytes(""),
            bytes("nul\0"),
            bytes("ä"));
    link.names(first, names);
    link.status(readdir(), SSH_FX_EOF);
    assertThat(listing.join()).extracting(DirEntry::name).containsExactly("good", "ä");
  }

  @Test
  void list_thatFailsHalfway_fails_andGivesTheHandleBack() {
    CompletableFuture<List<DirEntry>> listing = beginList();
    link.status(readdir(), SSH_FX_NO_SUCH_FILE);
    readdir();
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo("dir");
    link.status(link.next(SSH_FXP_LSTAT), SSH_FX_NO_SUCH_FILE);
    assertThat(errno(listing)).isEqualTo(Errno.ENOENT);
  }

  @Test
  void list_ofALink_isEnotdir_andGivesTheHandleBack() {
    CompletableFuture<List<DirEntry>> listing = fs.list(A);
    link.attrs(link.next(SSH_FXP_LSTAT), 0120777, 1);
    link.handle(link.next(SSH_FXP_OPENDIR), "dir");
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo("dir");
    assertThat(errno(listing)).isEqualTo(Errno.ENOTDIR);
  }

  // Opening

  @Test
  void open_toTruncate_cutsOnlyWhenItIsKnownToBeAFile() {
    CompletableFuture<RemoteFile> opened =
        fs.open(A, EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0);
    ScriptedLink.Sent look = link.next(SSH_FXP_LSTAT);
    ScriptedLink.Sent open = link.next(SSH_FXP_OPEN);
    assertThat(open.string()).isEqualTo("/root/a");
    assertThat(open.int32()).isEqualTo(SSH_FXF_WRITE);
    link.attrs(look, 0100644, 10);
    link.handle(open, "h");
    ScriptedLink.Sent cut = link.next(SSH_FXP_FSETSTAT);
    assertThat(opened).isNotDone();
    link.status(cut, SSH_FX_OK);
    assertThat(opened).isCompleted();
  }

  @Test
  void open_toTruncateAnEmptyFile_takesOneRoundTrip() {
    CompletableFuture<RemoteFile> opened =
        fs.open(A, EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 0);
    link.handle(link.next(SSH_FXP_OPEN), "h");
    assertThat(opened).isCompleted();
    assertThat(link.hasSent()).isFalse();
  }

  @Test
  void open_ofALink_isEloop_andGivesTheHandleBack() {
    CompletableFuture<RemoteFile> opened =
        fs.open(A, EnumSet.of(OpenFlag.WRITE, OpenFlag.TRUNCATE), 0);
    link.attrs(link.next(SSH_FXP_LSTAT), 0120777, 10);
    link.handle(link.next(SSH_FXP_OPEN), "h");
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo("h");
    assertThat(link.hasSent()).isFalse();
    assertThat(errno(opened)).isEqualTo(Errno.ELOOP);
  }

  // Reading

  @Test
  void read_answeredShortInTheMiddle_goesOn() {
    RemoteFile file = openToRead(10);
    CompletableFuture<ByteBuffer> read = file.read(0, 100);
    link.data(readRequest(0, 100), "0123");
    link.data(readRequest(4, 96), "45");
    link.data(readRequest(6, 94), "6789");
    assertThat(text(read)).isEqualTo("0123456789");
    assertThat(link.hasSent()).isFalse();
  }

  @Test
  void read_shortWhereTheFileWasSeenToEnd_asksNoMore() {
    RemoteFile file = openToRead(4);
    CompletableFuture<ByteBuffer> read = file.read(0, 100);
    link.data(readRequest(0, 100), "0123");
    assertThat(text(read)).isEqualTo("0123");
    assertThat(link.hasSent()).isFalse();
  }

  @Test
  void read_shortWhereTheEndIsNotKnown_asksOnce() {
    RemoteFile file = openToRead(0);
    CompletableFuture<ByteBuffer> read = file.read(0, 100);
    link.data(readRequest(0, 100), "0123");
    link.status(readRequest(4, 96), SSH_FX_EOF);
    assertThat(text(read)).isEqualTo("0123");
  }

  @Test
  void read_ofManyRequests_shortInOneOfThem_endsThere() {
    RemoteFile file = openToRead(100_000);
    CompletableFuture<ByteBuffer> read = file.read(0, 96 * 1024);
    ScriptedLink.Sent first = link.next(SSH_FXP_READ);
    ScriptedLink.Sent second = link.next(SSH_FXP_READ);
    ScriptedLink.Sent third = link.next(SSH_FXP_READ);
    link.status(third, SSH_FX_EOF);
    link.data(first, "x".repeat(32 * 1024));
    link.data(second, "y".repeat(100));
    link.status(link.next(SSH_FXP_READ), SSH_FX_EOF);
    assertThat(text(read)).isEqualTo("x".repeat(32 * 1024) + "y".repeat(100));
  }

  @Test
  void read_thatFailsInOnePart_fails() {
    RemoteFile file = openToRead(100_000);
    CompletableFuture<ByteBuffer> read = file.read(0, 64 * 1024);
    link.next(SSH_FXP_READ);
    link.status(link.next(SSH_FXP_READ), SSH_FX_FAILURE);
    assertThat(errno(read)).isEqualTo(Errno.EIO);
  }

  @Test
  void read_cutOff_isEnotconn() {
    RemoteFile file = openToRead(1 << 30);
    CompletableFuture<ByteBuffer> read = file.read(0, 64 << 20);
    link.cut();
    assertThat(errno(read)).isEqualTo(Errno.ENOTCONN);
    assertThat(errno(file.read(0, 1))).isEqualTo(Errno.ENOTCONN);
  }

  @Test
  void bulk_inFlight_isBounded_andSmallRequestsPassIt() {
    RemoteFile file = openToRead(1 << 30);
    CompletableFuture<ByteBuffer> bulk = file.read(0, 64 << 20);
    int inFlight = 0;
    while (link.hasSent()) {
      ScriptedLink.Sent request = link.next(SSH_FXP_READ);
      request.string();
      request.int64();
      inFlight += request.int32();
    }
    assertThat(inFlight).isEqualTo((int) BulkPace.FIRST_WINDOW_BYTES);
    assertThat(bulk).isNotDone();
    CompletableFuture<ByteBuffer> small = file.read(5, 3);
    link.data(readRequest(5, 3), "abc");
    assertThat(text(small)).isEqualTo("abc");
  }

  // Writing

  @Test
  void write_ofManyRequests_endsWhenAllAreAcknowledged() {
    RemoteFile file = openToRead(0);
    CompletableFuture<Void> written = file.write(7, ByteBuffer.allocate(64 * 1024));
    ScriptedLink.Sent first = link.next(SSH_FXP_WRITE);
    ScriptedLink.Sent second = link.next(SSH_FXP_WRITE);
    assertThat(first.string()).isEqualTo("h");
    assertThat(first.int64()).isEqualTo(7);
    second.string();
    assertThat(second.int64()).isEqualTo(7 + 32 * 1024);
    link.status(second, SSH_FX_OK);
    assertThat(written).isNotDone();
    link.status(first, SSH_FX_OK);
    assertThat(written).isCompleted();
  }

  @Test
  void fsetattr_whileWritesWaitForTheirTurn_isSentBehindTheLast() {
    RemoteFile file = openToRead(0);
    int bytes = (int) BulkPace.FIRST_WINDOW_BYTES + 3 * 32 * 1024;
    CompletableFuture<Void> written = file.write(0, ByteBuffer.allocate(bytes));
    CompletableFuture<Void> set = file.fsetattr(AttrChange.permissions(0600));
    int sent = 0;
    while (link.hasSent()) {
      ScriptedLink.Sent request = link.next();
      if (request.type() == SSH_FXP_FSETSTAT) {
        assertThat(sent).isEqualTo(bytes);
        assertThat(set).isNotDone();
        link.status(request, SSH_FX_PERMISSION_DENIED);
        break;
      }
      request.string();
      request.int64();
      sent += request.int32();
      link.status(request, SSH_FX_OK);
    }
    assertThat(written).isCompleted();
    assertThat(errno(set)).isEqualTo(Errno.EPERM);
  }

  @Test
  void fsetattr_behindAWriteThatFailed_isSentNevertheless() {
    RemoteFile file = openToRead(0);
    CompletableFuture<Void> written = file.write(0, ByteBuffer.allocate(1 << 20));
    CompletableFuture<Void> set = file.fsetattr(AttrChange.permissions(0600));
    int answered = 0;
    while (link.hasSent() && !set.isDone()) {
      ScriptedLink.Sent request = link.next();
      boolean isWrite = request.type() == SSH_FXP_WRITE;
      link.status(request, isWrite && answered++ == 2 ? SSH_FX_FAILURE : SSH_FX_OK);
    }
    assertThat(written).isCompletedExceptionally();
    assertThat(set).isCompleted();
    var unused = file.fsetattr(AttrChange.permissions(0644));
    assertThat(link.next(SSH_FXP_FSETSTAT).string()).isEqualTo("h");
  }

  // Without extensions

  @Test
  void rename_whenTheSecondHalfFails_putsTheTargetBack() {
    CompletableFuture<Void> renamed = fs.rename(A, B);
    link.status(link.next(SSH_FXP_RENAME), SSH_FX_FAILURE);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    ScriptedLink.Sent aside = link.next(SSH_FXP_RENAME);
    assertThat(aside.string()).isEqualTo("/root/b");
    String asideName = aside.string();
    link.status(aside, SSH_FX_OK);
    link.status(link.next(SSH_FXP_RENAME), SSH_FX_FAILURE);
    ScriptedLink.Sent back = link.next(SSH_FXP_RENAME);
    assertThat(back.string()).isEqualTo(asideName);
    assertThat(back.string()).isEqualTo("/root/b");
    link.status(back, SSH_FX_OK);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    assertThat(errno(renamed)).isEqualTo(Errno.EIO);
  }

  @Test
  void rename_overAFile_removesWhatWasMovedAside() {
    CompletableFuture<Void> renamed = fs.rename(A, B);
    link.status(link.next(SSH_FXP_RENAME), SSH_FX_FAILURE);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    ScriptedLink.Sent aside = link.next(SSH_FXP_RENAME);
    aside.string();
    String asideName = aside.string();
    link.status(aside, SSH_FX_OK);
    link.status(link.next(SSH_FXP_RENAME), SSH_FX_OK);
    ScriptedLink.Sent remove = link.next(SSH_FXP_REMOVE);
    assertThat(remove.string()).isEqualTo(asideName);
    link.status(remove, SSH_FX_FAILURE);
    assertThat(renamed).isCompleted();
  }

  @Test
  void renameNew_whenTheNameIsMadeBetweenLookAndRename_isEexist() {
    CompletableFuture<Void> renamed = fs.renameNew(A, B);
    link.status(link.next(SSH_FXP_LSTAT), SSH_FX_NO_SUCH_FILE);
    link.status(link.next(SSH_FXP_RENAME), SSH_FX_FAILURE);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    assertThat(errno(renamed)).isEqualTo(Errno.EEXIST);
  }

  @Test
  void renameNew_whenTheNameIsThere_renamesNothing() {
    CompletableFuture<Void> renamed = fs.renameNew(A, B);
    link.attrs(link.next(SSH_FXP_LSTAT), 0120777, 1);
    assertThat(errno(renamed)).isEqualTo(Errno.EEXIST);
    assertThat(link.hasSent()).isFalse();
  }

  @Test
  void renameNew_whenTheLookIsCutOff_renamesNothing() {
    CompletableFuture<Void> renamed = fs.renameNew(A, B);
    link.next(SSH_FXP_LSTAT);
    link.cut();
    assertThat(errno(renamed)).isEqualTo(Errno.ENOTCONN);
    assertThat(link.hasSent()).isFalse();
  }

  /** fchmodat(2) without following fails for every file before glibc 2.32. */
  @Test
  void setattr_ofPermissions_whenLsetstatCannot_looksAndUsesSetstat() {
    fs = new SftpFs(channel, channel, "/root", Set.of(SftpFs.LSETSTAT));
    CompletableFuture<Void> changed = fs.setattr(A, AttrChange.permissions(0600));
    link.status(link.next(SSH_FXP_EXTENDED), SSH_FX_FAILURE);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, 1);
    link.status(link.next(SSH_FXP_SETSTAT), SSH_FX_OK);
    assertThat(changed).isCompleted();
  }

  // Failures

  @Test
  void secondLook_cutOff_isEnotconn_notAGuess() {
    CompletableFuture<Void> removed = fs.rmdir(A);
    link.status(link.next(SSH_FXP_RMDIR), SSH_FX_FAILURE);
    link.next(SSH_FXP_LSTAT);
    link.cut();
    assertThat(errno(removed)).isEqualTo(Errno.ENOTCONN);
  }

  @Test
  void name_withHalfASurrogatePair_isEinval_andNothingIsSent() {
    RemotePath half = RemotePath.of("/x\ud800");
    assertThat(errno(fs.unlink(half))).isEqualTo(Errno.EINVAL);
    assertThat(errno(fs.mkdir(half, 0755))).isEqualTo(Errno.EINVAL);
    assertThat(errno(fs.rename(A, half))).isEqualTo(Errno.EINVAL);
    assertThat(link.hasSent()).isFalse();
  }

  private CompletableFuture<List<DirEntry>> beginList() {
    CompletableFuture<List<DirEntry>> listing = fs.list(A);
    link.attrs(link.next(SSH_FXP_LSTAT), 0040755, 4096);
    link.handle(link.next(SSH_FXP_OPENDIR), "dir");
    return listing;
  }

  private ScriptedLink.Sent readdir() {
    ScriptedLink.Sent request = link.next(SSH_FXP_READDIR);
    assertThat(request.string()).isEqualTo("dir");
    return request;
  }

  private RemoteFile openToRead(long size) {
    CompletableFuture<RemoteFile> opened = fs.open(A, EnumSet.of(OpenFlag.READ), 0);
    link.attrs(link.next(SSH_FXP_LSTAT), 0100644, size);
    ScriptedLink.Sent open = link.next(SSH_FXP_OPEN);
    open.string();
    assertThat(open.int32()).isEqualTo(SSH_FXF_READ);
    link.handle(open, "h");
    return opened.join();
  }

  private ScriptedLink.Sent readRequest(long offset, int bytes) {
    ScriptedLink.Sent request = link.next(SSH_FXP_READ);
    assertThat(request.string()).isEqualTo("h");
    assertThat(request.int64()).isEqualTo(offset);
    assertThat(request.int32()).isEqualTo(bytes);
    return request;
  }

  private static List<byte[]> names(int first, int count) {
    return IntStream.range(first, first + count).mapToObj(i -> bytes("n" + i)).toList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(CompletableFuture<ByteBuffer> read) {
    assertThat(read).isCompleted();
    ByteBuffer content = read.join();
    byte[] bytes = new byte[content.remaining()];
    content.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static Errno errno(CompletableFuture<?> asked) {
    assertThat(asked).isCompletedExceptionally();
    Throwable failure = asked.handle((value, thrown) -> thrown).join();
    assertThat(failure).isInstanceOf(FsException.class);
    return ((FsException) failure).errno();
  }
}
