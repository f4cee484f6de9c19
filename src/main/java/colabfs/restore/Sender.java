package colabfs.restore;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Puts single names onto a runtime, none in place of another; a file appears when it is whole.
 * Threading: any thread; every call waits for the network.
 */
final class Sender {
  private static final String TEMPORARY = ".colabfs-restore-";
  private static final int RANDOM_BYTES = 6;

  /** Pieces of one file on their way: other files fill the link beside it. */
  private static final int PIECES_IN_FLIGHT = 4;

  /** So that files can be made in it while it is being filled. */
  private static final int OWNER_ALL = 0700;

  private static final int OWNER_READ_WRITE = 0600;
  private static final int USUAL_DIRECTORY = 0755;

  private final RemoteFs runtime;
  private final KnownTree tree;
  private final String run;
  private final AtomicLong numbers = new AtomicLong();

  Sender(RemoteFs runtime, KnownTree tree) {
    this.runtime = runtime;
    this.tree = tree;
    byte[] random = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(random);
    this.run = HexFormat.of().formatHex(random);
  }

  /** Whether a name is one of a file that was being sent. */
  static boolean isTemporary(String name) {
    return name.startsWith(TEMPORARY);
  }

  /** One that is there already is as good. */
  void makeDirectory(RemotePath origin, Plan.Directory directory) throws FsException {
    FileAttrs attrs = directory.attrs();
    try {
      Answers.await(
          runtime.mkdir(origin, attrs == null ? USUAL_DIRECTORY : attrs.permissions() | OWNER_ALL));
    } catch (FsException e) {
      if (e.errno() != Errno.EEXIST) {
        throw e;
      }
    }
  }

  /** When all that is in it is there. */
  void finishDirectory(RemotePath origin, FileAttrs attrs) throws FsException {
    Answers.await(runtime.setattr(origin, modeAndTimes(attrs)));
  }

  void makeLink(Plan.Link link) throws FsException {
    Answers.await(runtime.symlink(link.text(), link.origin()));
  }

  /**
   * Sends a file.
   *
   * @param sent is told how many bytes have arrived, piece by piece
   * @return what the runtime has now
   * @throws FsException EEXIST when something has the name; ESTALE when the content was changed or
   *     dropped here meanwhile
   */
  FileAttrs send(Plan.File file, LongConsumer sent) throws FsException {
    KnownTree.Content content = tree.content(file.local(), file.attrs());
    if (content == null) {
      throw changed();
    }
    RemotePath temporary = temporary(file.origin());
    boolean done = false;
    try {
      RemoteFile handle =
          Answers.await(
              runtime.open(
                  temporary,
                  EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE),
                  OWNER_READ_WRITE));
      try {
        write(handle, content, file.attrs().sizeBytes(), sent);
        Answers.await(handle.fsetattr(modeAndTimes(file.attrs())));
      } finally {
        Answers.await(handle.close());
      }
      if (tree.content(file.local(), file.attrs()) == null) {
        throw changed();
      }
      Answers.await(runtime.renameNew(temporary, file.origin()));
      done = true;
    } finally {
      if (!done) {
        remove(temporary);
      }
    }
    return Answers.await(runtime.lstat(file.origin()));
  }

  private static void write(
      RemoteFile handle, KnownTree.Content content, long sizeBytes, LongConsumer sent)
      throws FsException {
    Deque<CompletableFuture<Void>> flying = new ArrayDeque<>();
    long offset = 0;
    for (long number = 0; offset < sizeBytes; number++) {
      byte[] piece = content.piece(number);
      if (piece == null || piece.length == 0) {
        throw changed();
      }
      flying.add(handle.write(offset, ByteBuffer.wrap(piece)));
      offset += piece.length;
      if (flying.size() >= PIECES_IN_FLIGHT) {
        Answers.await(flying.remove());
      }
      sent.accept(piece.length);
    }
    while (!flying.isEmpty()) {
      Answers.await(flying.remove());
    }
  }

  private static FsException changed() {
    return new FsException(
        Errno.ESTALE, "it was changed here meanwhile, or is not cached any more");
  }

  private static AttrChange modeAndTimes(FileAttrs attrs) {
    return new AttrChange(
        null,
        attrs.permissions(),
        null,
        new AttrChange.Times(attrs.atimeNanos(), attrs.mtimeNanos()));
  }

  private RemotePath temporary(RemotePath beside) {
    RemotePath parent = beside.parent();
    return (parent == null ? RemotePath.ROOT : parent)
        .child(TEMPORARY + run + "-" + numbers.incrementAndGet());
  }

  /** What cannot be removed now is by the next restore. */
  void remove(RemotePath temporary) {
    var unused = runtime.unlink(temporary);
  }
}
