package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The writes of one open file; this step sends each by itself and waits for it. */
public final class WriteThrough {
  private final RemoteFile handle;
  private final Duration timeout;

  public WriteThrough(
      RemoteFs remote,
      RemotePath path,
      RemoteFile handle,
      long maxUnacknowledgedBytes,
      Duration timeout) {
    this.handle = handle;
    this.timeout = timeout;
  }

  /** Writes what remains in the buffer at an offset. */
  public void write(long offset, ByteBuffer content) throws FsException {
    await(handle.write(offset, content));
  }

  /** Lays unacknowledged bytes over what was read of the range. */
  public void overlay(long offset, ByteBuffer into) {}

  /** Highest offset written and not acknowledged, or 0. */
  public long endOfUnacknowledged() {
    return 0;
  }

  /** Cuts or extends, after earlier writes. */
  public void truncate(long sizeBytes) throws FsException {
    await(handle.fsetattr(AttrChange.size(sizeBytes)));
  }

  /** Changes attributes, after earlier writes. */
  public void setattr(AttrChange change) throws FsException {
    await(handle.fsetattr(change));
  }

  /** Waits for every acknowledgement. */
  public void flush() throws FsException {}

  /** As flush, and the server's disk has it. */
  public void fsync() throws FsException {
    await(handle.fsync());
  }

  /** Tells the name under which the file is found after a lost connection. */
  public void renamed(RemotePath newPath) {}

  public long unacknowledgedBytes() {
    return 0;
  }

  /** Gives the remote handle back. */
  public void close() {
    var unused = handle.close();
  }

  private void await(CompletableFuture<Void> answer) throws FsException {
    try {
      answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof FsException known
          ? known
          : new FsException(Errno.EIO, "The write failed.", e);
    } catch (TimeoutException e) {
      throw new FsException(Errno.ETIMEDOUT, "No answer to a write in time.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "Interrupted while writing.", e);
    }
  }
}
