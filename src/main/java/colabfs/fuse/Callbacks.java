package colabfs.fuse;

import java.util.ArrayList;
import java.util.List;
import jnr.ffi.BaseStruct;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.provider.ClosureManager;
import jnr.ffi.types.dev_t;
import jnr.ffi.types.gid_t;
import jnr.ffi.types.mode_t;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;
import jnr.ffi.types.uid_t;
import org.jspecify.annotations.Nullable;
import ru.serce.jnrfuse.struct.FuseOperations;

/**
 * libfuse's table of operations, filled with native functions that call the adapter.
 *
 * <p>The shapes differ from jnr-fuse's in one thing: a path is a pointer, not a String that was
 * decoded by the locale's charset. With {@code flag_nopath} it is null for calls on an open file.
 *
 * <p>Not in the table, on purpose: the xattr operations (the kernel hears ENOSYS once, answers
 * ENOTSUP ever after and stops asking), lock and flock (so the kernel keeps them, locally),
 * fsyncdir (the kernel takes its absence for success; nothing is buffered for a directory),
 * fallocate and ioctl (ENOTSUP and ENOTTY).
 */
final class Callbacks {
  /** bitfield of fuse_operations: nullpath_ok, nopath, utime_omit_ok. */
  private static final int FLAGS = 0b111;

  private final Table operations = new Table(Runtime.getSystemRuntime());
  private final ClosureManager closures = Runtime.getSystemRuntime().getClosureManager();

  /** jnr-ffi frees a native function when its Java object is gone. */
  private final List<Object> kept = new ArrayList<>();

  // Public for jnr-ffi, whose generated classes live in another class loader.

  public interface OnPath {
    @Delegate
    int call(Pointer path);
  }

  public interface OnPathAnd {
    @Delegate
    int call(Pointer path, Pointer second);
  }

  public interface OnPathAndMode {
    @Delegate
    int call(Pointer path, @mode_t long mode);
  }

  public interface OnPathAndMask {
    @Delegate
    int call(Pointer path, int mask);
  }

  public interface OnPathAndSize {
    @Delegate
    int call(Pointer path, @off_t long bytes);
  }

  public interface Mknod {
    @Delegate
    int call(Pointer path, @mode_t long mode, @dev_t long device);
  }

  public interface Readlink {
    @Delegate
    int call(Pointer path, Pointer buffer, @size_t long bytes);
  }

  public interface Chown {
    @Delegate
    int call(Pointer path, @uid_t long uid, @gid_t long gid);
  }

  public interface Create {
    @Delegate
    int call(Pointer path, @mode_t long mode, Pointer info);
  }

  public interface Transfer {
    @Delegate
    int call(Pointer path, Pointer buffer, @size_t long bytes, @off_t long offset, Pointer info);
  }

  public interface Fsync {
    @Delegate
    int call(Pointer path, int contentOnly, Pointer info);
  }

  public interface Ftruncate {
    @Delegate
    int call(Pointer path, @off_t long bytes, Pointer info);
  }

  public interface Fgetattr {
    @Delegate
    int call(Pointer path, Pointer stat, Pointer info);
  }

  public interface Readdir {
    @Delegate
    int call(Pointer path, Pointer buffer, Pointer filler, @off_t long offset, Pointer info);
  }

  public interface Init {
    @Delegate
    @Nullable Pointer call(Pointer connection);
  }

  /** {@code fuse_fill_dir_t}: adds one entry; not 0 when the buffer is full. */
  public interface Fill {
    @Delegate
    int add(Pointer buffer, Pointer name, @Nullable Pointer stat, @off_t long offset);
  }

  Callbacks(FuseAdapter fs, Runnable initialised) {
    onPaths(fs);
    onOpenFiles(fs);
    Init init =
        connection -> {
          initialised.run();
          return null;
        };
    set(operations.init, Init.class, init);
    Struct.getMemory(operations).putInt(operations.flagsOffset(), FLAGS);
  }

  private void onPaths(FuseAdapter fs) {
    set(operations.getattr, OnPathAnd.class, fs::getattr);
    set(operations.readlink, Readlink.class, fs::readlink);
    set(operations.mknod, Mknod.class, (path, mode, device) -> fs.mknod(path, mode));
    set(operations.mkdir, OnPathAndMode.class, fs::mkdir);
    set(operations.unlink, OnPath.class, fs::unlink);
    set(operations.rmdir, OnPath.class, fs::rmdir);
    set(operations.symlink, OnPathAnd.class, fs::symlink);
    set(operations.rename, OnPathAnd.class, fs::rename);
    set(operations.link, OnPathAnd.class, fs::link);
    set(operations.chmod, OnPathAndMode.class, fs::chmod);
    set(operations.chown, Chown.class, fs::chown);
    set(operations.truncate, OnPathAndSize.class, fs::truncate);
    set(operations.utimens, OnPathAnd.class, fs::utimens);
    set(operations.statfs, OnPathAnd.class, fs::statfs);
    set(operations.access, OnPathAndMask.class, fs::access);
    set(
        operations.readdir,
        Readdir.class,
        (path, buffer, filler, offset, info) -> fs.readdir(buffer, filler, info));
    set(operations.releasedir, OnPathAnd.class, (path, info) -> fs.releasedir(info));
    set(operations.opendir, OnPathAnd.class, fs::opendir);
    set(operations.open, OnPathAnd.class, fs::open);
    set(operations.create, Create.class, fs::create);
  }

  private void onOpenFiles(FuseAdapter fs) {
    set(
        operations.read,
        Transfer.class,
        (path, buffer, bytes, offset, info) -> fs.read(buffer, bytes, offset, info));
    set(
        operations.write,
        Transfer.class,
        (path, buffer, bytes, offset, info) -> fs.write(buffer, bytes, offset, info));
    set(operations.flush, OnPathAnd.class, (path, info) -> fs.flush(info));
    set(operations.fsync, Fsync.class, (path, contentOnly, info) -> fs.fsync(info));
    set(operations.release, OnPathAnd.class, (path, info) -> fs.release(info));
    set(operations.ftruncate, Ftruncate.class, (path, bytes, info) -> fs.ftruncate(bytes, info));
    set(operations.fgetattr, Fgetattr.class, (path, stat, info) -> fs.fgetattr(stat, info));
  }

  FuseOperations operations() {
    return operations;
  }

  private <T> void set(BaseStruct.Func<?> slot, Class<T> shape, T callback) {
    kept.add(callback);
    Struct.getMemory(operations)
        .putPointer(operations.offsetOf(slot), closures.getClosurePointer(shape, callback));
  }

  /** Lets out where a slot is: jnr-ffi shows that to subclasses only. */
  private static final class Table extends FuseOperations {
    Table(Runtime runtime) {
      super(runtime);
    }

    long offsetOf(Func<?> slot) {
      return slot.offset();
    }

    /** jnr-fuse takes the bitfield's members for bytes; only where it begins is right. */
    long flagsOffset() {
      return flag_nullpath_ok.offset();
    }
  }
}
