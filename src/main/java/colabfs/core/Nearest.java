package colabfs.core;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that somebody meant who mistyped it. No state. */
public final class Nearest {
  private Nearest() {}

  /** The name that is fewest edits away, unless that is more than a third of the word. */
  public static Optional<String> to(String typed, Collection<String> names) {
    String plain = plain(typed);
    String best = null;
    int least = 1 + Math.max(1, typed.length() / 3);
    for (String name : names.stream().sorted().toList()) {
      int distance = distance(plain, plain(name));
      if (distance < least) {
        least = distance;
        best = name;
      }
    }
    return Optional.ofNullable(best);
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /** The number of single-character edits from one to the other (Levenshtein). */
  private static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int column = 0; column <= to.length(); column++) {
      row[column] = column;
    }
    for (int line = 1; line <= from.length(); line++) {
      int diagonal = row[0];
      row[0] = line;
      for (int column = 1; column <= to.length(); column++) {
        int replaced = diagonal + (from.charAt(line - 1) == to.charAt(column - 1) ? 0 : 1);
        diagonal = row[column];
        row[column] = Math.min(replaced, 1 + Math.min(row[column], row[column - 1]));
      }
    }
    return row[to.length()];
  }
}
