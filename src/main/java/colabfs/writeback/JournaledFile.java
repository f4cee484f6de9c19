package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.writeback.Layer.Extent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One open file: what was written here, over what the runtime has. Writes end when the journal has
 * them. Threading: any thread; no call waits for the network.
 */
final class JournaledFile implements RemoteFile {
  /** The most that one record of the journal holds. */
  private static final int MAX_RECORD_BYTES = 1 << 20;

  private final FileChanges owner;
  private final Journal journal;
  private final RemoteFs remote;
  private final PendingFile file;
  private final boolean writable;
  private boolean closed;

  /** What the runtime has, opened to read. Guarded by the journal's lock. */
  private @Nullable CompletableFuture<RemoteFile> below;

  /** Which of the runtime's contents it was opened in. */
  private int belowVersion;

  /**
   * How a range is put together.
   *
   * @param lengthBytes how long the answer is
   * @param belowBytes so many from its start on are the runtime's where nothing lies over them
   * @param extents what lies over them, each over those before it
   */
  private record Plan(int lengthBytes, int belowBytes, List<Extent> extents) {}

  /**
   * @param below the runtime's file, being opened to read, or null to open it when it is needed
   */
  JournaledFile(
      FileChanges owner,
      Journal journal,
      RemoteFs remote,
      PendingFile file,
      @Nullable CompletableFuture<RemoteFile> below,
      boolean writable) {
    this.owner = owner;
    this.journal = journal;
    this.remote = remote;
    this.file = file;
    this.below = below;
    this.writable = writable;
    this.belowVersion = file.versions;
  }

  @Override
  public CompletableFuture<ByteBuffer> read(long offset, int lengthBytes) {
    Plan plan;
    CompletableFuture<RemoteFile> from = null;
    journal.lock.lock();
    try {
      if (closed) {
        return Plain.of(failed(Errno.EBADF, "is closed"));
      }
      if (file.layers.isEmpty()) {
        return Plain.of(belowLocked().thenCompose(opened -> opened.read(offset, lengthBytes)));
      }
      plan = planLocked(offset, lengthBytes);
      if (plan.belowBytes() > 0) {
        from = belowLocked();
      }
    } finally {
      journal.lock.unlock();
    }
    ByteBuffer all = ByteBuffer.allocate(plan.lengthBytes());
    CompletableFuture<Void> laid =
        from == null
            ? CompletableFuture.completedFuture(null)
            : from.thenCompose(opened -> opened.read(offset, plan.belowBytes()))
                .thenAccept(bytes -> all.duplicate().put(bytes));
    return Plain.of(
        laid.thenCompose(
            there ->
                layOver(offset, all, plan.extents())
                    ? CompletableFuture.completedFuture(all)
                    : read(offset, lengthBytes)));
  }

  private Plan planLocked(long offset, int lengthBytes) {
    long size = file.layers.getLast().sizeBytes();
    long end = Math.max(offset, Math.min(size, offset + lengthBytes));
    List<Extent> extents = new ArrayList<>();
    long visible = end; // of the layer at hand, what those above it let through
    Iterator<Layer> fromTop = file.layers.descendingIterator();
    while (fromTop.hasNext()) {
      Layer layer = fromTop.next();
      extents.addAll(0, layer.within(offset, Math.max(offset, visible)));
      visible = Math.min(visible, layer.visibleBelow());
    }
    FileAttrs runtime = file.remote;
    visible = Math.min(visible, runtime == null ? 0 : runtime.sizeBytes());
    boolean hidden = extents.size() == 1 && covers(extents.get(0), offset, visible);
    int below = visible > offset && !hidden ? (int) (visible - offset) : 0;
    return new Plan((int) (end - offset), below, extents);
  }

  private static boolean covers(Extent extent, long start, long end) {
    return extent.offset() <= start && extent.end() >= end;
  }

  /** False when the journal has some of it no longer, as it has arrived on the runtime. */
  private boolean layOver(long offset, ByteBuffer all, List<Extent> extents) {
    try {
      for (Extent extent : extents) {
        ByteBuffer into = all.duplicate();
        into.position((int) (extent.offset() - offset));
        into.limit(into.position() + extent.length());
        if (!journal.read(extent.position(), into)) {
          return false;
        }
      }
      return true;
    } catch (FsException e) {
      throw new CompletionException(e);
    }
  }

