package colabfs.fuse;

import com.kenai.jffi.MemoryIO;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * A listing that goes to the kernel with what a look at each of its names would tell (READDIRPLUS),
 * so that a walk through a tree asks once for many names. libfuse 2 knows plain listings alone: it
 * is asked for such a one, and then to look up the names in it.
 *
 * <p>Threading: one for each thread that serves, listing after listing.
 */
final class FullListing {
  private static final MemoryIO MEMORY = MemoryIO.getInstance();

  /** A name of 12 letters needs 40 bytes plain, and 168 in full. */
  private static final int GROWTH = 4;

  /** The longest name that can be: {@link DirectoryFiller}. */
  private static final int LONGEST_BYTES = align(Wire.DIRENT_NAME + 1024);

  /** What is known is told in microseconds: a look that takes longer asked the runtime. */
  private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final int REQUEST_BYTES = Wire.IN_BODY + 1024 + 1;

  /** Hands a request to libfuse, which answers it before this returns. */
  interface Library {
    void serve(Pointer request, int bytes);
  }

  private final Exchange.Sink device;
  private final Library library;
  private final Exchange looks;
  private final Looked looked = new Looked();
  private final Pointer request = memory(REQUEST_BYTES);
  private Pointer plain = memory(Long.BYTES);
  private Pointer full = memory(Long.BYTES);
  private int plainBytes;
  private int fullBytes;
  private boolean isAsked;
  private boolean isThere;
  private boolean isLooking;

  /**
   * @param device where the listing goes
   * @param exchanges makes what looks are answered through
   */
  FullListing(Exchange.Sink device, Library library, Function<Exchange.Sink, Exchange> exchanges) {
    this.device = device;
    this.library = library;
    this.looks = exchanges.apply(looked);
  }

  /** The answer to a look: goes into the listing. */
  private static final class Looked implements Exchange.Sink {
    private long into;

    @Override
    public int writev(long vectors, long count) {
      long header = MEMORY.getAddress(vectors);
      if (MEMORY.getInt(header + Wire.OUT_ERROR) == 0 && count > 1) {
        MEMORY.copyMemory(MEMORY.getAddress(vectors + 2L * Long.BYTES), into, Wire.ENTRY_BYTES);
      }
      return 0;
    }

    /** A name that is missing meanwhile: the kernel asks for it itself. */
    @Override
    public int write(Pointer message, int bytes) {
      return 0;
    }
  }

  /**
   * A request has come: when it is for a listing in full, libfuse gets one for a plain listing of
   * about as many names.
   *
   * @return whether it is, and its answer is to come here
   */
  boolean begin(long asked) {
    isAsked = MEMORY.getInt(asked + Wire.IN_OPCODE) == Wire.READDIRPLUS;
    if (isAsked) {
      isThere = false;
      long size = asked + Wire.IN_BODY + Wire.READ_SIZE;
      fullBytes = MEMORY.getInt(size);
      int bytes = Math.min(fullBytes, Math.max(fullBytes / GROWTH, LONGEST_BYTES));
      MEMORY.putInt(asked + Wire.IN_OPCODE, Wire.READDIR);
      MEMORY.putInt(size, bytes);
      MEMORY.copyMemory(asked, request.address(), Wire.IN_BODY);
      plain = atLeast(plain, bytes);
      full = atLeast(full, Wire.OUT_BODY + fullBytes);
    }
    return isAsked;
  }

  private static Pointer atLeast(Pointer memory, int bytes) {
    return memory.size() >= bytes ? memory : memory(bytes);
  }

  private static Pointer memory(int bytes) {
    return Memory.allocateDirect(Runtime.getSystemRuntime(), bytes, true);
  }

  /** Whether an answer of libfuse that comes now is for this. */
  boolean isAwaited() {
    return isAsked;
  }

