package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/**
 * The unacknowledged changes of one open file: sent in the background, many in flight, in an order
 * that keeps their effect; the only copy of the user's bytes until the server has them.
 *
 * <p>Sending: a write is copied and returns. What is written next to the last write joins it, up to
 * 255 KiB; it goes out when it is full, when the next write is elsewhere, from 64 KiB on when
 * nothing is in flight, when a writer waits for room, and at {@link #flush}. A change that touches
 * what is in flight waits for that answer.
 *
 * <p>Connection lost: the file is opened again by its name (never made, never cut), checked to be
 * as our own changes left it, and everything unacknowledged is sent again. When it is not the same
 * file any more: ESTALE, now and for every later change. When it cannot be opened, or the server
 * does not answer in time, the error is reported once; the data stays, and the next call after the
 * report tries again.
 *
 * <p>Errors: what the server refuses (ENOSPC, EACCES, EDQUOT, EIO ...) stops the sending of this
 * file. Later writes, cuts and attribute changes fail at once with that error, until a flush or
 * fsync has waited for what is in flight, thrown it, and dropped what was not accepted; then new
 * changes are taken as if nothing had been. A refused change of times, mode or owner, or a refused
 * fsync, is thrown by the next flush and stops nothing. Data is dropped in no other case, except by
 * {@link #close}.
 *
 * <p>Threading: any thread. Only {@code write}, {@code flush}, {@code drain} and {@code fsync}
 * wait, and never longer than the timeout after the last acknowledgement.
 */
public final class WriteThrough {

  /** Unacknowledged changes as they were at one moment. Threading: any thread. */
  @FunctionalInterface
  public interface Overlay {
    /** As {@link WriteThrough#overlay}, within the range that was captured. */
    void layOver(long offset, ByteBuffer into);
  }

  private static final System.Logger LOG = System.getLogger(WriteThrough.class.getName());

  private final Transfer transfer;
  private final long maxUnacknowledgedBytes;
  private final Duration timeout;

  /**
   * Takes over a handle that is open for writing; asks for its attributes without waiting.
   *
   * @param path where the file is found after a lost connection; see {@link #renamed}
   * @param maxUnacknowledgedBytes beyond this a write waits; a piece of 255 KiB is always taken
   * @param timeout the longest wait without an acknowledgement, and for opening the file again
   */
  public WriteThrough(
      RemoteFs remote,
      RemotePath path,
      RemoteFile handle,
      long maxUnacknowledgedBytes,
      Duration timeout) {
    this.transfer = new Transfer(remote, path, handle, timeout);
    this.maxUnacknowledgedBytes = maxUnacknowledgedBytes;
    this.timeout = timeout;
    transfer.learnAttributes();
  }

  /**
   * Takes what remains in the buffer, to be written at an offset in bytes. Waits for the network
   * only while too much is unacknowledged: ETIMEDOUT when nothing moves. Throws a pending error at
   * once. After an error any part may have been taken.
   */
  public void write(long offset, ByteBuffer content) throws FsException {
    transfer.retryLink();
    long at = offset;
    while (content.hasRemaining()) {
      awaitRoom(Math.min(content.remaining(), PendingOps.PIECE_BYTES));
      transfer.lock.lock();
      try {
        transfer.checkMayChangeLocked();
        at += transfer.pendingLocked().append(at, content);
      } finally {
        transfer.lock.unlock();
      }
      transfer.pump();
    }
  }

  /**
   * Lays everything unacknowledged over what was read of the range that begins at the offset and is
   * as long as what remains in the buffer; the buffer's position stays. Where the server gave less
   * than was asked, the caller has filled up with zeroes; what lies behind a cut that is under way
   * becomes zeroes.
   *
   * <p>An acknowledgement between the server's read and this call takes bytes away that the read
   * may have missed: a reader takes {@link #capture} before it asks the server, lays that over
   * first, and then this.
   */
  public void overlay(long offset, ByteBuffer into) {
    transfer.lock.lock();
    try {
      transfer.pendingLocked().all().forEach(op -> op.layOver(offset, into));
    } finally {
      transfer.lock.unlock();
    }
  }

  /** What is unacknowledged now in that range, to be laid over what is read afterwards. */
  public Overlay capture(long offset, int lengthBytes) {
    List<Op> ops;
    transfer.lock.lock();
    try {
      ops = transfer.pendingLocked().frozen(offset, offset + lengthBytes);
    } finally {
      transfer.lock.unlock();
    }
    return (at, into) -> ops.forEach(op -> op.layOver(at, into));
  }

  /**
   * The end of the highest write that is not acknowledged, or 0; where a cut is unacknowledged, the
   * size that the file has after it and the later writes.
   */
  public long endOfUnacknowledged() {
    transfer.lock.lock();
    try {
      long end = 0;
      for (Op op : transfer.pendingLocked().all()) {
        end = op.sizeAfter(end);
      }
      return end;
    } finally {
      transfer.lock.unlock();
    }
  }

  /** Bytes that wait for their acknowledgement, or whose refusal was not reported yet. */
  public long unacknowledgedBytes() {
    transfer.lock.lock();
    try {
      return transfer.pendingLocked().sizeBytes();
    } finally {
      transfer.lock.unlock();
    }
  }

