package colabfs.fs;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.writeback.WriteThrough;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One file that is open, in one version: what all handles of a path share. Own writes make it the
 * next version; somebody else's make the next open start another node, and this one goes on for
 * those who have it.
 *
 * <p>Threading: any thread. {@code writing} puts writes, cuts and flushes in order and is held
 * while they wait for the network; the monitor guards what is shown of the file and is held for a
 * moment only, so the connection's threads may take it.
 *
 * <p>Errors: a write that failed is told to the next flush or fsync, once; until then writes fail
 * with it.
 */
final class OpenNode {
  /** Programs that follow a growing file ask about once a second. */
  private static final long LOOK_NANOS = 900_000_000L;

  private final Surroundings around;
  private final RemoteReader reader;
  private final BlockSource blocks;

  private final ReentrantLock writing = new ReentrantLock();

  /** Changed only under {@code writing}. */
  private volatile @Nullable WriteThrough writer;

  /** Times were sent after the last flush, which did not wait for them. */
  @GuardedBy("writing")
  private boolean timesSent;

  /** Puts a new file's mode right; must be done before anything else changes it. */
  @GuardedBy("writing")
  private @Nullable CompletableFuture<Void> setUp;

  /** The mtime that is shown is to be sent. */
  @GuardedBy("writing")
  private boolean timesDue;

  private volatile RemotePath path;

  /** The path is another file's by now, or nobody's. */
  private volatile boolean detached;

  /** Changed since the last flush: only this node knows the size and the times. */
  private volatile boolean dirty;

  private volatile FileAttrs attrs;

  /** Some of this version's bytes were given to a reader. */
  @GuardedBy("this")
  private boolean served;

  /** Bytes may be given out without looking at the remote handle first. */
  private volatile boolean trusted;

  private volatile long verifiedNanos;

  /** What a node is given, and whom it tells. */
  interface Surroundings {
    Patience patience();

    InstantSource clock();

    long nanoTime();

    WriteThrough writer(RemotePath path, RemoteFile file);

    /** Whether the login may set times of a file with these attributes. */
    boolean maySetTimes(FileAttrs attrs);

    /** The runtime has the node's content and times as they are shown. */
    void settled(OpenNode node);

    /** The runtime has the times, too, that were sent after the writes. */
    void confirmed(OpenNode node);

    /** Nobody knows what the runtime has of it. */
    void unknown(OpenNode node);

    /** The runtime was seen to have this now, while the node was clean. */
    void seen(OpenNode node);
  }

  /** Makes the parts that belong to a node. */
  interface Parts {
    RemoteReader reader(OpenNode node);

    BlockSource blocks(RemoteReader reader);
  }

  OpenNode(RemotePath path, FileAttrs attrs, Surroundings around, Parts parts) {
    this.path = path;
    this.attrs = attrs;
    this.around = around;
    this.reader = parts.reader(this);
    this.blocks = parts.blocks(reader);
    this.verifiedNanos = around.nanoTime();
  }

  RemotePath path() {
    return path;
  }

  boolean isDetached() {
    return detached;
  }

  boolean isDirty() {
    return dirty;
  }

  boolean hasWriter() {
    return writer != null;
  }

  RemoteReader reader() {
    return reader;
  }

  BlockSource blocks() {
    return blocks;
  }

  FileAttrs attrs() {
    return attrs;
  }

  long size() {
    return attrs.sizeBytes();
  }

  /** Somebody else's change would show: only while nothing of ours is on its way. */
  boolean isSame(Version seen) {
    return dirty || Version.of(attrs).equals(seen);
  }

  /** The name under which it is found from now on; {@link #moved} must follow. */
  void setPath(RemotePath to) {
    path = to;
  }

  /** Tells the writer of the name that was set. */
  void moved() throws FsException {
    around.patience().lock(writing);
    try {
      if (writer != null) {
        writer.renamed(path);
      }
    } finally {
      writing.unlock();
    }
  }

  void detach() {
    detached = true;
  }

