package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * SFTP version 3 over one link: requests get numbers, answers find their futures, in any order.
 *
 * <p>Threading: any thread; answers are read, and futures end, on the link's thread or the timer's.
 *
 * <p>Errors: futures end with {@link SftpStatus} when the server refuses, with {@link FsException}
 * ETIMEDOUT when it does not answer in time (a late answer is thrown away, the channel lives on),
 * ENOTCONN when the link is closed, and EIO when the server sends what cannot be SFTP, which closes
 * the link.
 */
final class SftpChannel implements AutoCloseable {

  /** What the server lets one request be; OpenSSH's limits@openssh.com. Bytes of content. */
  record Limits(int readBytes, int writeBytes, boolean told) {
    /** What every server takes (draft-ietf-secsh-filexfer-02, section 3: packets of 34,000). */
    static final Limits UNTOLD = new Limits(32 * 1024, 32 * 1024, false);

    /** The most that OpenSSH takes: packets of 256 KiB less 1 KiB (sftp-common.h). */
    static final int MOST_BYTES = 255 * 1024;
  }

  private static final int VERSION = 3;
  private static final int MAX_EXTENSIONS = 256;
  private static final int LEAST_BYTES = 4096;
  private static final int PACKET_OVERHEAD_BYTES = 1024;
  private static final String LIMITS = "limits@openssh.com";
  private static final int TICKS_PER_TIMEOUT = 20;

  private final SftpLink link;
  private final long timeoutNanos;
  private final Duration timeout;
  private final LongSupplier nanoTime;
  private final SftpFrames frames = new SftpFrames(this::packet);
  private final Map<Integer, Pending<?>> pending = new ConcurrentHashMap<>();
  private final AtomicInteger ids = new AtomicInteger();
  private final CompletableFuture<SftpChannel> opened = new CompletableFuture<>();
  private final CompletableFuture<FsException> ended = new CompletableFuture<>();
  private final AtomicReference<@Nullable FsException> end = new AtomicReference<>();
  private final long openDeadlineNanos;

  private volatile Set<String> extensions = Set.of();
  private volatile Limits limits = Limits.UNTOLD;
  private volatile @Nullable ScheduledFuture<?> ticking;

  private SftpChannel(SftpLink link, Duration timeout, LongSupplier nanoTime) {
    this.link = link;
    this.timeout = timeout;
    this.timeoutNanos = timeout.toNanos();
    this.nanoTime = nanoTime;
    this.openDeadlineNanos = nanoTime.getAsLong() + timeoutNanos;
  }

  /**
   * Opens SFTP on a link that has not been started; ends when the server has said its version, or
   * with FsException. {@code callTimeout} bounds this and every later request.
   */
  static CompletableFuture<SftpChannel> open(
      SftpLink link, ScheduledExecutorService timer, Duration callTimeout) {
    return start(link, timer, callTimeout).opened();
  }

  /**
   * As {@link #open}, for who has requests to send before the server has answered: they go out
   * together with the first packet and save a round trip.
   */
  static SftpChannel start(SftpLink link, ScheduledExecutorService timer, Duration callTimeout) {
    SftpChannel channel = start(link, callTimeout, System::nanoTime);
    long tick = Math.max(1, callTimeout.toMillis() / TICKS_PER_TIMEOUT);
    channel.ticking =
        timer.scheduleWithFixedDelay(channel::expire, tick, tick, TimeUnit.MILLISECONDS);
    if (channel.end.get() != null) {
      channel.stopTicking();
    }
    return channel;
  }

  /** For tests: whoever calls must call {@link #expire} now and then. */
  static SftpChannel start(SftpLink link, Duration callTimeout, LongSupplier nanoTime) {
    SftpChannel channel = new SftpChannel(link, callTimeout, nanoTime);
    link.start(channel.new Incoming());
    // INIT has its version where other requests have their number.
    link.send(SftpRequest.of(SftpConstants.SSH_FXP_INIT).packet(VERSION));
    return channel;
  }

  /** Ends when the server has said its version. */
  CompletableFuture<SftpChannel> opened() {
    return opened;
  }

  /** Ends, always with a value, when the channel has: no answer comes after it. */
  CompletableFuture<FsException> ended() {
    return ended;
  }

  /** Names of what the server offers beyond version 3; empty before {@link #opened}. */
  Set<String> extensions() {
    return extensions;
  }

  Limits limits() {
    return limits;
  }

  /** How long a request may take. */
  Duration timeout() {
    return timeout;
  }

  /** Requests sent and not answered, those that have been given up too. */
  int pendingRequests() {
    return pending.size();
  }

  /** The absolute path, links resolved, of a path on the runtime; ends with FsException. */
  CompletableFuture<String> realpath(String path) {
    SftpRequest request = SftpRequest.of(SftpConstants.SSH_FXP_REALPATH).string(path);
    return Chain.then(
        send(request, SftpAnswer.ONE_NAME),
        name -> CompletableFuture.completedFuture(new String(name, StandardCharsets.UTF_8)),
        failure ->
            CompletableFuture.failedFuture(SftpErrors.plain(SftpOp.REALPATH, path, failure)));
  }

  /** Sends a request at once; see the class for how the future ends. */
  <T> CompletableFuture<T> send(SftpRequest request, SftpAnswer<T> answer) {
    int id = ids.getAndIncrement();
    Pending<T> waiting = new Pending<>(answer, nanoTime.getAsLong() + timeoutNanos);
    pending.put(id, waiting);
    FsException gone = end.get();
    if (gone != null) {
      pending.remove(id);
      waiting.future.completeExceptionally(notConnected(gone));
      return waiting.future;
    }
    link.send(request.packet(id));
    return waiting.future;
  }

