package colabfs.fuse;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.types.size_t;

/**
 * A libfuse channel of ours, over which answers pass that the kernel may remember. Requests that
 * are handed to libfuse with it are answered over it, on the same thread.
 *
 * <p>Threading: any thread.
 */
final class Answers implements RequestLoop.Passage {
  /** struct fuse_chan_ops: receive, send, destroy. */
  private static final int SEND = Long.BYTES;

  private static final int OPERATIONS_BYTES = 3 * Long.BYTES;

  private final ThreadLocal<Exchange> current;
  private final Set<Exchange> all = ConcurrentHashMap.newKeySet();
  private final Pointer operations =
      Memory.allocateDirect(Runtime.getSystemRuntime(), OPERATIONS_BYTES, true);

  /** jnr-ffi frees a native function when its Java object is gone. */
  private final Send send = this::send;

  private final Pointer channel;
  private final Libraries.LibFuseChannels library;

  /**
   * Pointers as numbers, which is faster. Public for jnr-ffi, whose generated classes live in
   * another class loader.
   */
  public interface Send {
    @Delegate
    int call(@size_t long channel, @size_t long vectors, @size_t long count);
  }

  /**
   * @param exchanges makes one for each thread that serves
   * @throws UnsatisfiedLinkError when libfuse does not have what is needed
   */
  Answers(Supplier<Exchange> exchanges, int descriptor, long bufferBytes) {
    this.current =
        ThreadLocal.withInitial(
            () -> {
              Exchange made = exchanges.get();
              all.add(made);
              return made;
            });
    this.library = Libraries.libFuseChannels();
    operations.putPointer(
        SEND, Runtime.getSystemRuntime().getClosureManager().getClosurePointer(Send.class, send));
    Pointer made = library.fuse_chan_new(operations, descriptor, bufferBytes, null);
    if (made == null) {
      throw new UnsatisfiedLinkError("no memory for a channel");
    }
    this.channel = made;
  }

  @Override
  public Pointer channelFor(Pointer request, Pointer otherwise) {
    return current.get().begin(request.address()) ? channel : otherwise;
  }

  @Override
  public void served() {
    current.get().end();
  }

  @Override
  public void left() {
    all.remove(current.get());
  }

  /** Whether a request on that node is being served that takes long. */
  boolean isHeld(int node) {
    for (Exchange exchange : all) {
      if (exchange.isHolding(node)) {
        return true;
      }
    }
    return false;
  }

  /** No request is served any more. */
  void close() {
    library.fuse_chan_destroy(channel);
  }

  private int send(long unused, long vectors, long count) {
    return current.get().answer(vectors, count);
  }
}
