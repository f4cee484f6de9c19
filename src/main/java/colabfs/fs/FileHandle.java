package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import java.nio.ByteBuffer;

/**
 * One open file, as one open(2) made it. Threading: any thread; calls wait for the network up to
 * the mount's bound.
 */
public interface FileHandle {

  /**
   * Fills the buffer from an offset; returns how many bytes, fewer than fit only at the end of the
   * file, 0 at or past it.
   */
  int read(long offset, ByteBuffer into) throws FsException;

  /**
   * Writes what remains in the buffer at an offset, or at the end for a handle opened to append;
   * returns how many bytes.
   */
  int write(long offset, ByteBuffer from) throws FsException;

  /** Cuts or extends the open file. */
  void ftruncate(long sizeBytes) throws FsException;

  /** Attributes as they are shown, unsent writes counted. */
  FileAttrs fgetattr() throws FsException;

  /**
   * For each close(2): waits for the server's word on every write before, and reports the first
   * error since the last flush.
   */
  void flush() throws FsException;

  /** As flush, and the server's disk has it. */
  void fsync() throws FsException;

  /**
   * A number for the content that is read here, writes through the mount counted as part of it: who
   * opens a file and meets the same number again may go on using what was read before. 0 when
   * nobody can tell. Waits for nothing.
   */
  default long contentId() {
    return 0;
  }

  /** The last close: gives everything back. Errors have nowhere to go any more and are logged. */
  void release();
}
