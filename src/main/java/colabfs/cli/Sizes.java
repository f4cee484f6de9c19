package colabfs.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people read them. */
final class Sizes {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([KMGkmg]?)");
  private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB"};

  private Sizes() {}

  /** A number of bytes, or of KiB, MiB or GiB with K, M or G; -1 when it is none. */
  static long read(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      return -1;
    }
    int unit = "KMG".indexOf(matcher.group(2).toUpperCase(Locale.ROOT).concat(" ").charAt(0));
    return Long.parseLong(matcher.group(1)) << (10 * (unit + 1));
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
