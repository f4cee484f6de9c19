package colabfs.fuse;

import colabfs.core.RemotePath;
import colabfs.fuse.Terms.Term;
import com.kenai.jffi.MemoryIO;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import jnr.ffi.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * One request of the kernel and its answer, as they go over the device: libfuse makes the answer,
 * and here it gets the time that the kernel may remember it for. libfuse itself knows one time for
 * all names, and its numbers for names nobody else knows.
 *
 * <p>Threading: one for each thread that serves, request after request.
 */
final class Exchange implements Terms.Call {
  private static final Logger LOG = System.getLogger(Exchange.class.getName());
  private static final MemoryIO MEMORY = MemoryIO.getInstance();
  private static final int ACCESS_MODE = OpenFlags.O_ACCMODE.intValue();
  private static final int ENOENT = Errno.ENOENT.intValue();

  /** Where the address of the body is: in the second struct iovec. */
  private static final long BODY_VECTOR = 2L * Long.BYTES;

  /** What is cached here is answered in a twentieth of that. */
  private static final long SLOW_NANOS = 2_000_000L;

  private static final int MISSING_BYTES = Wire.OUT_BODY + Wire.ENTRY_BYTES;

  private final KernelMemory memory;
  private final Device device;
  private final Sink sink;
  private final Predicate<RemotePath> watched;
  private final LongUnaryOperator contentOf;
  private final Pointer scratch = Device.scratch();

  /** When the request came, while it is served; 0 else. Read by whoever would wait for it. */
  private volatile long sinceNanos;

  /** When the last request was served that told the kernel names or attributes; 0 for none yet. */
  private volatile long toldNanos;

  private volatile int node;
  private volatile int secondNode;
  private int opcode;
  private byte @Nullable [] name;
  private byte @Nullable [] secondName;
  private volatile boolean tells;
  private boolean toWrite;
  private boolean mayRemember;
  private long newsBefore;

  /** Where answers go: 0, or {@code -errno}. */
  interface Sink {
    /** By struct iovec, the header first and the body second. */
    int writev(long vectors, long count);

    int write(Pointer message, int bytes);
  }

  /**
   * @param sink where the answers go
   * @param watched whether others' changes of a name are told
   * @param contentOf the number of what an open file reads, by the handle that the kernel is given
   */
  Exchange(
      KernelMemory memory,
      Device device,
      Sink sink,
      Predicate<RemotePath> watched,
      LongUnaryOperator contentOf) {
    this.memory = memory;
    this.device = device;
    this.sink = sink;
    this.watched = watched;
    this.contentOf = contentOf;
  }

  @Override
  public boolean mayRemember() {
    return mayRemember;
  }

  @Override
  public long newsBefore() {
    return newsBefore;
  }

  /**
   * A request has come; libfuse has not seen it.
   *
   * @return whether the answer is to come here
   */
  boolean begin(long request) {
    opcode = MEMORY.getInt(request + Wire.IN_OPCODE);
    node = (int) MEMORY.getLong(request + Wire.IN_NODE);
    secondNode = 0;
    tells = true; // until it is known: who looks meanwhile must not take it for quiet
    sinceNanos = System.nanoTime() | 1; // not 0
    name = null;
    mayRemember = false;
    newsBefore = memory.lastNews();
    long body = request + Wire.IN_BODY;
    switch (opcode) {
      case Wire.INIT -> {
        memory.initialised(MEMORY.getInt(body + Wire.INIT_MINOR));
        return (MEMORY.getInt(body + Wire.INIT_FLAGS) & Wire.DO_READDIRPLUS) != 0;
      }
      case Wire.FORGET -> memory.forget(node, MEMORY.getLong(body));
      case Wire.BATCH_FORGET -> forgetMany(body);
      case Wire.RELEASE -> memory.released(node, writes(MEMORY.getInt(body + 8)));
      case Wire.GETATTR, Wire.SETATTR -> {
        mayRemember = isWatched();
        return mayRemember;
      }
      case Wire.OPEN -> {
        toWrite = writes(MEMORY.getInt(body));
        mayRemember = isWatched();
      }
      case Wire.READDIRPLUS -> {
        return false; // it tells names, but see FullListing
      }
      default -> {
        return names(body);
      }
    }
    tells = false;
    return opcode == Wire.OPEN;
  }

  /** The request is served. */
  void end() {
    if (tells) {
      toldNanos = System.nanoTime() | 1;
    }
    sinceNanos = 0;
  }

  /**
   * When the kernel was last told a name or attributes here: now, while that is being done; 0 for
   * never.
   */
  long lastToldNanos() {
    return sinceNanos != 0 && tells ? System.nanoTime() | 1 : toldNanos;
  }

  /** Whether a request on that node has been served for longer than most need. */
  boolean isHolding(int of) {
    long since = sinceNanos;
    return since != 0 && (node == of || secondNode == of) && System.nanoTime() - since > SLOW_NANOS;
  }

  private boolean names(long body) {
    switch (opcode) {
      case Wire.LOOKUP, Wire.SYMLINK, Wire.UNLINK, Wire.RMDIR -> name = text(body);
      case Wire.MKDIR -> name = text(body + 8);
      case Wire.MKNOD -> name = text(body + 16);
      case Wire.CREATE -> {
        name = text(body + 16);
        toWrite = writes(MEMORY.getInt(body));
      }
      case Wire.LINK -> {
        secondNode = (int) MEMORY.getLong(body);
        name = text(body + 8);
      }
      case Wire.RENAME -> {
        secondNode = (int) MEMORY.getLong(body);
        byte[] from = text(body + 8);
        name = from;
        secondName = text(body + 8 + from.length + 1);
      }
      default -> {
        tells = false;
        return false;
      }
    }
    mayRemember = isWatched();
    return true;
  }

