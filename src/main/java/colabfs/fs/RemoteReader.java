package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.remote.RemoteFile;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The remote handle through which one open file is read, opened when first needed and again after a
 * lost connection. What was opened is looked at with the first reads, and no read's answer is given
 * out before it is known to be the right version. Threading: any thread; waits for nothing.
 */
final class RemoteReader {
  private final Supplier<CompletableFuture<RemoteFile>> opener;
  private final Check check;

  @GuardedBy("this")
  private @Nullable Session session;

  @GuardedBy("this")
  private boolean closed;

  /** Judges what was opened, on the connection's thread. */
  interface Check {
    /** ESTALE when it is not the file that is being read. */
    void opened(FileAttrs attrs) throws FsException;
  }

  /**
   * One remote handle.
   *
   * @param verified ends with the attributes that the check accepted
   * @param shared somebody else closes it
   */
  private record Session(
      CompletableFuture<RemoteFile> file, CompletableFuture<FileAttrs> verified, boolean shared) {}

  RemoteReader(Supplier<CompletableFuture<RemoteFile>> opener, Check check) {
    this.opener = opener;
    this.check = check;
  }

  /** Begins to open, unless that is done. */
  void start() {
    var unused = session();
  }

  /** Takes a handle that is being opened, unless there is one: then it is closed. */
  void take(CompletableFuture<RemoteFile> opening) {
    synchronized (this) {
      if (session == null && !closed) {
        session = begin(opening, false);
        return;
      }
    }
    var unused = opening.thenCompose(RemoteFile::close);
  }

  /** Reads through the handle that writes, which the writer closes. */
  synchronized void share(RemoteFile file, FileAttrs attrs) {
    if (session == null) {
      session =
          new Session(
              CompletableFuture.completedFuture(file),
              CompletableFuture.completedFuture(attrs),
              true);
    }
  }

  /** Ends when what was opened is known to be the right version. */
  CompletableFuture<FileAttrs> verified() {
    return session().verified();
  }

  CompletableFuture<ByteBuffer> read(long offset, int lengthBytes) {
    Session current = session();
    return current
        .file()
        .thenCompose(file -> file.read(offset, lengthBytes))
        .thenCombine(current.verified(), (bytes, attrs) -> bytes);
  }

  /** Attributes of the open file as they are now. */
  CompletableFuture<FileAttrs> fstat() {
    return session().file().thenCompose(RemoteFile::fstat);
  }

  /** The handle is dead: the next read opens anew. */
  synchronized void lost() {
    session = null;
  }

  synchronized void close() {
    closed = true;
    Session last = session;
    session = null;
    if (last != null && !last.shared()) {
      var unused = last.file().thenCompose(RemoteFile::close);
    }
  }

  private synchronized Session session() {
    Session current = session;
    if (current == null) {
      current =
          begin(
              closed
                  ? CompletableFuture.failedFuture(new FsException(Errno.EBADF, "file is closed"))
                  : opener.get(),
              false);
      session = current;
    }
    return current;
  }

  private Session begin(CompletableFuture<RemoteFile> opening, boolean shared) {
    CompletableFuture<FileAttrs> verified =
        opening
            .thenCompose(RemoteFile::fstat)
            .thenApply(
                attrs -> {
                  try {
                    check.opened(attrs);
                    return attrs;
                  } catch (FsException e) {
                    throw new CompletionException(e);
                  }
                });
    return new Session(opening, verified, shared);
  }
}
