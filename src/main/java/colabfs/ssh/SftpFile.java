package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_CLOSE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_FSETSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_FSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_READ;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_WRITE;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An open file on the runtime. Long reads and writes are split into requests whose size and number
 * in flight the connection's {@link BulkWindow}s tell; short ones pass them. What changes
 * attributes is sent behind the writes that were asked for before it, so that these do not set the
 * times anew.
 *
 * <p>Threading: any thread.
 */
final class SftpFile implements RemoteFile {
  static final String FSYNC = "fsync@openssh.com";

  /** Requests up to this size never wait for bulk ones. */
  static final int SMALL_BYTES = 8 * 1024;

  /** What all open files of a connection share. */
  record Connection(
      SftpChannel channel,
      BulkWindow reads,
      BulkWindow writes,
      SftpDiagnosis diagnosis,
      boolean canSync) {}

  private final Connection connection;
  private final SftpChannel channel;
  private final byte[] handle;
  private final RemotePath path;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Parts of writes that wait for their turn to be sent. */
  private final AtomicInteger waitingWrites = new AtomicInteger();

  /**
   * What the length was when it was last seen, or -1: tells the end of the file from a short read.
   */
  private final AtomicLong knownSize;

  SftpFile(Connection connection, byte[] handle, RemotePath path, long knownSize) {
    this.connection = connection;
    this.channel = connection.channel();
    this.handle = handle;
    this.path = path;
    this.knownSize = new AtomicLong(knownSize);
  }

  @Override
  public CompletableFuture<ByteBuffer> read(long offset, int lengthBytes) {
    if (closed.get()) {
      return closedAlready(SftpOp.READ);
    }
    if (lengthBytes == 0) {
      return CompletableFuture.completedFuture(ByteBuffer.allocate(0));
    }
    return Chain.then(
        new SftpTransfer.Read(this, connection.reads(), offset, lengthBytes).start(),
        CompletableFuture::completedFuture,
        failure -> connection.diagnosis().explain(SftpOp.READ, path, handle, failure));
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer content) {
    if (closed.get()) {
      return closedAlready(SftpOp.WRITE);
    }
    if (!content.hasRemaining()) {
      return Chain.done();
    }
    long end = offset + content.remaining();
    return Chain.then(
        new SftpTransfer.Write(this, connection.writes(), offset, content.slice()).start(),
        done -> {
          knownSize.accumulateAndGet(
              end, (known, written) -> known < 0 ? known : Math.max(known, written));
          return Chain.done();
        },
        failure -> connection.diagnosis().explain(SftpOp.WRITE, path, handle, failure));
  }

  @Override
  public CompletableFuture<Void> fsync() {
    if (closed.get()) {
      return closedAlready(SftpOp.FSYNC);
    }
    return connection.canSync()
        ? change(SftpOp.FSYNC, SftpRequest.extended(FSYNC).string(handle))
        : Chain.done();
  }

  @Override
  public CompletableFuture<FileAttrs> fstat() {
    if (closed.get()) {
      return closedAlready(SftpOp.FSTAT);
    }
    return Chain.then(
        channel.send(SftpRequest.of(SSH_FXP_FSTAT).string(handle), SftpAnswer.ATTRS),
        attrs -> {
          knownSize.set(attrs.sizeBytes());
          return CompletableFuture.completedFuture(attrs);
        },
        failure -> connection.diagnosis().explain(SftpOp.FSTAT, path, handle, failure));
  }

  @Override
  public CompletableFuture<Void> fsetattr(AttrChange change) {
    if (closed.get()) {
      return closedAlready(SftpOp.FSETATTR);
    }
    if (change.sizeBytes() != null) {
      knownSize.set(-1);
    }
    SftpRequest request = SftpRequest.of(SSH_FXP_FSETSTAT).string(handle);
    return explained(SftpOp.FSETATTR, sendBehindWrites(SftpAttrs.write(request, change)));
  }

  private CompletableFuture<Void> sendBehindWrites(SftpRequest request) {
    if (waitingWrites.get() == 0) {
      return channel.send(request, SftpAnswer.OK);
    }
    CompletableFuture<Void> result = new CompletableFuture<>();
    connection.writes().submit(0, new Behind(request, result));
    return result;
  }

  /** A request that keeps its place in the queue of writes. */
  private final class Behind implements BulkWindow.Request {
    private final SftpRequest request;
    private final CompletableFuture<Void> result;

    Behind(SftpRequest request, CompletableFuture<Void> result) {
      this.request = request;
      this.result = result;
    }

    @Override
    public CompletableFuture<Integer> start() {
      CompletableFuture<Void> answer = channel.send(request, SftpAnswer.OK);
      Chain.whenDone(answer, this::end);
      return Chain.map(answer, done -> 0);
    }

    @SuppressWarnings("NullAway") // a future of Void has no value but null
    private void end(@Nullable Void done, @Nullable Throwable failure) {
      if (failure == null) {
        result.complete(null);
      } else {
        result.completeExceptionally(failure);
      }
    }

    @Override
    public void giveUp(FsException reason) {
      result.completeExceptionally(reason);
    }
  }

  @Override
  public CompletableFuture<Void> close() {
    if (closed.getAndSet(true)) {
      return closedAlready(SftpOp.CLOSE);
    }
    return change(SftpOp.CLOSE, SftpRequest.of(SSH_FXP_CLOSE).string(handle));
  }

  // What the transfers need.

  SftpChannel.Limits limits() {
    return channel.limits();
  }

  /**
   * Whether a short answer that ends there is known to end the file. It is when the file was seen
   * to be that long: asking once more would cost every small file a round trip.
   */
  boolean endsAt(long offset) {
    return offset == knownSize.get();
  }

  void writesWait(int change) {
    waitingWrites.addAndGet(change);
  }

  CompletableFuture<ByteBuffer> readOnce(long offset, int bytes) {
    SftpRequest request = SftpRequest.of(SSH_FXP_READ).string(handle).uint64(offset).uint32(bytes);
    return channel.send(request, SftpAnswer.data(bytes));
  }

  CompletableFuture<Void> writeOnce(long offset, ByteBuffer content) {
    int fieldBytes = handle.length + content.remaining() + 2 * Integer.BYTES + Long.BYTES;
    SftpRequest request =
        SftpRequest.of(SSH_FXP_WRITE, fieldBytes).string(handle).uint64(offset).string(content);
    return channel.send(request, SftpAnswer.OK);
  }

  private CompletableFuture<Void> change(SftpOp op, SftpRequest request) {
    return explained(op, channel.send(request, SftpAnswer.OK));
  }

  private CompletableFuture<Void> explained(SftpOp op, CompletableFuture<Void> answer) {
    return Chain.then(
        answer,
        done -> Chain.done(),
        failure -> connection.diagnosis().explain(op, path, handle, failure));
  }

  private <T> CompletableFuture<T> closedAlready(SftpOp op) {
    return CompletableFuture.failedFuture(SftpFs.failure(Errno.EBADF, op, path));
  }
}