  /** Cuts or extends the file after all earlier changes; returns at once, errors are for flush. */
  public void truncate(long sizeBytes) throws FsException {
    setattr(AttrChange.size(sizeBytes));
  }

  /** Changes attributes after all earlier changes; returns at once, errors are for flush. */
  public void setattr(AttrChange change) throws FsException {
    transfer.retryLink();
    transfer.lock.lock();
    try {
      transfer.checkMayChangeLocked();
      transfer.pendingLocked().add(change);
    } finally {
      transfer.lock.unlock();
    }
    transfer.pump();
  }

  /**
   * Waits until the server has acknowledged every change made before. Throws the first error since
   * the last flush, which then counts as reported, or ETIMEDOUT when nothing moves: then nothing is
   * dropped.
   */
  public void flush() throws FsException {
    settle(true);
  }

  /** As {@link #flush}, but an error stays, to be reported to the program by its own flush. */
  public void drain() throws FsException {
    settle(false);
  }

  /** As {@link #flush}, and waits until the server's disk has it. */
  public void fsync() throws FsException {
    transfer.lock.lock();
    try {
      if (transfer.failureLocked() == null) {
        transfer.checkMayChangeLocked();
      }
      transfer.pendingLocked().addSync();
    } finally {
      transfer.lock.unlock();
    }
    settle(true);
  }

  /** The file has this name now: here it is looked for after a lost connection. */
  public void renamed(RemotePath newPath) {
    transfer.lock.lock();
    try {
      transfer.renamedLocked(newPath);
    } finally {
      transfer.lock.unlock();
    }
  }

  /**
   * Gives the remote handle back, without waiting. What the flush before could not bring to the
   * server is dropped, and logged. Later changes end with EBADF.
   */
  public void close() {
    transfer.lock.lock();
    try {
      if (!transfer.pendingLocked().isEmpty()) {
        LOG.log(
            Level.WARNING,
            "{0} is closed with {1} bytes that did not reach the runtime; its program was told.",
            transfer.pathLocked(),
            transfer.pendingLocked().sizeBytes());
      }
    } finally {
      transfer.lock.unlock();
    }
    transfer.close();
  }

  private void settle(boolean report) throws FsException {
    long target;
    transfer.lock.lock();
    try {
      transfer.pendingLocked().seal();
      target = transfer.pendingLocked().lastNumber();
    } finally {
      transfer.lock.unlock();
    }
    transfer.retryLink();
    transfer.pump();
    transfer.lock.lock();
    try {
      long begin = System.nanoTime();
      boolean inTime = true;
      while (inTime
          && !transfer.pendingLocked().isDoneUpTo(target)
          && !transfer.isStoppedLocked()) {
        inTime = awaitAnswerLocked(begin);
      }
      FsException failure = transfer.failureLocked();
      if (failure != null) {
        if (report) {
          transfer.reportedLocked();
        }
        throw Reopening.again(failure);
      }
      if (!transfer.pendingLocked().isDoneUpTo(target)) {
        transfer.checkMayChangeLocked();
        throw timedOutLocked();
      }
    } finally {
      transfer.lock.unlock();
    }
    if (report) {
      transfer.checkOutcome();
    }
    transfer.learnAttributes();
  }

  /** Waits for the network until so many bytes more may be held. */
  private void awaitRoom(int bytes) throws FsException {
    if (countWaiting(1, bytes)) {
      countWaiting(-1, bytes);
      return;
    }
    try {
      transfer.pump(); // sends even a short open piece, now that somebody waits
      transfer.lock.lock();
      try {
        long begin = System.nanoTime();
        while (!hasRoomLocked(bytes)) {
          transfer.checkMayChangeLocked();
          if (!awaitAnswerLocked(begin)) {
            throw timedOutLocked();
          }
        }
      } finally {
        transfer.lock.unlock();
      }
    } finally {
      countWaiting(-1, bytes);
    }
  }

  @CanIgnoreReturnValue
  private boolean countWaiting(int change, int bytes) {
    transfer.lock.lock();
    try {
      transfer.waitingForRoomLocked(change);
      return hasRoomLocked(bytes);
    } finally {
      transfer.lock.unlock();
    }
  }

  @GuardedBy("transfer.lock")
  private boolean hasRoomLocked(int bytes) {
    long held = transfer.pendingLocked().sizeBytes();
    return held == 0 || held + bytes <= maxUnacknowledgedBytes;
  }

  /** Waits for the network to move, in a caller's loop; false when it has not for the timeout. */
  @SuppressWarnings("WaitNotInLoop")
  @GuardedBy("transfer.lock")
  private boolean awaitAnswerLocked(long beginNanos) throws FsException {
    long last = transfer.lastAnswerNanosLocked();
    long since = last - beginNanos > 0 ? last : beginNanos;
    long left = timeout.toNanos() - (System.nanoTime() - since);
    if (left <= 0) {
      return false;
    }
    try {
      long unused = transfer.moved.awaitNanos(left);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "Interrupted while waiting for the runtime.", e);
    }
  }

  @GuardedBy("transfer.lock")
  private FsException timedOutLocked() {
    return new FsException(
        Errno.ETIMEDOUT,
        "The runtime has not answered to writes of "
            + transfer.pathLocked()
            + " for "
            + timeout.toSeconds()
            + " s. They are kept while the file is open; check the connection with"
            + " 'colabfs status' and save again.");
  }
}
