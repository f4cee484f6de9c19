package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** An open file of a {@link FakeRemoteFs}; lives on one of its connections. */
final class FakeFile implements RemoteFile {
  private final FakeRemoteFs fs;
  private final FakeNode node;
  private final Set<OpenFlag> flags;
  private final int connection;
  private boolean closed;

  FakeFile(FakeRemoteFs fs, FakeNode node, Set<OpenFlag> flags, int connection) {
    this.fs = fs;
    this.node = node;
    this.flags = Set.copyOf(flags);
    this.connection = connection;
  }

  @Override
  public CompletableFuture<ByteBuffer> read(long offset, int lengthBytes) {
    return fs.call(
        FakeRemoteFs.Op.READ,
        connection,
        () -> {
          checkOpen(OpenFlag.READ);
          return node.read(offset, lengthBytes);
        });
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer content) {
    return fs.effect(
        FakeRemoteFs.Op.WRITE,
        connection,
        () -> {
          checkOpen(OpenFlag.WRITE);
          long growth = Math.max(0, offset + content.remaining() - node.size());
          if (!fs.hasRoomFor(growth)) {
            throw FakeTree.failure(Errno.ENOSPC, "write");
          }
          node.write(offset, content);
        });
  }

  @Override
  public CompletableFuture<Void> fsync() {
    return fs.effect(FakeRemoteFs.Op.FSYNC, connection, this::checkOpen);
  }

  @Override
  public CompletableFuture<FileAttrs> fstat() {
    return fs.call(
        FakeRemoteFs.Op.FSTAT,
        connection,
        () -> {
          checkOpen();
          return node.attrs();
        });
  }

  @Override
  public CompletableFuture<Void> fsetattr(AttrChange change) {
    return fs.effect(
        FakeRemoteFs.Op.FSETATTR,
        connection,
        () -> {
          checkOpen();
          node.change(change);
        });
  }

  @Override
  public CompletableFuture<Void> close() {
    return fs.effect(
        FakeRemoteFs.Op.CLOSE,
        connection,
        () -> {
          checkOpen();
          closed = true;
          fs.handleClosed();
        });
  }

  private void checkOpen() throws FsException {
    if (closed) {
      throw FakeTree.failure(Errno.EBADF, "closed");
    }
  }

  private void checkOpen(OpenFlag needed) throws FsException {
    checkOpen();
    if (!flags.contains(needed)) {
      throw FakeTree.failure(Errno.EBADF, "not opened to " + needed);
    }
  }
}