  /**
   * Bytes of that content are given to a reader now, so that the version is settled; false when it
   * is not the content any more, since another version was found before any byte was given.
   */
  boolean serve(long contentId) throws FsException {
    if (!trusted && !hasWriter()) {
      var unused = around.patience().await(reader.verified());
    }
    synchronized (this) {
      trusted = true;
      served |= blocks.contentId() == contentId;
      return blocks.contentId() == contentId;
    }
  }

  /** All of it is cached in a version that was just verified: no handle is needed to read it. */
  void trust() {
    trusted = true;
  }

  /** Judges a handle that was opened to read; see {@link RemoteReader.Check}. */
  void opened(FileAttrs found) throws FsException {
    synchronized (this) {
      if (dirty) {
        return; // own writes are on their way, so what was found says nothing
      }
      if (!Version.of(found).equals(Version.of(attrs))) {
        if (served || detached) {
          throw new FsException(Errno.ESTALE, path + " was changed on the runtime while open");
        }
        attrs = found;
        blocks.forget();
      }
      verifiedNanos = around.nanoTime();
    }
    around.seen(this);
  }

  /**
   * Looks whether somebody appended to the file, for those who follow its end; waits for the
   * network, but not again within the time that such programs wait themselves.
   */
  void look() throws FsException {
    if (isDueToLook()) {
      grown(around.patience().await(reader.fstat()));
    }
  }

  /** As {@link #look}, for the next caller: does not wait. */
  void lookSoon() {
    if (isDueToLook()) {
      verifiedNanos = around.nanoTime();
      var unused = reader.fstat().thenAccept(this::grown);
    }
  }

  private boolean isDueToLook() {
    return !dirty && !detached && !hasWriter() && around.nanoTime() - verifiedNanos >= LOOK_NANOS;
  }

  private void grown(FileAttrs found) {
    synchronized (this) {
      verifiedNanos = around.nanoTime();
      if (dirty || hasWriter() || found.sizeBytes() <= attrs.sizeBytes()) {
        return;
      }
      attrs = found;
      blocks.forget();
    }
    around.seen(this);
  }

  /** Own change of attributes, made by path. */
  synchronized void changed(UnaryOperator<FileAttrs> change) {
    attrs = change.apply(attrs);
  }

  /** Whoever opened the file to write gives the handle. */
  void takeWriter(RemoteFile opened, boolean readable) throws FsException {
    around.patience().lock(writing);
    try {
      if (writer != null) {
        var unused = opened.close(); // another open was first
        return;
      }
      writer = around.writer(path, opened);
      if (readable) {
        reader.share(opened, attrs);
      }
    } finally {
      writing.unlock();
    }
  }

  /** The file was just made: what the runtime's own umask and clock made of it is put right. */
  void made(RemoteFile opened, boolean readable) throws FsException {
    takeWriter(opened, readable);
    around.patience().lock(writing);
    try {
      setUp = opened.fsetattr(AttrChange.permissions(attrs.permissions()));
      timesDue = true;
      dirty = true;
    } finally {
      writing.unlock();
    }
  }

  /** The file was cut to nothing by how it was opened. */
  void emptied(RemoteFile opened, boolean readable) throws FsException {
    takeWriter(opened, readable);
    around.patience().lock(writing);
    try {
      timesDue = true;
      dirty = true;
      blocks.resized(attrs.sizeBytes(), 0);
      blocks.settled();
      showLocked(0);
    } finally {
      writing.unlock();
    }
  }

  int write(long offset, boolean append, ByteBuffer content) throws FsException {
    around.patience().lock(writing);
    try {
      WriteThrough out = writerLocked();
      long oldSize = attrs.sizeBytes();
      long start = append ? oldSize : offset;
      int length = content.remaining();
      if (length == 0) {
        return 0;
      }
      dirty = true;
      timesDue = true;
      blocks.wrote(start, content, oldSize);
      try {
        out.write(start, content);
      } catch (FsException e) {
        blocks.forget();
        failedLocked(e);
        throw e;
      }
      showLocked(Math.max(oldSize, start + length));
      return length;
    } finally {
      writing.unlock();
    }
  }

