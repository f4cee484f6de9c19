package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.writeback.WriteThrough;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.InstantSource;
import java.util.function.UnaryOperator;

/**
 * One file that is open, in one version: what all handles of a path share. Own writes make it the
 * next version; somebody else's make the next open start another node, and this one goes on for
 * those who have it.
 *
 * <p>Threading: any thread. The monitor guards what is shown of the file and is held for a moment
 * only, so the connection's threads may take it.
 */
final class OpenNode {
  /** Programs that follow a growing file ask about once a second. */
  private static final long LOOK_NANOS = 900_000_000L;

  private final Surroundings around;
  private final RemoteReader reader;
  private final BlockSource blocks;

  private final Writes writes;

  private volatile RemotePath path;

  /** The path is another file's by now, or nobody's. */
  private volatile boolean detached;

  /** The name is one that nobody knows, to be removed with the last handle. */
  private volatile boolean hidden;

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

    /** Whether what is known must do, since the runtime cannot be asked now. */
    boolean isLinkDown();

    WriteThrough writer(RemotePath path, RemoteFile file);

    /** Whether the login may set times of a file with these attributes. */
    boolean maySetTimes(FileAttrs attrs);

    /** The node's content is about to be changed here. */
    void changing(OpenNode node);

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
    this.writes = new Writes(this, around);
    this.verifiedNanos = around.nanoTime();
  }

  RemotePath path() {
    return path;
  }

  boolean isDetached() {
    return detached;
  }

  boolean isDirty() {
    return writes.isDirty();
  }

  boolean hasWriter() {
    return writes.hasWriter();
  }

  Writes writes() {
    return writes;
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
    return isDirty() || writes.hasTimesOnTheirWay() || Version.of(attrs).equals(seen);
  }

  /** Whether own writes, or their times, are not all on the runtime, or more may come. */
  boolean isBeingWritten() {
    return isDirty() || hasWriter() || writes.hasTimesOnTheirWay();
  }

  /** The name under which it is found from now on; {@link Writes#moved} must follow. */
  void setPath(RemotePath to) {
    path = to;
  }

  void detach() {
    detached = true;
  }

  /** The file is to go with the last handle. */
  void hide() {
    hidden = true;
  }

  boolean isHidden() {
    return hidden;
  }

  /**
   * Bytes of that content are given to a reader now, so that the version is settled; false when it
   * is not the content any more, since another version was found before any byte was given. While
   * the link is down, what is known of the file is its version.
   */
  boolean serve(long contentId) throws FsException {
    if (!trusted && !hasWriter() && !around.isLinkDown()) {
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
      if (isDirty() || hasWriter()) {
        return; // own writes are on their way, or their times, so what was found says nothing
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
    return !isDirty()
        && !detached
        && !hasWriter()
        && around.nanoTime() - verifiedNanos >= LOOK_NANOS
        && !around.isLinkDown();
  }

  private void grown(FileAttrs found) {
    synchronized (this) {
      verifiedNanos = around.nanoTime();
      if (isDirty() || hasWriter() || found.sizeBytes() <= attrs.sizeBytes()) {
        return;
      }
      attrs = found;
      blocks.forget();
    }
    around.seen(this);
  }

  /** Own change of what is shown. */
  synchronized void changed(UnaryOperator<FileAttrs> change) {
    attrs = change.apply(attrs);
  }

  /** The file was cut or extended by path. */
  synchronized void resized(FileAttrs now) {
    blocks.resized(attrs.sizeBytes(), now.sizeBytes());
    blocks.settled();
    attrs = now;
  }

  /** The last handle is gone. */
  void close() throws FsException {
    reader.close();
    writes.close();
  }
}
