package colabfs.fuse;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.fs.FileHandle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;

/** One open file of {@link PassThroughFs}. */
final class PassThroughFile implements FileHandle {
  private final FileChannel channel;
  private final Path path;
  private final boolean append;
  private final long contentId;

  PassThroughFile(FileChannel channel, Path path, boolean append, FileAttrs attrs) {
    this.contentId = Objects.hash(attrs.inode(), attrs.sizeBytes(), attrs.mtimeNanos());
    this.channel = channel;
    this.path = path;
    this.append = append;
  }

  private static FsException failed(IOException e) {
    return new FsException(Errno.EIO, String.valueOf(e.getMessage()), e);
  }

  @Override
  public int read(long offset, ByteBuffer into) throws FsException {
    try {
      int start = into.position();
      while (into.hasRemaining()) {
        if (channel.read(into, offset + into.position() - start) <= 0) {
          break;
        }
      }
      return into.position() - start;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public int write(long offset, ByteBuffer from) throws FsException {
    try {
      int bytes = from.remaining();
      synchronized (this) {
        long at = append ? channel.size() : offset;
        while (from.hasRemaining()) {
          at += channel.write(from, at);
        }
      }
      return bytes;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void ftruncate(long sizeBytes) throws FsException {
    try {
      if (sizeBytes <= channel.size()) {
        channel.truncate(sizeBytes);
      } else {
        channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public FileAttrs fgetattr() throws FsException {
    try {
      return PassThroughFs.attrsOf(path);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void flush() {
    // Every write went to the channel at once.
  }

  @Override
  public void fsync() throws FsException {
    try {
      channel.force(true);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Of the file as it was when it was opened. */
  @Override
  public long contentId() {
    return contentId;
  }

  @Override
  public void release() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