  /** Cuts or extends through the handle that writes; the server's word comes with the flush. */
  void truncate(long sizeBytes) throws FsException {
    around.patience().lock(writing);
    try {
      WriteThrough out = writerLocked();
      dirty = true;
      timesDue = true;
      blocks.resized(attrs.sizeBytes(), sizeBytes);
      try {
        out.truncate(sizeBytes);
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
      showLocked(sizeBytes);
    } finally {
      writing.unlock();
    }
  }

  /** The file was cut or extended by path. */
  synchronized void resized(FileAttrs now) {
    blocks.resized(attrs.sizeBytes(), now.sizeBytes());
    blocks.settled();
    attrs = now;
  }

  /**
   * Sets the times of a file that is open for writing: at once, or with the flush that is to come.
   * False when it is not, and the caller sets them by path.
   */
  boolean utimens(AttrChange.Times times, long ctimeNanos) throws FsException {
    around.patience().lock(writing);
    try {
      if (writer == null) {
        return false;
      }
      synchronized (this) {
        attrs = attrs.withTimes(times.atimeNanos(), times.mtimeNanos(), ctimeNanos);
      }
      timesDue = true;
      if (!dirty) {
        dirty = true;
        flush(false);
      }
      return true;
    } finally {
      writing.unlock();
    }
  }

  /** Waits until the runtime has all writes; what went wrong is kept for the next flush. */
  void settle() throws FsException {
    around.patience().lock(writing);
    try {
      if (writer == null) {
        return;
      }
      try {
        awaitSetUpLocked();
        writer.drain();
        blocks.settled();
        if (timesSent) {
          timesSent = false;
          around.confirmed(this);
        }
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
    } finally {
      writing.unlock();
    }
  }

  /** Waits until the runtime has all writes and the times as they are shown. */
  void flush(boolean toDisk) throws FsException {
    around.patience().lock(writing);
    try {
      WriteThrough out = writer;
      if (out == null) {
        return;
      }
      boolean timesKnown = !timesDue || around.maySetTimes(attrs);
      try {
        awaitSetUpLocked();
        if (toDisk) {
          out.fsync();
        } else {
          out.flush();
        }
      } catch (FsException e) {
        failedLocked(e);
        throw e;
      }
      blocks.settled();
      if (dirty) {
        if (timesDue && timesKnown) {
          // Not waited for: a program that closes a file has lost nothing if they do not arrive.
          out.setattr(AttrChange.times(attrs.atimeNanos(), attrs.mtimeNanos()));
          timesSent = true;
        }
        timesDue = false;
        if (timesKnown) {
          around.settled(this);
        } else {
          around.unknown(this);
        }
        dirty = false;
      }
    } finally {
      writing.unlock();
    }
  }

  long unsentBytes() {
    WriteThrough out = writer;
    return out == null ? 0 : out.unacknowledgedBytes();
  }

  /** The last handle is gone. */
  void close() throws FsException {
    reader.close();
    around.patience().lock(writing);
    try {
      if (writer != null) {
        writer.close();
        writer = null;
      }
    } finally {
      writing.unlock();
    }
  }

  @GuardedBy("writing")
  private WriteThrough writerLocked() throws FsException {
    if (writer == null) {
      throw new FsException(Errno.EBADF, path + " is not open for writing");
    }
    return writer;
  }

  /** Writes wait for a lost connection to come back; what the runtime refused is given up. */
  @GuardedBy("writing")
  private void failedLocked(FsException failure) {
    if (!failure.isConnectionFailure()) {
      dirty = false;
      timesDue = false;
      blocks.forget();
      around.unknown(this);
    }
  }

  /** What becomes of the mode is not the writes' matter; it only has to be over. */
  @GuardedBy("writing")
  private void awaitSetUpLocked() throws FsException {
    CompletableFuture<Void> sent = setUp;
    setUp = null;
    if (sent != null) {
      try {
        around.patience().await(sent);
      } catch (FsException e) {
        if (e.errno() == Errno.EINTR) {
          throw e;
        }
      }
    }
  }

  @GuardedBy("writing")
  private void showLocked(long sizeBytes) {
    long now = NewNames.nanos(around.clock().instant());
    synchronized (this) {
      attrs = attrs.withSize(sizeBytes).withTimes(attrs.atimeNanos(), now, now);
    }
  }
}
