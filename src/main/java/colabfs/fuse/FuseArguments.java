package colabfs.fuse;

import java.util.List;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** {@code argc} and {@code argv}, in native memory as long as this object lives. */
final class FuseArguments {
  private final List<Pointer> kept;
  private final Pointer memory;

  FuseArguments(Pointer... arguments) {
    kept = List.of(arguments);
    memory =
        Memory.allocateDirect(Runtime.getSystemRuntime(), (kept.size() + 1) * Long.BYTES, true);
    for (int i = 0; i < kept.size(); i++) {
      memory.putPointer((long) i * Long.BYTES, kept.get(i));
    }
  }

  int count() {
    return kept.size();
  }

  Pointer memory() {
    return memory;
  }
}