  /** libfuse's answer, as {@link Exchange#answer}. */
  int answer(long vectors, long count) {
    if (isLooking) {
      return looks.answer(vectors, count);
    }
    long header = MEMORY.getAddress(vectors);
    if (MEMORY.getInt(header + Wire.OUT_ERROR) != 0) {
      return device.writev(vectors, count);
    }
    isThere = true;
    plainBytes = count > 1 ? MEMORY.getInt(header) - Wire.OUT_BODY : 0;
    if (plainBytes > 0) {
      MEMORY.copyMemory(MEMORY.getAddress(vectors + 2L * Long.BYTES), plain.address(), plainBytes);
    }
    return 0;
  }

  /** libfuse is done with the request: the names of the listing are looked up, and it goes out. */
  void served() {
    if (isAsked && isThere) {
      int bytes = lookUp();
      full.putInt(0, bytes);
      full.putInt(Wire.OUT_ERROR, 0);
      full.putLong(Wire.OUT_UNIQUE, request.getLong(Wire.IN_UNIQUE));
      if (device.write(full, bytes) != 0) {
        takeBack(bytes);
      }
    }
    isAsked = false;
  }

  /**
   * What does not fit is asked for again, from the offset of the last name that did. After two slow
   * looks on end there are no others: nobody asked for them yet. One alone comes from a busy
   * machine.
   */
  private int lookUp() {
    isLooking = true;
    int slow = 0;
    int to = Wire.OUT_BODY;
    int from = 0;
    while (from + Wire.DIRENT_NAME <= plainBytes) {
      int length = plain.getInt(from + Wire.DIRENT_NAME_BYTES);
      int bytes = align(Wire.DIRENT_NAME + length);
      if (from + bytes > plainBytes || to + Wire.ENTRY_BYTES + bytes > Wire.OUT_BODY + fullBytes) {
        break;
      }
      full.setMemory(to, Wire.ENTRY_BYTES, (byte) 0); // number 0: nothing is told of it
      MEMORY.copyMemory(plain.address() + from, full.address() + to + Wire.ENTRY_BYTES, bytes);
      if (slow < 2 && isWorthALook(from, length)) {
        long before = System.nanoTime();
        look(from, length, full.address() + to);
        slow = System.nanoTime() - before < SLOW_NANOS ? 0 : slow + 1;
      }
      to += Wire.ENTRY_BYTES + bytes;
      from += bytes;
    }
    isLooking = false;
    return to;
  }

  /** The kernel takes no word on "." and ".."; where a link leads may have to be asked for. */
  private boolean isWorthALook(int entry, int length) {
    boolean dots =
        plain.getByte(entry + Wire.DIRENT_NAME) == '.'
            && (length == 1 || (length == 2 && plain.getByte(entry + Wire.DIRENT_NAME + 1) == '.'));
    return !dots && plain.getInt(entry + Wire.DIRENT_TYPE) != Wire.TYPE_LINK;
  }

  private void look(int entry, int length, long into) {
    long at = request.address();
    MEMORY.copyMemory(plain.address() + entry + Wire.DIRENT_NAME, at + Wire.IN_BODY, length);
    request.putByte(Wire.IN_BODY + length, (byte) 0);
    looked.into = into;
    serve(Wire.LOOKUP, Wire.IN_BODY + length + 1);
  }

  private void serve(int opcode, int bytes) {
    request.putInt(0, bytes);
    request.putInt(Wire.IN_OPCODE, opcode);
    looks.begin(request.address());
    library.serve(request, bytes);
    looks.end();
  }

  /** The program did not wait for the listing, so nobody will give its numbers back. */
  private void takeBack(int bytes) {
    isLooking = true;
    int at = Wire.OUT_BODY;
    while (at < bytes) {
      long node = full.getLong(at);
      if (node != 0) {
        request.putLong(Wire.IN_NODE, node);
        request.putLong(Wire.IN_BODY, 1);
        serve(Wire.FORGET, Wire.IN_BODY + Long.BYTES);
      }
      int length = full.getInt(at + Wire.ENTRY_BYTES + Wire.DIRENT_NAME_BYTES);
      at += Wire.ENTRY_BYTES + align(Wire.DIRENT_NAME + length);
    }
    isLooking = false;
  }

  private static int align(int bytes) {
    return (bytes + 7) & ~7;
  }
}
