package colabfs.fuse;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.atomic.LongAdder;

/**
 * The one wrapper around every FUSE call: turns a failure into {@code -errno}, and counts, times
 * and logs.
 *
 * <p>Threading: any thread. Errors: an {@link FsException} becomes its number as this system counts
 * them, every other Throwable becomes EIO. Nothing may leave a callback: jnr-ffi would swallow it
 * and return 0, which is success.
 */
final class CallGuard {
  private static final Logger LOG = System.getLogger(CallGuard.class.getName());
  private static final Map<Errno, Integer> NUMBERS = new EnumMap<>(Errno.class);

  static {
    for (Errno errno : Errno.values()) {
      NUMBERS.put(errno, jnr.constants.platform.Errno.valueOf(errno.name()).intValue());
    }
  }

  /** What the kernel asks for. */
  enum Operation {
    GETATTR,
    FGETATTR,
    OPENDIR,
    READDIR,
    RELEASEDIR,
    READLINK,
    OPEN,
    CREATE,
    MKNOD,
    READ,
    WRITE,
    FLUSH,
    FSYNC,
    RELEASE,
    TRUNCATE,
    FTRUNCATE,
    MKDIR,
    RMDIR,
    UNLINK,
    RENAME,
    SYMLINK,
    LINK,
    CHMOD,
    CHOWN,
    UTIMENS,
    STATFS,
    ACCESS
  }

  /** One call; returns 0 or a number of bytes. */
  interface Body {
    int run() throws FsException;
  }

  private static final class Figures {
    final LongAdder calls = new LongAdder();
    final LongAdder failures = new LongAdder();
    final LongAdder nanos = new LongAdder();
  }

  private final Map<Operation, Figures> figures = new EnumMap<>(Operation.class);

  CallGuard() {
    for (Operation operation : Operation.values()) {
      figures.put(operation, new Figures());
    }
  }

  int call(Operation operation, Body body) {
    long start = System.nanoTime();
    int result;
    try {
      result = body.run();
    } catch (FsException e) {
      result = -NUMBERS.getOrDefault(e.errno(), Errno.EIO.number());
      log(Level.DEBUG, operation, e);
    } catch (Throwable e) {
      result = -Errno.EIO.number();
      log(Level.ERROR, operation, e);
    }
    count(operation, System.nanoTime() - start, result < 0);
    return result;
  }

  private void count(Operation operation, long nanos, boolean failed) {
    Figures of = figures.get(operation);
    if (of != null) {
      of.calls.increment();
      of.nanos.add(nanos);
      if (failed) {
        of.failures.increment();
      }
    }
  }

  /** A log that fails (memory, a full disk) must not undo the answer. */
  private static void log(Level level, Operation operation, Throwable failure) {
    try {
      if (!LOG.isLoggable(level)) {
        return;
      }
      if (failure instanceof FsException e) {
        LOG.log(level, "{0}: {1}: {2}", operation, e.errno(), e.getMessage());
      } else {
        LOG.log(level, operation + " failed unexpectedly; the program sees EIO", failure);
      }
    } catch (RuntimeException | Error ignored) {
      // The answer to the kernel matters more than the line.
    }
  }

  /** One line for the log: calls, failures and mean time of each operation that was called. */
  String summary() {
    StringJoiner line = new StringJoiner(", ");
    for (Map.Entry<Operation, Figures> entry : figures.entrySet()) {
      Operation operation = entry.getKey();
      Figures of = entry.getValue();
      long calls = of.calls.sum();
      if (calls > 0) {
        line.add(
            "%s %d calls, %d failed, %d us each"
                .formatted(operation, calls, of.failures.sum(), of.nanos.sum() / calls / 1000));
      }
    }
    return line.toString();
  }
}
