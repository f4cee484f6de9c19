package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_ATTRS;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_CLOSE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_EXTENDED;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_EXTENDED_REPLY;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_HANDLE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_INIT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_LSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPEN;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_REALPATH;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_VERSION;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_NO_SUCH_FILE;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The channel against a server that the test plays. */
final class SftpChannelTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final long[] now = {0};
  private final ScriptedLink link = new ScriptedLink();
  private final SftpChannel channel = SftpChannel.start(link, TIMEOUT, () -> now[0]);

  @Test
  void start_sendsInit_andTheFirstRequestsWithoutWaiting() {
    CompletableFuture<String> home = channel.realpath(".");
    assertThat(link.next(SSH_FXP_INIT).id()).isEqualTo(3);
    ScriptedLink.Sent request = link.next(SSH_FXP_REALPATH);
    assertThat(channel.opened()).isNotDone();
    link.version("posix-rename@openssh.com", "copy-data");
    link.names(request, List.of("/root".getBytes(StandardCharsets.UTF_8)));
    assertThat(channel.opened()).isCompletedWithValue(channel);
    assertThat(home).isCompletedWithValue("/root");
    assertThat(channel.extensions())
        .containsExactlyInAnyOrder("posix-rename@openssh.com", "copy-data");
  }

  @Test
  void limits_whenOffered_areAskedFor_andBelievedWithinReason() {
    open("limits@openssh.com");
    assertThat(channel.limits()).isEqualTo(SftpChannel.Limits.UNTOLD);
    ScriptedLink.Sent request = link.next(SSH_FXP_EXTENDED);
    assertThat(request.string()).isEqualTo("limits@openssh.com");
    link.arrive(limits(request.id(), 64 * 1024, 1L << 40, 0));
    assertThat(channel.limits()).isEqualTo(new SftpChannel.Limits(63 * 1024, 63 * 1024, true));
  }

  @Test
  void limits_ofZeroOrNonsense_stayUsable() {
    open("limits@openssh.com");
    link.arrive(limits(link.next().id(), 0, -5, 1));
    assertThat(channel.limits()).isEqualTo(new SftpChannel.Limits(255 * 1024, 4096, true));
  }

  @Test
  void answers_byteByByte_andManyInOneChunk_findTheirFutures() {
    open();
    CompletableFuture<FileAttrs> first = lstat("/a");
    CompletableFuture<FileAttrs> second = lstat("/b");
    ScriptedLink.Sent a = link.next();
    ScriptedLink.Sent b = link.next();
    link.arriveByteByByte(ScriptedLink.attrs(b.id(), 0100644, 2));
    link.arriveByteByByte(ScriptedLink.attrs(a.id(), 0040755, 1));
    assertThat(first.join().isDirectory()).isTrue();
    assertThat(second.join().sizeBytes()).isEqualTo(2);

    CompletableFuture<FileAttrs> third = lstat("/c");
    CompletableFuture<FileAttrs> fourth = lstat("/d");
    byte[] answers =
        join(
            ScriptedLink.attrs(link.next().id(), 0100644, 3),
            ScriptedLink.attrs(link.next().id(), 0100644, 4));
    link.arrive(Arrays.copyOf(answers, 40));
    link.arrive(Arrays.copyOfRange(answers, 40, answers.length));
    assertThat(third.join().sizeBytes()).isEqualTo(3);
    assertThat(fourth.join().sizeBytes()).isEqualTo(4);
  }

  @Test
  void data_ofOneChunk_isTheReceiversOwn() {
    open();
    CompletableFuture<ByteBuffer> read = channel.send(SftpRequest.of(5), SftpAnswer.data(100));
    byte[] answer =
        ScriptedLink.packet(103, link.next().id(), out -> ScriptedLink.string(out, "content"));
    link.arrive(answer);
    Arrays.fill(answer, (byte) 0);
    assertThat(read.join()).isEqualTo(StandardCharsets.UTF_8.encode("content"));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE, SftpFrames.MAX_PACKET_BYTES + 1})
  void packet_ofAHostileLength_endsTheChannelWithEio(int length) {
    open();
    CompletableFuture<FileAttrs> waiting = lstat("/a");
    link.arrive(ByteBuffer.allocate(4).putInt(length).array());
    assertEndedWith(waiting, Errno.EIO);
    assertThat(link.closed).isTrue();
    assertEndedWith(lstat("/b"), Errno.ENOTCONN);
  }

  @Test
  void packet_whoseFieldReachesPastIt_endsTheChannelWithEio() {
    open();
    CompletableFuture<byte[]> opening = channel.send(SftpRequest.of(3), SftpAnswer.HANDLE);
    CompletableFuture<FileAttrs> other = lstat("/a");
    link.arrive(ScriptedLink.packet(SSH_FXP_HANDLE, link.next().id(), out -> out.writeInt(1000)));
    assertEndedWith(opening, Errno.EIO);
    assertEndedWith(other, Errno.EIO);
    assertThat(link.closed).isTrue();
  }

  @Test
  void packet_ofATypeThatNobodyAskedFor_endsTheChannelWithEio() {
    open();
    CompletableFuture<FileAttrs> waiting = lstat("/a");
    link.handle(link.next(), "h");
    assertEndedWith(waiting, Errno.EIO);
    assertThat(link.closed).isTrue();
  }

  @Test
  void data_moreThanAskedFor_orNone_endsTheChannelWithEio() {
    open();
    CompletableFuture<ByteBuffer> read = channel.send(SftpRequest.of(5), SftpAnswer.data(3));
    link.data(link.next(), "1234");
    assertEndedWith(read, Errno.EIO);
  }

  @Test
  void attrs_withEndlessExtensions_endTheChannelWithEio() {
    open();
    CompletableFuture<FileAttrs> waiting = lstat("/a");
    link.arrive(
        ScriptedLink.packet(
            SSH_FXP_ATTRS,
            link.next().id(),
            out -> {
              out.writeInt(0x8000_0000);
              out.writeInt(-1);
            }));
    assertEndedWith(waiting, Errno.EIO);
  }

  @Test
  void answer_toAnUnknownNumber_isIgnored() {
    open();
    CompletableFuture<FileAttrs> waiting = lstat("/a");
    ScriptedLink.Sent request = link.next();
    link.arrive(ScriptedLink.status(123456, SSH_FX_NO_SUCH_FILE));
    link.attrs(request, 0100644, 1);
    link.attrs(request, 0100644, 2);
    assertThat(waiting.join().sizeBytes()).isEqualTo(1);
    assertThat(channel.ended()).isNotDone();
  }

  @Test
  void request_notAnsweredInTime_isEtimedout_andItsLateAnswerIsThrownAway() {
    open();
    CompletableFuture<FileAttrs> slow = lstat("/slow");
    ScriptedLink.Sent request = link.next();
    pass(TIMEOUT.minusMillis(1));
    channel.expire();
    assertThat(slow).isNotDone();
    CompletableFuture<FileAttrs> later = lstat("/later");
    pass(Duration.ofMillis(1));
    channel.expire();
    assertEndedWith(slow, Errno.ETIMEDOUT);
    assertThat(later).isNotDone();
    link.attrs(request, 0100644, 1);
    link.attrs(link.next(), 0100644, 2);
    assertThat(later.join().sizeBytes()).isEqualTo(2);
    assertThat(channel.pendingRequests()).isZero();
    assertThat(channel.ended()).isNotDone();
  }

  @Test
  void handle_thatComesTooLate_isClosed() {
    open();
    CompletableFuture<byte[]> opening =
        channel.send(SftpRequest.of(SSH_FXP_OPEN), SftpAnswer.HANDLE);
    ScriptedLink.Sent request = link.next();
    pass(TIMEOUT);
    channel.expire();
    assertEndedWith(opening, Errno.ETIMEDOUT);
    link.handle(request, "late");
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo("late");
  }

  @Test
  void link_cut_endsEverythingPendingWithEnotconn_theHalfReceivedToo() {
    open();
    CompletableFuture<FileAttrs> half = lstat("/half");
    CompletableFuture<FileAttrs> other = lstat("/other");
    byte[] answer = ScriptedLink.attrs(link.next().id(), 0100644, 1);
    link.arrive(Arrays.copyOf(answer, answer.length - 1));
    link.cut();
    assertEndedWith(half, Errno.ENOTCONN);
    assertEndedWith(other, Errno.ENOTCONN);
    assertEndedWith(lstat("/after"), Errno.ENOTCONN);
    assertThat(channel.ended()).isCompleted();
    assertThat(channel.pendingRequests()).isZero();
  }

  @Test
  void close_endsEverythingPendingWithEnotconn_once() {
    open();
    CompletableFuture<FileAttrs> waiting = lstat("/a");
    channel.close();
    channel.close();
    link.cut();
    assertEndedWith(waiting, Errno.ENOTCONN);
    assertThat(link.closed).isTrue();
  }

  @Test
  void open_onALinkThatIsCut_fails() {
    link.cut();
    assertEndedWith(channel.opened(), Errno.ENOTCONN);
  }

  @Test
  void open_ofAServerThatSaysNothing_isEtimedout() {
    pass(TIMEOUT);
    channel.expire();
    assertEndedWith(channel.opened(), Errno.ETIMEDOUT);
    assertThat(link.closed).isTrue();
  }

  @Test
  void open_ofAServerOfAnotherVersion_isEio() {
    link.arrive(ScriptedLink.packet(SSH_FXP_VERSION, 6, out -> {}));
    assertEndedWith(channel.opened(), Errno.EIO);
  }

  /** A login script that prints something is the usual reason. */
  @Test
  void open_ofAServerThatPrintsWords_isEio() {
    link.arrive("Welcome to this machine\n".getBytes(StandardCharsets.UTF_8));
    assertEndedWith(channel.opened(), Errno.EIO);
  }

  @Test
  void timer_thatTicks_endsWhatIsNotAnswered() {
    ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
    try {
      timer.setRemoveOnCancelPolicy(true);
      SftpChannel ticking = SftpChannel.start(new ScriptedLink(), timer, Duration.ofMillis(40));
      assertThat(ticking.ended().join().errno()).isEqualTo(Errno.ETIMEDOUT);
      assertThat(timer.getQueue()).isEmpty();
    } finally {
      timer.shutdownNow();
    }
  }

  private void open(String... extensions) {
    link.next(SSH_FXP_INIT);
    link.version(extensions);
  }

  private CompletableFuture<FileAttrs> lstat(String path) {
    return channel.send(SftpRequest.of(SSH_FXP_LSTAT).string(path), SftpAnswer.ATTRS);
  }

  private void pass(Duration time) {
    now[0] += time.toNanos();
  }

  private static void assertEndedWith(CompletableFuture<?> future, Errno errno) {
    assertThat(future).isCompletedExceptionally();
    Throwable failure = future.handle((value, thrown) -> thrown).join();
    assertThat(failure).isInstanceOf(FsException.class);
    assertThat(((FsException) failure).errno()).isEqualTo(errno);
  }

  private static byte[] limits(int id, long packet, long read, long write) {
    return ScriptedLink.packet(
        SSH_FXP_EXTENDED_REPLY,
        id,
        out -> {
          out.writeLong(packet);
          out.writeLong(read);
          out.writeLong(write);
          out.writeLong(0);
        });
  }

  private static byte[] join(byte[] first, byte[] second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }
}
