package colabfs.machine;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.machine.MachineFigures.Gpu;
import colabfs.machine.MachineFigures.Space;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks a runtime's machine for its figures. What it answers is a stranger's text: lines that are
 * not understood are left out.
 *
 * <p>Threading: any thread.
 */
public final class Machine {
  private static final System.Logger LOG = System.getLogger(Machine.class.getName());

  /** A driver that was not used for a while takes seconds to wake up. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Younger figures are not asked for again by who only looks. */
  private static final Duration FRESH = Duration.ofSeconds(5);

  /** Sixteen GPUs fit easily. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final int MOST_GPUS = 64;
  private static final int LONGEST_NAME = 100;
  private static final String MARK = "colabfs-machine:";

  /** For sh, whatever the login's shell is. */
  private static final String QUESTION =
      "sh -c 'echo "
          + MARK
          + "gpu; nvidia-smi"
          + " --query-gpu=name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,power.limit"
          + " --format=csv,noheader,nounits 2>/dev/null </dev/null; echo "
          + MARK
          + "memory;"
          + " cat /proc/meminfo 2>/dev/null; echo "
          + MARK
          + "disk;"
          + " df -Pk -- \"$1\" 2>/dev/null; echo "
          + MARK
          + "end' sh ";

  private final Supplier<RemoteShell> shell;
  private final Supplier<String> directory;
  private final InstantSource clock;
  private final AtomicBoolean asking = new AtomicBoolean();
  private volatile @Nullable MachineFigures last;

  /**
   * For a runtime.
   *
   * @param directory whose disk is meant
   */
  public Machine(Supplier<RemoteShell> shell, Supplier<String> directory, InstantSource clock) {
    this.shell = shell;
    this.directory = directory;
    this.clock = clock;
  }

  /** The figures now; waits for the network, and for the GPU's driver. */
  public MachineFigures ask() throws FsException {
    String line = QUESTION + "'" + directory.get().replace("'", "'\\''") + "'";
    CompletableFuture<RemoteProcess> started = shell.get().start(line);
    try (RemoteProcess process = started.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      process.exit().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      String text = new String(process.stdout().readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
      MachineFigures figures = parse(text);
      last = figures;
      return figures;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof FsException known
          ? known
          : new FsException(Errno.EIO, String.valueOf(e.getCause()), e);
    } catch (TimeoutException e) {
      var unused = started.thenAccept(RemoteProcess::close);
      throw new FsException(
          Errno.ETIMEDOUT, "the runtime did not tell within " + PATIENCE.toSeconds() + " s", e);
    } catch (IOException e) {
      throw new FsException(Errno.EIO, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FsException(Errno.EINTR, "interrupted", e);
    }
  }

  /** The last figures, at once; null before the first. Does not wait. */
  public @Nullable MachineFigures last() {
    return last;
  }

  /** Begins to ask, unless that was done a moment ago; does not wait. */
  public void refresh() {
    MachineFigures known = last;
    boolean fresh = known != null && known.at().plus(FRESH).isAfter(clock.instant());
    if (fresh || asking.getAndSet(true)) {
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                var unused = ask();
              } catch (FsException e) {
                LOG.log(System.Logger.Level.DEBUG, "the machine: {0}", e.getMessage());
              } finally {
                asking.set(false);
              }
            },
            "colabfs-machine");
    thread.setDaemon(true);
    thread.start();
  }

  MachineFigures parse(String text) {
    List<Gpu> gpus = new ArrayList<>();
    for (String line : part(text, "gpu")) {
      Gpu gpu = gpu(line);
      if (gpu != null && gpus.size() < MOST_GPUS) {
        gpus.add(gpu);
      }
    }
    return new MachineFigures(
        clock.instant(), gpus, memory(part(text, "memory")), disk(part(text, "disk")));
  }

  private static List<String> part(String text, String name) {
    int start = text.indexOf(MARK + name);
    if (start < 0) {
      return List.of();
    }
    int end = text.indexOf(MARK, start + MARK.length());
    return text.substring(start, end < 0 ? text.length() : end).lines().skip(1).toList();
  }

  /** The name may hold commas, nothing else does; what a card does not tell is in brackets. */
  private static @Nullable Gpu gpu(String line) {
    String[] fields = line.split(",", -1);
    int numbers = fields.length - 6;
    if (numbers < 1) {
      return null;
    }
    String name = String.join(",", List.of(fields).subList(0, numbers)).strip();
    Double used = number(fields[numbers + 1]);
    Double total = number(fields[numbers + 2]);
    return new Gpu(
        name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name,
        whole(number(fields[numbers])),
        used == null || total == null ? null : new Space(mebibytes(used), mebibytes(total)),
        whole(number(fields[numbers + 3])),
        number(fields[numbers + 4]),
        number(fields[numbers + 5]));
  }

  private static long mebibytes(double count) {
    return (long) (count * (1 << 20));
  }

  private static @Nullable Integer whole(@Nullable Double number) {
    return number == null ? null : (int) Math.round(number);
  }

  private static @Nullable Double number(String field) {
    String digits = field.strip();
    return digits.matches("[0-9]{1,9}(\\.[0-9]{1,6})?") ? Double.valueOf(digits) : null;
  }

  private static @Nullable Space memory(List<String> lines) {
    Long total = kibibytes(lines, "MemTotal:");
    Long available = kibibytes(lines, "MemAvailable:");
    return total == null || available == null || available > total
        ? null
        : new Space((total - available) << 10, total << 10);
  }

  private static @Nullable Long kibibytes(List<String> lines, String name) {
    for (String line : lines) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length >= 2 && words[0].equals(name)) {
        return count(words[1]);
      }
    }
    return null;
  }

  private static @Nullable Long count(String digits) {
    return digits.matches("[0-9]{1,15}") ? Long.valueOf(digits) : null;
  }

  /** The second line of df: device, blocks, used, available, share, place. */
  private static @Nullable Space disk(List<String> lines) {
    if (lines.size() < 2) {
      return null;
    }
    String[] words = lines.get(1).strip().split("\\s+", -1);
    Long used = words.length < 4 ? null : count(words[2]);
    Long available = words.length < 4 ? null : count(words[3]);
    return used == null || available == null
        ? null
        : new Space(used << 10, (used + available) << 10);
  }
}