  private static byte[] text(long address) {
    return MEMORY.getZeroTerminatedByteArray(address);
  }

  private static boolean writes(int openFlags) {
    return (openFlags & ACCESS_MODE) != 0;
  }

  private boolean isWatched() {
    if (!memory.isTrusted()) {
      return false;
    }
    RemotePath path = memory.path(node, name);
    return path != null && watched.test(path);
  }

  private void forgetMany(long body) {
    int count = MEMORY.getInt(body);
    for (long at = body + 8; count > 0; at += 16, count--) {
      memory.forget((int) MEMORY.getLong(at), MEMORY.getLong(at + 8));
    }
  }

  /**
   * libfuse's answer goes to the kernel. Nothing may leave this: it would be taken for success, and
   * the program would wait for ever.
   *
   * @param vectors struct iovec, the header first and the body second
   * @return 0, or {@code -errno}
   */
  int answer(long vectors, long count) {
    boolean replaced = false;
    int told = 0;
    try {
      long header = MEMORY.getAddress(vectors);
      int error = MEMORY.getInt(header + Wire.OUT_ERROR);
      if (error == -ENOENT && opcode == Wire.LOOKUP) {
        replaced = isKnownMissing(header);
      } else if (error == 0 && count > 1) {
        told = set(MEMORY.getAddress(vectors + BODY_VECTOR));
      } else if (error == 0) {
        done();
      }
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "what the kernel may remember of an answer was not set", e);
    }
    if (replaced) {
      return sink.write(scratch, MISSING_BYTES);
    }
    int result = sink.writev(vectors, count);
    if (result != 0) {
      undo(told);
    }
    return result;
  }

  /** Makes the answer to a name that is missing one that can be remembered: number 0. */
  private boolean isKnownMissing(long header) {
    byte[] of = name;
    if (of == null || memory.toldMissing(this, node, of) != Term.LONG) {
      return false;
    }
    scratch.setMemory(0, MISSING_BYTES, (byte) 0);
    scratch.putInt(0, MISSING_BYTES);
    scratch.putLong(Wire.OUT_UNIQUE, MEMORY.getLong(header + Wire.OUT_UNIQUE));
    scratch.putLong(Wire.OUT_BODY + Wire.ENTRY_VALID, KernelMemory.LONG_SECONDS);
    return true;
  }

  /** What has no body was done. */
  private void done() {
    byte[] of = name;
    byte[] second = secondName;
    if (of != null && (opcode == Wire.UNLINK || opcode == Wire.RMDIR)) {
      memory.removed(node, of);
    } else if (of != null && second != null && opcode == Wire.RENAME) {
      memory.renamed(node, of, secondNode, second);
    }
  }

  /** Sets the times in a body; returns the node that the kernel gets with it, or 0. */
  private int set(long body) {
    byte[] of = name;
    switch (opcode) {
      case Wire.GETATTR, Wire.SETATTR -> {
        Term term = memory.toldAttrs(this, node, Attrs.at(body + Wire.ATTR_ATTR));
        put(term, body, body + Wire.ATTR_VALID_NANOS);
        return 0;
      }
      case Wire.OPEN -> {
        setKept(body, node);
        return 0;
      }
      case Wire.INIT -> {
        setFlag(body + Wire.INIT_FLAGS, Wire.DO_READDIRPLUS);
        return 0;
      }
      default -> {
        if (of == null) {
          return 0;
        }
      }
    }
    int child = (int) MEMORY.getLong(body);
    if (opcode == Wire.LINK) {
      memory.linked(secondNode);
      device.forgetNode(scratch, secondNode, false);
    }
    Terms terms = memory.told(this, node, of, child, Attrs.at(body + Wire.ENTRY_ATTR));
    if (opcode == Wire.CREATE) {
      setKept(body + Wire.ENTRY_BYTES, child);
      terms = new Terms(terms.entry(), Term.SHORT);
    }
    put(terms.entry(), body + Wire.ENTRY_VALID, body + Wire.ENTRY_VALID_NANOS);
    put(terms.attrs(), body + Wire.ENTRY_ATTR_VALID, body + Wire.ENTRY_ATTR_VALID_NANOS);
    return child;
  }

  private void setKept(long openOut, int file) {
    if (memory.opened(this, file, contentOf.applyAsLong(MEMORY.getLong(openOut)), toWrite)) {
      setFlag(openOut + Wire.OPEN_FLAGS, Wire.KEEP_CACHE);
    }
    if (!toWrite) {
      setFlag(openOut + Wire.OPEN_FLAGS, Wire.NO_FLUSH); // closing has nothing to tell
    }
  }

  private static void setFlag(long flags, int flag) {
    MEMORY.putInt(flags, MEMORY.getInt(flags) | flag);
  }

  private static void put(Term term, long seconds, long nanos) {
    if (term != Term.SHORT) {
      MEMORY.putLong(seconds, term == Term.LONG ? KernelMemory.LONG_SECONDS : 0);
      MEMORY.putInt(nanos, 0);
    }
  }

  /** The program did not wait for the answer. */
  private void undo(int told) {
    if (told != 0) {
      memory.untold(told);
    }
    if (opcode == Wire.OPEN || opcode == Wire.CREATE) {
      memory.released(opcode == Wire.OPEN ? node : told, toWrite);
    }
  }
}