  /** The runtime's file, once what brings it under its name is done. */
  private CompletableFuture<RemoteFile> belowLocked() {
    CompletableFuture<RemoteFile> opened = below;
    if (opened == null || opened.isCompletedExceptionally() || belowVersion != file.versions) {
      if (opened != null) {
        var unused = opened.thenCompose(RemoteFile::close);
      }
      belowVersion = file.versions;
      Job arrival = file.arrival;
      opened =
          arrival == null || arrival.isOver()
              ? openBelow(file.remoteAt)
              : arrival.end().thenCompose(there -> openBelow(file.remoteAt));
      below = opened;
    }
    return opened;
  }

  /** As it may be on its way to another name, it is looked for there, too. */
  private CompletableFuture<RemoteFile> openBelow(RemotePath at) {
    return remote
        .open(at, EnumSet.of(OpenFlag.READ), 0)
        .exceptionallyCompose(
            failure -> {
              CompletableFuture<Void> moved =
                  Reopening.reason(failure).errno() == Errno.ENOENT ? moved(at) : null;
              return moved == null
                  ? CompletableFuture.failedFuture(failure)
                  : moved.thenCompose(there -> openBelow(file.remoteAt));
            });
  }

  /** Ends when it has moved from there; null when nothing moves it. */
  private @Nullable CompletableFuture<Void> moved(RemotePath at) {
    journal.lock.lock();
    try {
      if (!file.remoteAt.equals(at)) {
        return CompletableFuture.completedFuture(null);
      }
      Job mover = journal.stateLocked().moverOf(file);
      return mover == null ? null : mover.end();
    } finally {
      journal.lock.unlock();
    }
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer content) {
    int length = content.remaining();
    CompletableFuture<Void> recorded =
        owner.change(
            file,
            () -> {
              requireWritable();
              owner.checkSpaceLocked(content.remaining());
              ByteBuffer left = content.duplicate();
              while (left.hasRemaining()) {
                int count = Math.min(left.remaining(), MAX_RECORD_BYTES);
                ByteBuffer piece = left.slice(left.position(), count);
                long at = offset + (left.position() - content.position());
                journal.recordLocked(new Event.Wrote(file.number, at, count), piece);
                left.position(left.position() + count);
              }
            });
    return Plain.of(recorded.thenCompose(safe -> owner.pace(file, length)));
  }

  @Override
  public CompletableFuture<Void> fsetattr(AttrChange change) {
    return Plain.of(
        owner.change(
            file,
            () -> {
              requireWritable();
              Long size = change.sizeBytes();
              if (size != null) {
                journal.recordLocked(new Event.Cut(file.number, size));
              }
              AttrChange rest =
                  new AttrChange(null, change.permissions(), change.owner(), change.times());
              if (!rest.equals(new AttrChange(null, null, null, null))) {
                journal.recordLocked(new Event.FileSet(file.number, rest));
              }
            }));
  }

  private void requireWritable() throws FsException {
    if (closed || !writable) {
      throw new FsException(Errno.EBADF, file.path() + " is not open for writing");
    }
  }

  @Override
  public CompletableFuture<Void> fsync() {
    journal.lock.lock();
    try {
      if (closed) {
        return failed(Errno.EBADF, "is closed");
      }
    } finally {
      journal.lock.unlock();
    }
    return Plain.of(owner.fsync(file));
  }

  @Override
  public CompletableFuture<Void> outcome() {
    try {
      owner.tell(file);
      return CompletableFuture.completedFuture(null);
    } catch (FsException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<FileAttrs> fstat() {
    journal.lock.lock();
    try {
      if (closed) {
        return Plain.of(failed(Errno.EBADF, "is closed"));
      }
      return Plain.of(
          file.last != null || file.path() == null || below == null
              ? CompletableFuture.completedFuture(file.attrs)
              : belowLocked().thenCompose(RemoteFile::fstat));
    } finally {
      journal.lock.unlock();
    }
  }

  @Override
  public CompletableFuture<Void> close() {
    CompletableFuture<RemoteFile> opened;
    journal.lock.lock();
    try {
      if (closed) {
        return failed(Errno.EBADF, "is closed");
      }
      closed = true;
      opened = below;
      below = null;
      journal.stateLocked().handleClosed(file);
    } finally {
      journal.lock.unlock();
    }
    if (opened != null) {
      var unused = opened.thenCompose(RemoteFile::close);
    }
    return CompletableFuture.completedFuture(null);
  }

  private <T> CompletableFuture<T> failed(Errno errno, String why) {
    return CompletableFuture.failedFuture(new FsException(errno, file.path() + " " + why));
  }
}
