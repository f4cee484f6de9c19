package colabfs.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Tells one process from a later one with the same number.
 *
 * @param pid its number
 * @param startTicks when it began, in clock ticks since boot (proc(5), stat, field 22); 0 where the
 *     system does not tell
 */
public record ProcessIdentity(long pid, long startTicks) {
  private static final int STATE = 0;
  private static final int START_TICKS = 19;

  /** The process that asks. */
  public static ProcessIdentity own() {
    long pid = ProcessHandle.current().pid();
    return new ProcessIdentity(pid, stat(pid).startTicks);
  }

  /**
   * Whether that very process still runs. One that has ended and waits for its parent does not:
   * init may never ask in a container.
   */
  public boolean isAlive() {
    if (!Files.isDirectory(Path.of("/proc/self"))) {
      return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
    Stat stat = stat(pid);
    return stat.running && stat.startTicks == startTicks;
  }

  private record Stat(boolean running, long startTicks) {}

  private static Stat stat(long pid) {
    try {
      String line =
          Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
      // The second field, the name in parentheses, may hold anything.
      String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
      boolean running = !fields[STATE].equals("Z") && !fields[STATE].equals("X");
      return new Stat(running, Long.parseLong(fields[START_TICKS]));
    } catch (IOException e) {
      return new Stat(false, 0);
    }
  }
}
