package colabfs.agent;

import java.util.Map;

/** What a shell calls the end of a command. */
final class ExitCodes {
  /** A shell's offset for a signal. */
  private static final int SIGNALLED = 128;

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

  private ExitCodes() {}

  /** 128 + n for a signal, the code else; 0 to 255. */
  static int code(int code, String signal) {
    int number = NUMBERS.getOrDefault(signal, 0);
    return number > 0 ? SIGNALLED + number : code & 0xff;
  }
}
