package colabfs.fuse;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
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

  private final ThreadLocal<Seat> current;
  private final Set<Exchange> all = ConcurrentHashMap.newKeySet();

  /** As {@link Exchange#lastToldNanos}, of threads that serve no more. */
  private final AtomicLong leftNanos = new AtomicLong();

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

  /** What one thread serves with. */
  private record Seat(Exchange exchange, FullListing listing) {}

  /**
   * @param exchanges makes them for each thread that serves: one, and one for its listings
   * @param session libfuse's, which serves looks at what is listed
   * @throws UnsatisfiedLinkError when libfuse does not have what is needed
   */
  Answers(
      Function<Exchange.Sink, Exchange> exchanges,
      Device device,
      Libraries.LibFuse fuse,
      Pointer session,
      int descriptor,
      long bufferBytes) {
    this.current =
        ThreadLocal.withInitial(
            () -> {
              Exchange made = exchanges.apply(device);
              all.add(made);
              FullListing.Library library =
                  (request, bytes) -> fuse.fuse_session_process(session, request, bytes, channel());
              return new Seat(made, new FullListing(device, library, exchanges));
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

  private Pointer channel() {
    return channel;
  }

  @Override
  public Pointer channelFor(Pointer request, Pointer otherwise) {
    Seat seat = current.get();
    boolean isForHere = seat.exchange.begin(request.address());
    return seat.listing.begin(request.address()) || isForHere ? channel : otherwise;
  }

  @Override
  public void served() {
    Seat seat = current.get();
    seat.listing.served();
    seat.exchange.end();
  }

  @Override
  public void left() {
    Exchange mine = current.get().exchange;
    leftNanos.accumulateAndGet(mine.lastToldNanos(), Answers::later);
    all.remove(mine);
  }

  /**
   * For how long the kernel has been told no names and no attributes; at most the given time is
   * told apart.
   */
  long quietNanos(long mostNanos) {
    long last = leftNanos.get();
    for (Exchange exchange : all) {
      last = later(last, exchange.lastToldNanos());
    }
    return last == 0 ? mostNanos : Math.min(mostNanos, Math.max(0, System.nanoTime() - last));
  }

  /** 0 is never. */
  private static long later(long one, long other) {
    return one == 0 || (other != 0 && other - one > 0) ? other : one;
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
    Seat seat = current.get();
    return seat.listing.isAwaited()
        ? seat.listing.answer(vectors, count)
        : seat.exchange.answer(vectors, count);
  }
}
