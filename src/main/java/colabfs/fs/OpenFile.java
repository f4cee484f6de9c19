package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import java.nio.ByteBuffer;

/** One handle of an {@link OpenNode}: what it may do, and its end. Threading: any thread. */
final class OpenFile implements FileHandle {
  private static final System.Logger LOG = System.getLogger(OpenFile.class.getName());

  private final OpenNode node;
  private final OpenNodes nodes;
  private final Appearance appearance;
  private final OpenMode mode;
  private final Reads reads;

  OpenFile(OpenNode node, OpenNodes nodes, Appearance appearance, OpenMode mode, Reads reads) {
    this.node = node;
    this.nodes = nodes;
    this.appearance = appearance;
    this.mode = mode;
    this.reads = reads;
  }

  @Override
  public int read(long offset, ByteBuffer into) throws FsException {
    return Edge.call(
        () -> {
          require(mode.read(), Errno.EBADF);
          return reads.read(offset, into);
        });
  }

  @Override
  public int write(long offset, ByteBuffer from) throws FsException {
    return Edge.call(
        () -> {
          require(mode.write(), Errno.EBADF);
          return node.writes().write(offset, mode.append(), from);
        });
  }

  @Override
  public void ftruncate(long sizeBytes) throws FsException {
    Edge.run(
        () -> {
          require(mode.write() && sizeBytes >= 0, Errno.EINVAL);
          node.writes().truncate(sizeBytes);
        });
  }

  @Override
  public FileAttrs fgetattr() {
    node.lookSoon();
    return appearance.of(node);
  }

  @Override
  public void flush() throws FsException {
    if (mode.write()) {
      Edge.run(() -> node.writes().flush(false));
    }
  }

  @Override
  public void fsync() throws FsException {
    Edge.run(() -> node.writes().flush(true));
  }

  @Override
  public long contentId() {
    return node.blocks().contentId();
  }

  @Override
  public void release() {
    try {
      if (mode.write() && node.isDirty()) {
        node.writes().flush(false); // a program that crashed did not close
      }
      if (mode.write()) {
        node.writes().settle(); // the times that flush did not wait for; nobody waits for a release
      }
    } catch (FsException e) {
      LOG.log(System.Logger.Level.ERROR, "Unsent writes of {0} are lost: {1}", node.path(), e);
    }
    try {
      if (nodes.leave(node)) {
        node.close();
        if (node.isHidden()) {
          nodes.vanish(node.path());
        }
      }
    } catch (FsException e) {
      LOG.log(System.Logger.Level.WARNING, "Closing {0} failed: {1}", node.path(), e);
    }
  }

  private void require(boolean allowed, Errno otherwise) throws FsException {
    if (!allowed) {
      throw new FsException(otherwise, node.path() + " was not opened for that");
    }
  }
}
