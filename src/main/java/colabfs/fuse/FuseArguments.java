package colabfs.fuse;

import java.util.ArrayList;
import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** {@code struct fuse_args} of fuse_opt.h: argc, argv, and whether libfuse allocated argv (no). */
final class FuseArguments {
  private static final int STRUCT_BYTES = 24;
  private static final int ARGV_OFFSET = 8;

  /** libfuse points into these; it replaces argv by its own copy when it changes it. */
  private final List<Pointer> kept = new ArrayList<>();

  private final Pointer memory;

  FuseArguments(String... arguments) {
    Runtime runtime = Runtime.getSystemRuntime();
    Pointer argv = Memory.allocateDirect(runtime, (arguments.length + 1) * Long.BYTES, true);
    kept.add(argv);
    for (int i = 0; i < arguments.length; i++) {
      Pointer argument = NativeText.allocate(arguments[i]);
      kept.add(argument);
      argv.putPointer((long) i * Long.BYTES, argument);
    }
    memory = Memory.allocateDirect(runtime, STRUCT_BYTES, true);
    memory.putInt(0, arguments.length);
    memory.putPointer(ARGV_OFFSET, argv);
  }

  Pointer memory() {
    return memory;
  }
}
