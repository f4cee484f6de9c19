package colabfs.cli;

import java.util.Locale;

/** Sizes as people read them. */
final class Sizes {
  private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB"};

  private Sizes() {}

  /**
   * Reads a size: bytes, or with K, M, G or T so many times 1024.
   *
   * @throws NumberFormatException when it is none
   */
  static long parse(String text) {
    int last = text.length() - 1;
    int unit = text.isEmpty() ? -1 : "KMGT".indexOf(Character.toUpperCase(text.charAt(last)));
    long amount = Long.parseLong(unit < 0 ? text : text.substring(0, last));
    int shift = 10 * (unit + 1);
    if (amount < 0 || amount > Long.MAX_VALUE >> shift) {
      throw new NumberFormatException(text);
    }
    return amount << shift;
  }

  static String of(long bytes) {
    if (bytes < 1024) {
      return bytes + " bytes";
    }
    double amount = bytes / 1024.0;
    int unit = 0;
    while (amount >= 1024 && unit < UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", amount, UNITS[unit]);
  }
}
