package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * An open file on the runtime. It lives on one connection: when that goes, every call ends with
 * {@link colabfs.core.Errno#ENOTCONN}, now and later, and the caller opens the file again, checking
 * what it finds.
 *
 * <p>Many calls may be in flight; the implementation splits them into requests, keeps as many in
 * flight as the link takes, and lets small requests pass bulk ones. Threading: any thread; see
 * {@link RemoteFs} for the futures.
 */
public interface RemoteFile {

  /**
   * Reads from an offset, in bytes. The buffer that comes back is ready to be read, the caller's
   * own, and shorter than asked only where the file ends; it is empty at or past the end.
   */
  CompletableFuture<ByteBuffer> read(long offset, int lengthBytes);

  /**
   * Writes what remains in the buffer at an offset; ends when the server has acknowledged all of
   * it. The buffer's content must not change until then. After an error any part may have been
   * written.
   */
  CompletableFuture<Void> write(long offset, ByteBuffer content);

  /**
   * Waits until the server's disk has what was acknowledged; ends at once where the server cannot
   * do that.
   */
  CompletableFuture<Void> fsync();

  /**
   * What became of changes of this file that were acknowledged before they had arrived: ends, at
   * once, with the error of one that was refused since. Each is told once.
   */
  default CompletableFuture<Void> outcome() {
    return CompletableFuture.completedFuture(null);
  }

  /** Attributes of the open file, whatever its name is now. */
  CompletableFuture<FileAttrs> fstat();

  /** Changes attributes of the open file. */
  CompletableFuture<Void> fsetattr(AttrChange change);

  /**
   * Gives the handle back. The server's error, if any, is in the future. Further calls end with
   * EBADF.
   */
  CompletableFuture<Void> close();
}
