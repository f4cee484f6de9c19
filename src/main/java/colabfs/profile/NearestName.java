package colabfs.profile;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the name that was probably meant. */
final class NearestName {

  /** The first of the nearest names; null when none is near. */
  static @Nullable String among(List<String> known, String name) {
    String best = null;
    int least = 1 + Math.max(1, name.length() / 3);
    for (String each : known) {
      int distance = distance(name, each);
      if (distance < least) {
        least = distance;
        best = each;
      }
    }
    return best;
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

  private NearestName() {}
}
