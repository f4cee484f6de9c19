package colabfs.fuse;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.FileHandle;
import colabfs.fs.FileSystem;
import colabfs.fs.OpenMode;
import colabfs.fuse.CallGuard.Operation;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import jnr.ffi.Pointer;

/**
 * Translates each FUSE callback into one call of the {@link FileSystem}: C's arguments in, the
 * answer out. It holds what is open by the number that the kernel gives back, and nothing else.
 *
 * <p>Threading: any thread. Errors: as {@link CallGuard} says; every method returns 0, a number of
 * bytes, or {@code -errno}.
 */
final class FuseAdapter {
  private static final Logger LOG = System.getLogger(FuseAdapter.class.getName());

  /**
   * What libfuse 2 renames an open file to that is being removed. It means to remove it after the
   * last release, and forgets to when that release comes while the rename is under way.
   */
  private static final Pattern HIDDEN_NAME = Pattern.compile("\\.fuse_hidden[0-9a-f]{16}");

  private final FileSystem fs;
  private final CallGuard guard;
  private final InstantSource clock;
  private final DirectoryFiller filler = new DirectoryFiller();
  private final Map<Long, FileHandle> open = new ConcurrentHashMap<>();
  private final Map<Long, RemotePath> openDirectories = new ConcurrentHashMap<>();
  private final AtomicLong lastHandle = new AtomicLong();

  FuseAdapter(FileSystem fs, CallGuard guard, InstantSource clock) {
    this.fs = fs;
    this.guard = guard;
    this.clock = clock;
  }

  int getattr(Pointer path, Pointer stat) {
    return guard.call(
        Operation.GETATTR,
        () -> {
          Structures.putStat(fs.getattr(path(path)), stat);
          return 0;
        });
  }

  int fgetattr(Pointer stat, Pointer info) {
    return guard.call(
        Operation.FGETATTR,
        () -> {
          Structures.putStat(handle(info).fgetattr(), stat);
          return 0;
        });
  }

  /** Only remembers which directory: libfuse tells no path with calls on what is open. */
  int opendir(Pointer path, Pointer info) {
    return guard.call(
        Operation.OPENDIR,
        () -> {
          long number = lastHandle.incrementAndGet();
          openDirectories.put(number, path(path));
          Structures.setHandle(info, number);
          return 0;
        });
  }

  int readdir(Pointer buffer, Pointer fillerFunction, Pointer info) {
    return guard.call(
        Operation.READDIR,
        () -> {
          RemotePath directory = openDirectories.get(Structures.handle(info));
          if (directory == null) {
            throw new FsException(Errno.EBADF, "no open directory of that number");
          }
          filler.fill(fs.readdir(directory), buffer, fillerFunction);
          return 0;
        });
  }

  int releasedir(Pointer info) {
    return guard.call(
        Operation.RELEASEDIR,
        () -> {
          openDirectories.remove(Structures.handle(info));
          return 0;
        });
  }

  int readlink(Pointer path, Pointer buffer, long bytes) {
    return guard.call(
        Operation.READLINK,
        () -> {
          byte[] target = fs.readlink(path(path)).getBytes(StandardCharsets.UTF_8);
          int length = (int) Math.min(target.length, bytes - 1);
          buffer.put(0, target, 0, length);
          buffer.putByte(length, (byte) 0);
          return 0;
        });
  }

  /**
   * The kernel opens only names that it was told of before. ESTALE makes it ask for the name again,
   * once (fs/namei.c, do_filp_open), and then make the file or say ENOENT, as the program wants it.
   */
  int open(Pointer path, Pointer info) {
    return guard.call(
        Operation.OPEN,
        () -> {
          try {
            keep(fs.open(path(path), Structures.openMode(info)), info);
          } catch (FsException e) {
            boolean isGone = e.errno() == Errno.ENOENT;
            throw isGone ? new FsException(Errno.ESTALE, "the name is gone", e) : e;
          }
          return 0;
        });
  }

  int create(Pointer path, long mode, Pointer info) {
    return guard.call(
        Operation.CREATE,
        () -> {
          keep(fs.create(path(path), permissions(mode), Structures.openMode(info)), info);
          return 0;
        });
  }

  /** Regular files only: a device, a socket or a pipe would mean nothing to the runtime. */
  int mknod(Pointer path, long mode) {
    return guard.call(
        Operation.MKNOD,
        () -> {
          if (FileType.ofMode((int) mode) != FileType.REGULAR) {
            throw new FsException(Errno.EPERM, "mknod makes regular files only");
          }
          OpenMode exclusive = new OpenMode(false, true, false, false, true);
          FileHandle made = fs.create(path(path), permissions(mode), exclusive);
          try {
            made.flush();
          } finally {
            made.release();
          }
          return 0;
        });
  }

  int read(Pointer buffer, long bytes, long offset, Pointer info) {
    return guard.call(
        Operation.READ,
        () -> handle(info).read(offset, NativeText.view(buffer, Math.toIntExact(bytes))));
  }

  int write(Pointer buffer, long bytes, long offset, Pointer info) {
    return guard.call(
        Operation.WRITE,
        () -> {
          ByteBuffer content = NativeText.view(buffer, Math.toIntExact(bytes));
          return handle(info).write(offset, content);
        });
  }

  int flush(Pointer info) {
    return guard.call(
        Operation.FLUSH,
        () -> {
          handle(info).flush();
          return 0;
        });
  }

  int fsync(Pointer info) {
    return guard.call(
        Operation.FSYNC,
        () -> {
          handle(info).fsync();
          return 0;
        });
  }