  /** Closes a handle without waiting for the answer, which nobody needs. */
  void giveBack(byte[] handle) {
    CompletableFuture<Void> unused =
        send(SftpRequest.of(SftpConstants.SSH_FXP_CLOSE).string(handle), SftpAnswer.OK);
  }

  @Override
  public void close() {
    end(new FsException(Errno.ENOTCONN, "the SFTP channel was closed"));
  }

  /** Ends what has waited for too long. The numbers stay taken until the late answers come. */
  void expire() {
    long now = nanoTime.getAsLong();
    if (!opened.isDone() && now - openDeadlineNanos >= 0) {
      end(new FsException(Errno.ETIMEDOUT, "the server did not begin SFTP within " + timeout));
      return;
    }
    for (Pending<?> waiting : pending.values()) {
      if (now - waiting.deadlineNanos >= 0 && !waiting.future.isDone()) {
        waiting.future.completeExceptionally(
            new FsException(Errno.ETIMEDOUT, "no answer from the server within " + timeout));
      }
    }
  }

  private void packet(SftpReply reply) throws ProtocolException {
    if (!opened.isDone()) {
      version(reply);
      return;
    }
    int id = reply.int32();
    Pending<?> waiting = pending.remove(id);
    if (waiting == null) {
      return; // a second answer, or to what was never asked
    }
    waiting.answered(reply);
  }

  private void version(SftpReply reply) throws ProtocolException {
    if (reply.type() != SftpConstants.SSH_FXP_VERSION) {
      throw new ProtocolException("the server does not begin with its SFTP version");
    }
    int version = reply.int32();
    if (version != VERSION) {
      throw new ProtocolException("the server speaks SFTP version " + version + ", not 3");
    }
    Map<String, String> offered = new TreeMap<>();
    while (reply.hasMore() && offered.size() < MAX_EXTENSIONS) {
      offered.put(reply.text(), reply.text());
    }
    extensions = Set.copyOf(offered.keySet());
    if (offered.containsKey(LIMITS)) {
      // Not waited for: until it is known, requests of 32 KiB do.
      SftpRequest request = SftpRequest.extended(LIMITS);
      Chain.whenDone(
          send(request, SftpChannel::readLimits),
          (told, failure) -> limits = told == null ? Limits.UNTOLD : told);
    }
    opened.complete(this);
  }

  private static Limits readLimits(SftpReply reply) throws SftpStatus, ProtocolException {
    SftpAnswer.expect(reply, SftpConstants.SSH_FXP_EXTENDED_REPLY);
    long packet = reply.int64();
    long most = packet > 0 ? packet - PACKET_OVERHEAD_BYTES : Limits.MOST_BYTES;
    return new Limits(within(reply.int64(), most), within(reply.int64(), most), true);
  }

  /** 0 means no limit of its own (OpenSSH's PROTOCOL, section 4.8). */
  private static int within(long told, long most) {
    long bytes = told > 0 ? Math.min(told, most) : most;
    return (int) Math.max(LEAST_BYTES, Math.min(bytes, Limits.MOST_BYTES));
  }

  /** Once; the first reason stays. */
  private void end(FsException reason) {
    if (!end.compareAndSet(null, reason)) {
      return;
    }
    stopTicking();
    link.close();
    opened.completeExceptionally(reason);
    // What is added meanwhile sees the end itself.
    pending.values().forEach(waiting -> waiting.future.completeExceptionally(reason));
    pending.clear();
    ended.complete(reason);
  }

  private void stopTicking() {
    ScheduledFuture<?> task = ticking;
    if (task != null) {
      task.cancel(false);
    }
  }

  private static FsException notConnected(FsException reason) {
    return reason.errno() == Errno.ENOTCONN
        ? reason
        : new FsException(Errno.ENOTCONN, "the SFTP channel has ended", reason);
  }

  /** What the link brings. */
  private final class Incoming implements SftpLink.Listener {
    @Override
    public void received(ByteBuffer bytes) {
      if (end.get() != null) {
        return;
      }
      try {
        frames.received(bytes);
      } catch (ProtocolException e) {
        end(new FsException(Errno.EIO, "the server does not speak SFTP: " + e.getMessage(), e));
      }
    }

    @Override
    public void closed(Throwable reason) {
      end(new FsException(Errno.ENOTCONN, "the connection went: " + reason.getMessage(), reason));
    }
  }

  /** One request that waits for its answer. */
  private final class Pending<T> {
    final CompletableFuture<T> future = new CompletableFuture<>();
    final long deadlineNanos;
    private final SftpAnswer<T> answer;

    Pending(SftpAnswer<T> answer, long deadlineNanos) {
      this.answer = answer;
      this.deadlineNanos = deadlineNanos;
    }

    void answered(SftpReply reply) throws ProtocolException {
      try {
        T value = answer.read(reply);
        boolean late = !future.complete(value);
        if (late
            && reply.type() == SftpConstants.SSH_FXP_HANDLE
            && value instanceof byte[] handle) {
          // Nobody waits for it any more, and the server's handles are few.
          giveBack(handle);
        }
      } catch (SftpStatus refused) {
        future.completeExceptionally(refused);
      } catch (ProtocolException e) {
        future.completeExceptionally(
            new FsException(Errno.EIO, "the server's answer makes no sense: " + e.getMessage(), e));
        throw e;
      }
    }
  }
}
