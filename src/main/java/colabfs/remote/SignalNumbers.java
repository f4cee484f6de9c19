package colabfs.remote;

import java.util.Map;

/** Numbers of signals, for exit statuses as a shell gives them. */
public final class SignalNumbers {
  /** What a shell adds to a signal's number. */
  private static final int SHELL_BASE = 128;

  /** The numbers that all of Linux's architectures but MIPS and Alpha share (signal(7)). */
  private static final Map<String, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry("HUP", 1),
          Map.entry("INT", 2),
          Map.entry("QUIT", 3),
          Map.entry("ILL", 4),
          Map.entry("TRAP", 5),
          Map.entry("ABRT", 6),
          Map.entry("BUS", 7),
          Map.entry("FPE", 8),
          Map.entry("KILL", 9),
          Map.entry("USR1", 10),
          Map.entry("SEGV", 11),
          Map.entry("USR2", 12),
          Map.entry("PIPE", 13),
          Map.entry("ALRM", 14),
          Map.entry("TERM", 15),
          Map.entry("XCPU", 24),
          Map.entry("XFSZ", 25),
          Map.entry("SYS", 31));

  private SignalNumbers() {}

  /** Whether that name, without "SIG", is of a signal whose number is known. */
  public static boolean isKnown(String signal) {
    return NUMBERS.containsKey(signal);
  }

  /** The exit status of what that signal ended: 128 + n, or 128 for one that is not known. */
  public static int exitStatus(String signal) {
    return SHELL_BASE + NUMBERS.getOrDefault(signal, 0);
  }
}