  int release(Pointer info) {
    return guard.call(
        Operation.RELEASE,
        () -> {
          FileHandle handle = open.remove(Structures.handle(info));
          if (handle != null) {
            handle.release();
          }
          return 0;
        });
  }

  int truncate(Pointer path, long sizeBytes) {
    return guard.call(
        Operation.TRUNCATE,
        () -> {
          fs.truncate(path(path), sizeBytes);
          return 0;
        });
  }

  int ftruncate(long sizeBytes, Pointer info) {
    return guard.call(
        Operation.FTRUNCATE,
        () -> {
          handle(info).ftruncate(sizeBytes);
          return 0;
        });
  }

  int mkdir(Pointer path, long mode) {
    return guard.call(
        Operation.MKDIR,
        () -> {
          fs.mkdir(path(path), permissions(mode));
          return 0;
        });
  }

  int rmdir(Pointer path) {
    return guard.call(
        Operation.RMDIR,
        () -> {
          fs.rmdir(path(path));
          return 0;
        });
  }

  int unlink(Pointer path) {
    return guard.call(
        Operation.UNLINK,
        () -> {
          fs.unlink(path(path));
          return 0;
        });
  }

  int rename(Pointer from, Pointer to) {
    return guard.call(
        Operation.RENAME,
        () -> {
          RemotePath old = path(from);
          RemotePath renamed = path(to);
          if (HIDDEN_NAME.matcher(renamed.name()).matches()) {
            fs.hide(old, renamed);
          } else {
            fs.rename(old, renamed);
          }
          openDirectories.replaceAll(
              (number, at) -> at.startsWith(old) ? at.rebase(old, renamed) : at);
          return 0;
        });
  }

  int symlink(Pointer target, Pointer link) {
    return guard.call(
        Operation.SYMLINK,
        () -> {
          fs.symlink(NativeText.decode(NativeText.bytes(target)), path(link));
          return 0;
        });
  }

  int link(Pointer existing, Pointer link) {
    return guard.call(
        Operation.LINK,
        () -> {
          fs.link(path(existing), path(link));
          return 0;
        });
  }

  int chmod(Pointer path, long mode) {
    return guard.call(
        Operation.CHMOD,
        () -> {
          fs.chmod(path(path), permissions(mode));
          return 0;
        });
  }

  int chown(Pointer path, long uid, long gid) {
    return guard.call(
        Operation.CHOWN,
        () -> {
          fs.chown(path(path), (int) uid, (int) gid);
          return 0;
        });
  }

  int utimens(Pointer path, Pointer twoTimes) {
    return guard.call(
        Operation.UTIMENS,
        () -> {
          RemotePath of = path(path);
          Structures.Utime atime = Structures.utime(twoTimes, 0);
          Structures.Utime mtime = Structures.utime(twoTimes, 1);
          // Omitting one still sets both, so the other's present value must be known.
          FileAttrs present = atime.omitted() || mtime.omitted() ? fs.getattr(of) : null;
          Instant now = clock.instant();
          fs.utimens(
              of,
              new AttrChange.Times(
                  atime.nanos(now, present == null ? 0 : present.atimeNanos()),
                  mtime.nanos(now, present == null ? 0 : present.mtimeNanos())));
          return 0;
        });
  }

  int statfs(Pointer path, Pointer stats) {
    return guard.call(
        Operation.STATFS,
        () -> {
          Structures.putStatvfs(fs.statfs(path(path)), stats);
          return 0;
        });
  }

  int access(Pointer path, int mask) {
    return guard.call(
        Operation.ACCESS,
        () -> {
          fs.access(path(path), mask);
          return 0;
        });
  }

  /** Gives back what is still open after the kernel is gone: it drops releases at an unmount. */
  void releaseAll() {
    for (Long number : List.copyOf(open.keySet())) {
      FileHandle handle = open.remove(number);
      if (handle != null) {
        try {
          handle.flush();
        } catch (FsException e) {
          LOG.log(Level.WARNING, "a file left open at unmount: " + e.getMessage());
        }
        handle.release();
      }
    }
  }

  private void keep(FileHandle handle, Pointer info) {
    long number = lastHandle.incrementAndGet();
    open.put(number, handle);
    Structures.setHandle(info, number);
  }

  private FileHandle handle(Pointer info) throws FsException {
    FileHandle handle = open.get(Structures.handle(info));
    if (handle == null) {
      throw new FsException(Errno.EBADF, "no open file of that number");
    }
    return handle;
  }

  /** See {@link FileHandle#contentId}; 0 when no file is open under that number. */
  long contentOf(long number) {
    FileHandle handle = open.get(number);
    return handle == null ? 0 : handle.contentId();
  }

  private static int permissions(long mode) {
    return (int) mode & FileAttrs.PERMISSION_MASK;
  }

  /** The kernel lets names of up to 1,024 bytes through; no Linux file system takes them. */
  private static RemotePath path(Pointer path) throws FsException {
    byte[] bytes = NativeText.bytes(path);
    int nameBytes = 0;
    for (int i = bytes.length - 1; i >= 0 && bytes[i] != '/'; i--) {
      nameBytes++;
    }
    String text = NativeText.decode(bytes);
    if (nameBytes > RemotePath.NAME_MAX_BYTES) {
      throw new FsException(Errno.ENAMETOOLONG, "a name of " + nameBytes + " bytes: " + text);
    }
    return RemotePath.of(text);
  }
}
