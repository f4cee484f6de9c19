package colabfs.fuse;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.mapper.FromNativeConverter;
import jnr.ffi.provider.jffi.ClosureHelper;
import org.jspecify.annotations.Nullable;
import ru.serce.jnrfuse.struct.FileStat;

/**
 * Writes a listing into libfuse's buffer. The whole listing goes in at once; libfuse keeps it until
 * the directory is closed, so one reader sees one state of it.
 */
final class DirectoryFiller {
  private static final int NAME_BYTES = 1024;

  /** libfuse has one fill function a process; the conversion builds a class. */
  private volatile @Nullable Filler last;

  private record Filler(long address, Callbacks.Fill function) {}

  void fill(List<DirEntry> entries, Pointer buffer, Pointer fillerFunction) throws FsException {
    Callbacks.Fill add = function(fillerFunction);
    Runtime runtime = Runtime.getSystemRuntime();
    Pointer name = Memory.allocateDirect(runtime, NAME_BYTES, true);
    Pointer statMemory = Memory.allocateDirect(runtime, Structures.statBytes(), true);
    FileStat stat = FileStat.of(statMemory);
    addEntry(add, buffer, name, ".", null);
    addEntry(add, buffer, name, "..", null);
    for (DirEntry entry : entries) {
      FileAttrs attrs = entry.attrs();
      stat.st_ino.set(attrs.inode());
      stat.st_mode.set(attrs.mode());
      addEntry(add, buffer, name, entry.name(), statMemory);
    }
  }

  private static void addEntry(
      Callbacks.Fill add, Pointer buffer, Pointer scratch, String name, @Nullable Pointer stat)
      throws FsException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= NAME_BYTES) {
      return; // no call on such a name could reach us: the kernel's limit is 1,024
    }
    scratch.put(0, bytes, 0, bytes.length);
    scratch.putByte(bytes.length, (byte) 0);
    if (add.add(buffer, scratch, stat, 0) != 0) {
      throw new FsException(Errno.EIO, "no memory for the listing");
    }
  }

  private Callbacks.Fill function(Pointer fillerFunction) {
    Filler known = last;
    if (known == null || known.address != fillerFunction.address()) {
      ClosureHelper helper = ClosureHelper.getInstance();
      FromNativeConverter<Callbacks.Fill, Pointer> converter =
          helper.getNativeConveter(Callbacks.Fill.class);
      known =
          new Filler(
              fillerFunction.address(),
              converter.fromNative(fillerFunction, helper.getFromNativeContext()));
      last = known;
    }
    return known.function;
  }
}
