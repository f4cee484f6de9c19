package colabfs.fs;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.remote.RemoteFile;
import colabfs.writeback.WriteThrough;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The writes of one open file, over all its handles: in order, into what is shown and cached of it,
 * and through {@link WriteThrough} to the runtime.
 *
 * <p>Threading: any thread. The lock puts writes, cuts and flushes in order and is held while they
 * wait for the network.
 *
 * <p>Errors: a write that failed is told to the next flush or fsync, once; until then writes fail
 * with it. Writes that wait for a lost connection stay, and the next flush tries again.
 */
final class Writes {
  private final OpenNode node;
  private final OpenNode.Surroundings around;

  private final ReentrantLock lock = new ReentrantLock();

  /** Changed only under the lock. */
  private volatile @Nullable WriteThrough writer;

  /** Changed since the last flush: only the node knows the size and the times. */
  private volatile boolean dirty;

  /** Times were sent after the last flush, which did not wait for them. */
  private volatile boolean timesSent;

  /** The mtime that is shown is to be sent. */
  @GuardedBy("lock")
  private boolean timesDue;

  Writes(OpenNode node, OpenNode.Surroundings around) {
    this.node = node;
    this.around = around;
  }

  /** Whether something was changed since the last flush. */
  boolean isDirty() {
    return dirty;
  }

  boolean hasWriter() {
    return writer != null;
  }

  /** Whether the runtime may still have a time of its own. */
  boolean hasTimesOnTheirWay() {
    return timesSent;
  }

  /** Tells the writer of the name that the node has now. */
  void moved() throws FsException {
    around.patience().lock(lock);
    try {
      if (writer != null) {
        writer.renamed(node.path());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whoever opened the file to write gives the handle. */
  void takeWriter(RemoteFile opened, boolean readable) throws FsException {
    around.patience().lock(lock);
    try {
      if (writer != null) {
        var unused = opened.close(); // another open was first
        return;
      }
      writer = around.writer(node.path(), opened);
      if (readable) {
        node.reader().share(opened, node.attrs());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The file was just made: its times are to be this side's. */
  void made(RemoteFile opened, boolean readable) throws FsException {
    takeWriter(opened, readable);
    around.patience().lock(lock);
    try {
      timesDue = true;
      dirty = true;
    } finally {
      lock.unlock();
    }
  }

  /** The file was cut to nothing by how it was opened. */
  void emptied(RemoteFile opened, boolean readable) throws FsException {
    takeWriter(opened, readable);
    around.patience().lock(lock);
    try {
      changingLocked();
      timesDue = true;
      dirty = true;
      node.blocks().resized(node.size(), 0);
      node.blocks().settled();
      showLocked(0);
    } finally {
      lock.unlock();
    }
  }

  int write(long offset, boolean append, ByteBuffer content) throws FsException {
    around.patience().lock(lock);
    try {
      WriteThrough out = writerLocked();
      long oldSize = node.size();
      long start = append ? oldSize : offset;
      int length = content.remaining();
      if (length == 0) {
        return 0;
      }
      changingLocked();
      dirty = true;
      timesDue = true;
      node.blocks().wrote(start, content, oldSize);
      try {
        out.write(start, content);
      } catch (FsException e) {
        node.blocks().forget();
        failedLocked(e);
        throw e;
      }
      showLocked(Math.max(oldSize, start + length));
      return length;
    } finally {
      lock.unlock();
    }
  }

  /** Cuts or extends through the handle that writes; the server's word comes with the flush. */
  void truncate(long sizeBytes) throws FsException {
    around.patience().lock(lock);
    try {
      WriteThrough out = writerLocked();
      changingLocked();
      dirty = true;
      timesDue = true;
      node.blocks().resized(node.size(), sizeBytes);
      try {
        out.truncate(sizeBytes);
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
      showLocked(sizeBytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets the times of a file that is open for writing: at once, or with the flush that is to come.
   * False when it is not, and the caller sets them by path.
   */
  boolean utimens(AttrChange.Times times, long ctimeNanos) throws FsException {
    around.patience().lock(lock);
    try {
      if (writer == null) {
        return false;
      }
      node.changed(old -> old.withTimes(times.atimeNanos(), times.mtimeNanos(), ctimeNanos));
      timesDue = true;
      if (!dirty) {
        dirty = true;
        flush(false);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the runtime has all writes; what went wrong is kept for the next flush. */
  void settle() throws FsException {
    around.patience().lock(lock);
    try {
      if (writer == null) {
        return;
      }
      try {
        writer.drain();
        node.blocks().settled();
        if (timesSent) {
          timesSent = false;
          around.confirmed(node);
        }
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the runtime has all writes and the times as they are shown. */
  void flush(boolean toDisk) throws FsException {
    around.patience().lock(lock);
    try {
      WriteThrough out = writer;
      if (out == null) {
        return;
      }
      boolean timesKnown = !timesDue || around.maySetTimes(node.attrs());
      try {
        if (toDisk) {
          out.fsync();
        } else {
          out.flush();
        }
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
      node.blocks().settled();
      if (dirty) {
        if (timesDue && timesKnown) {
          // Not waited for: a program that closes a file has lost nothing if they do not arrive.
          FileAttrs shown = node.attrs();
          out.setattr(AttrChange.times(shown.atimeNanos(), shown.mtimeNanos()));
          timesSent = true;
        }
        timesDue = false;
        if (timesKnown) {
          around.settled(node);
        } else {
          around.unknown(node);
        }
        dirty = false;
      }
    } finally {
      lock.unlock();
    }
  }

  long unsentBytes() {
    WriteThrough out = writer;
    return out == null ? 0 : out.unacknowledgedBytes();
  }

  void close() throws FsException {
    around.patience().lock(lock);
    try {
      if (writer != null) {
        writer.close();
        writer = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /** What is kept of the content beyond this process goes before the content does. */
  @GuardedBy("lock")
  private void changingLocked() {
    if (node.blocks().kept() != null) {
      around.changing(node);
    }
  }

  @GuardedBy("lock")
  private WriteThrough writerLocked() throws FsException {
    if (writer == null) {
      throw new FsException(Errno.EBADF, node.path() + " is not open for writing");
    }
    return writer;
  }

  /** Writes wait for a lost connection to come back; what the runtime refused is given up. */
  @GuardedBy("lock")
  private void failedLocked(FsException failure) {
    if (!failure.isConnectionFailure()) {
      dirty = false;
      timesDue = false;
      node.blocks().forget();
      around.unknown(node);
    }
  }

  @GuardedBy("lock")
  private void showLocked(long sizeBytes) {
    long now = NewNames.nanos(around.clock().instant());
    node.changed(old -> old.withSize(sizeBytes).withTimes(old.atimeNanos(), now, now));
  }
}
