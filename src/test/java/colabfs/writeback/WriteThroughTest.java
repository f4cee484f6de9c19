package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WriteThroughTest {
  private static final RemotePath FILE = RemotePath.of("/f");
  private static final int KIB = 1024;

  private Instant now = Instant.ofEpochSecond(1_700_000_000);
  private final FakeRemoteFs remote = new FakeRemoteFs(() -> now);

  // Sending.

  @Test
  void smallWrites_adjacent_becomeOneRequestAtFlush() throws Exception {
    WriteThrough file = open(1 << 20);
    for (int i = 0; i < 10; i++) {
      file.write(4L * i, text("abc" + i));
    }
    assertThat(remote.calls(Op.WRITE)).isZero();
    file.flush();
    assertThat(remote.calls(Op.WRITE)).isEqualTo(1);
    assertThat(remote.text("/f")).startsWith("abc0abc1").endsWith("abc9").hasSize(40);
    assertThat(file.unacknowledgedBytes()).isZero();
  }

  @Test
  void smallWrite_overTheLastOne_replacesItInTheSameRequest() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("hello world"));
    file.write(6, text("there"));
    file.write(10, text("E and more"));
    file.flush();
    assertThat(remote.calls(Op.WRITE)).isEqualTo(1);
    assertThat(remote.text("/f")).isEqualTo("hello therE and more");
  }

  @Test
  void write_elsewhere_sendsTheOneBefore() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("a"));
    file.write(100, text("b"));
    assertThat(remote.calls(Op.WRITE)).isEqualTo(1);
    assertThat(remote.text("/f")).isEqualTo("a");
  }

  @Test
  void largeWrites_whileAnswersAreOut_areAllInFlight() throws Exception {
    WriteThrough file = open(8 << 20);
    remote.holdAnswers();
    for (int i = 0; i < 32; i++) {
      file.write(i * 128L * KIB, ByteBuffer.allocate(128 * KIB));
    }
    assertThat(file.unacknowledgedBytes()).isEqualTo(32 * 128 * KIB);
    assertThat(remote.content("/f").length)
        .describedAs("all but the piece that still grows")
        .isGreaterThan(30 * 128 * KIB);
    remote.release();
    file.flush();
    assertThat(remote.content("/f")).hasSize(32 * 128 * KIB);
  }

  @Test
  void firstLargeWrite_nothingInFlight_isSentAtOnce() throws Exception {
    WriteThrough file = open(8 << 20);
    file.write(0, ByteBuffer.allocate(128 * KIB));
    assertThat(remote.content("/f")).hasSize(128 * KIB);
  }

  @Test
  void openPiece_whenTheLastAnswerComes_isSentFromThere() throws Exception {
    WriteThrough file = open(8 << 20);
    remote.holdAnswers();
    file.write(0, ByteBuffer.allocate(128 * KIB));
    file.write(128 * KIB, ByteBuffer.allocate(128 * KIB));
    assertThat(remote.calls(Op.WRITE)).isEqualTo(1);
    remote.release();
    assertThat(remote.calls(Op.WRITE)).isEqualTo(2);
  }

  @Test
  void overlappingWrite_waitsForTheAnswerBefore() throws Exception {
    WriteThrough file = open(8 << 20);
    remote.holdAnswers();
    file.write(0, text("aaaa"));
    file.write(100, text("x"));
    file.write(2, text("bb"));
    file.write(200, text("y"));
    assertThat(remote.calls(Op.WRITE)).isEqualTo(2);
    remote.release();
    file.flush();
    assertThat(remote.text("/f")).startsWith("aabb").endsWith("y");
  }

  @Test
  void truncate_betweenWrites_keepsTheOrder() throws Exception {
    WriteThrough file = open(8 << 20);
    remote.holdRequests();
    file.write(0, text("0123456789"));
    file.truncate(4);
    file.write(6, text("ab"));
    remote.release();
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("0123\0\0ab");
  }

  @Test
  void setattr_afterWrites_isSentLast() throws Exception {
    WriteThrough file = open(8 << 20);
    file.write(0, text("x"));
    file.setattr(AttrChange.times(1_000_000_000L, 5_000_000_000L));
    file.flush();
    assertThat(remote.attrs("/f").mtimeNanos()).isEqualTo(5_000_000_000L);
  }

  @Test
  void writer_overTheBound_waitsForRoom() throws Exception {
    WriteThrough file = open(64 * KIB);
    remote.holdAnswers();
    file.write(0, ByteBuffer.allocate(64 * KIB));
    CompletableFuture<Void> second =
        background(() -> file.write(64 * KIB, ByteBuffer.allocate(4 * KIB)));
    Awaitility.await().until(() -> remote.held() > 0);
    assertThat(second).isNotDone();
    remote.release();
    second.get(10, TimeUnit.SECONDS);
    file.flush();
    assertThat(remote.content("/f")).hasSize(68 * KIB);
  }

  @Test
  void writer_whenOnlyItsOwnOpenPieceFillsTheBound_sendsIt() throws Exception {
    WriteThrough file = open(8 * KIB);
    for (int i = 0; i < 10; i++) {
      file.write(i * 5L * KIB, ByteBuffer.allocate(5 * KIB));
    }
    file.flush();
    assertThat(remote.content("/f")).hasSize(50 * KIB);
  }

  @Test
  void write_largerThanTheBound_isTakenInPieces() throws Exception {
    WriteThrough file = open(16);
    ByteBuffer content = ByteBuffer.allocate(1 << 20);
    content.put(1_000_000, (byte) 7);
    file.write(0, content);
    file.flush();
    assertThat(remote.content("/f")).hasSize(1 << 20);
    assertThat(remote.content("/f")[1_000_000]).isEqualTo((byte) 7);
  }

  // What is never answered.

  @Test
  void flush_whenNothingMoves_timesOutAndKeepsTheData() throws Exception {
    WriteThrough file = open(1 << 20, Duration.ofMillis(50));
    remote.holdRequests();
    file.write(0, text("kept"));
    assertErrno(file::flush, Errno.ETIMEDOUT);
    assertThat(file.unacknowledgedBytes()).isEqualTo(4);
    remote.release();
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("kept");
  }

  @Test
  void writer_whenNoRoomComes_timesOut() throws Exception {
    WriteThrough file = open(4, Duration.ofMillis(50));
    remote.holdRequests();
    file.write(0, text("full"));
    assertErrno(() -> file.write(4, text("more")), Errno.ETIMEDOUT);
    remote.release();
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("full");
  }

  @Test
  void serverThatDoesNotAnswer_isReportedOnce_andTheDataSentByTheNextFlush() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.failNext(Op.WRITE, Errno.ETIMEDOUT);
    file.write(0, text("again"));
    assertErrno(file::flush, Errno.ETIMEDOUT);
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("again");
    assertThat(remote.openHandles()).isEqualTo(1);
  }

  // What the server refuses.

  @Test
  void refusedWrite_isReportedByFlushOnce_andDroppedThen() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.failNext(Op.WRITE, Errno.ENOSPC);
    file.write(0, text("lost"));
    assertErrno(file::flush, Errno.ENOSPC);
    assertThat(file.unacknowledgedBytes()).isZero();
    file.flush();
    file.write(0, text("new"));
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("new");
  }

  @Test
  void refusedWrite_beforeItIsReported_failsLaterWritesAndStaysReadable() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.failNext(Op.WRITE, Errno.EDQUOT);
    file.write(0, text("aa"));
    file.write(100, text("b"));
    assertErrno(() -> file.write(200, text("c")), Errno.EDQUOT);
    assertErrno(() -> file.truncate(0), Errno.EDQUOT);
    ByteBuffer read = ByteBuffer.allocate(2);
    file.overlay(0, read);
    assertThat(read).isEqualTo(text("aa"));
    assertErrno(file::flush, Errno.EDQUOT);
    assertThat(remote.calls(Op.WRITE)).describedAs("nothing sent after it").isEqualTo(1);
  }

  @Test
  void drain_afterARefusal_throwsAndLeavesItToFlush() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.failNext(Op.WRITE, Errno.ENOSPC);
    file.write(0, text("x"));
    assertErrno(file::drain, Errno.ENOSPC);
    assertErrno(file::flush, Errno.ENOSPC);
    file.drain();
  }

  @Test
  void refusedTimes_areReportedAtFlush_andStopNoWrite() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.failNext(Op.FSETATTR, Errno.EPERM);
    file.setattr(AttrChange.times(0, 0));
    file.write(0, text("goes on"));
    assertErrno(file::flush, Errno.EPERM);
    assertThat(remote.text("/f")).isEqualTo("goes on");
    file.flush();
  }

  @Test
  void fsync_withRefusedFsync_reportsIt() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("x"));
    file.fsync();
    assertThat(remote.calls(Op.FSYNC)).isEqualTo(1);
    remote.failNext(Op.FSYNC, Errno.EIO);
    assertErrno(file::fsync, Errno.EIO);
    file.fsync();
  }

  // What a reader sees.

  @Test
  void overlay_coversPiecesInFlightAndTheOpenOne_inOrder() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.holdRequests();
    file.write(0, text("abcdef"));
    file.write(20, text("x"));
    file.write(2, text("CD"));
    ByteBuffer read = ByteBuffer.allocate(6).position(1).slice();
    file.overlay(1, read);
    assertThat(StandardCharsets.UTF_8.decode(read).toString()).isEqualTo("bCDef");
    assertThat(file.endOfUnacknowledged()).isEqualTo(21);
  }

  @Test
  void overlay_ofACut_isZeroesBehindIt() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.holdRequests();
    file.write(0, text("abcdef"));
    file.truncate(3);
    file.write(5, text("x"));
    ByteBuffer read = text("......");
    file.overlay(0, read);
    assertThat(read).isEqualTo(text("abc\0\0x"));
    assertThat(file.endOfUnacknowledged()).isEqualTo(6);
  }

  @Test
  void capture_keepsWhatIsAcknowledgedAfterwards() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(3, text("abcdef"));
    WriteThrough.Overlay captured = file.capture(0, 6);
    file.write(3, text("ABC"));
    file.flush();
    ByteBuffer read = text("......");
    captured.layOver(0, read);
    assertThat(read).isEqualTo(text("...abc"));
  }

  @Test
  void endOfUnacknowledged_afterFlush_isZero() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(3, text("abc"));
    assertThat(file.endOfUnacknowledged()).isEqualTo(6);
    file.flush();
    assertThat(file.endOfUnacknowledged()).isZero();
  }

  // The connection.

  @Test
  void connectionLost_withWritesInFlight_sendsThemAgain() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.holdRequests();
    file.write(0, text("one"));
    file.write(100, text("two"));
    remote.disconnect();
    assertErrno(file::flush, Errno.ENOTCONN);
    remote.reconnect();
    remote.release();
    file.flush();
    assertThat(remote.text("/f")).startsWith("one").endsWith("two");
  }

  @Test
  void connectionLost_andBackBeforeTheNextWrite_isNotNoticed() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("one"));
    file.flush();
    remote.disconnect();
    remote.reconnect();
    file.write(3, text("two"));
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("onetwo");
    assertThat(remote.calls(Op.OPEN)).isEqualTo(2);
  }

  @Test
  void fsync_afterALostConnection_isAskedOfTheNewHandle() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("one"));
    file.flush();
    remote.disconnect();
    remote.reconnect();
    file.fsync();
    assertThat(remote.calls(Op.FSYNC)).isEqualTo(2);
  }

  @Test
  void connectionLost_andTheFileChangedBySomebodyElse_isStaleAndNothingIsWritten()
      throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("mine"));
    file.flush();
    remote.disconnect();
    now = now.plusSeconds(60);
    remote.put("/f", "them");
    remote.reconnect();
    file.write(0, text("late"));
    assertErrno(file::flush, Errno.ESTALE);
    assertThat(remote.text("/f")).isEqualTo("them");
    assertErrno(() -> file.write(0, text("x")), Errno.ESTALE);
    assertErrno(file::fsync, Errno.ESTALE);
    file.flush();
  }

  @Test
  void connectionLost_amongWrites_andAnotherSizeFound_isStale() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.holdRequests();
    file.write(0, text("mine"));
    file.write(10, text("x"));
    remote.disconnect();
    remote.put("/f", "something else");
    remote.reconnect();
    remote.release();
    assertErrno(file::flush, Errno.ENOTCONN);
    assertErrno(file::flush, Errno.ESTALE);
    assertThat(remote.text("/f")).isEqualTo("something else");
  }

  @Test
  void connectionLost_andTheFileGone_isStale_andNotMadeAnew() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.disconnect();
    remote.remove("/f");
    remote.reconnect();
    file.write(0, text("late"));
    assertErrno(file::flush, Errno.ESTALE);
    assertThat(remote.exists("/f")).isFalse();
  }

  @Test
  void connectionLost_andALinkInItsPlace_isStale() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.disconnect();
    remote.put("/g", "");
    remote.remove("/f");
    remote.putLink("/f", "g");
    remote.reconnect();
    file.write(0, text("late"));
    assertErrno(file::flush, Errno.ESTALE);
    assertThat(remote.text("/g")).isEmpty();
  }

  @Test
  void connectionLost_afterARename_looksForTheNewName() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("one"));
    file.flush();
    remote.rename(FILE, RemotePath.of("/g")).get();
    file.renamed(RemotePath.of("/g"));
    remote.disconnect();
    remote.reconnect();
    file.write(3, text("two"));
    file.flush();
    assertThat(remote.text("/g")).isEqualTo("onetwo");
  }

  @Test
  void connectionLost_afterACutThatWasCarriedOut_isOurOwnDoing() throws Exception {
    remote.put("/f", "0123456789");
    WriteThrough file = open(1 << 20);
    remote.holdAnswers();
    file.truncate(4);
    remote.disconnect();
    remote.reconnect();
    remote.release();
    assertErrno(file::flush, Errno.ENOTCONN);
    file.write(4, text("ab"));
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("0123ab");
  }

  @Test
  void reopen_refused_isReportedAndTriedAgain() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.disconnect();
    remote.reconnect();
    remote.failNext(Op.OPEN, Errno.EACCES);
    file.write(0, text("patient"));
    assertErrno(file::flush, Errno.EACCES);
    file.flush();
    assertThat(remote.text("/f")).isEqualTo("patient");
  }

  // The end.

  @Test
  void close_givesTheHandleBack_andLaterWritesEndWithEbadf() throws Exception {
    WriteThrough file = open(1 << 20);
    file.write(0, text("x"));
    file.flush();
    file.close();
    assertThat(remote.openHandles()).isZero();
    assertErrno(() -> file.write(0, text("y")), Errno.EBADF);
  }

  @Test
  void close_whileTheFileIsBeingOpenedAgain_closesThatHandleToo() throws Exception {
    WriteThrough file = open(1 << 20);
    remote.disconnect();
    remote.reconnect();
    remote.holdRequests();
    file.write(0, ByteBuffer.allocate(64 * KIB));
    file.close();
    remote.release();
    assertThat(remote.openHandles()).isZero();
  }

  private WriteThrough open(long maxUnacknowledgedBytes) throws Exception {
    return open(maxUnacknowledgedBytes, Duration.ofSeconds(20));
  }

  private WriteThrough open(long maxUnacknowledgedBytes, Duration timeout) throws Exception {
    RemoteFile handle = remote.open(FILE, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644).get();
    return new WriteThrough(remote, FILE, handle, maxUnacknowledgedBytes, timeout);
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FsException.class,
            e -> assertThat(e.errno()).describedAs(e.toString()).isEqualTo(errno));
  }

  private static CompletableFuture<Void> background(ThrowingCallable call) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                call.call();
                done.complete(null);
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            },
            "writer");
    thread.setDaemon(true);
    thread.start();
    return done;
  }
}
