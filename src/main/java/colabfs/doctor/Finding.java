package colabfs.doctor;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What was found of one thing. No text holds a secret, or a character that moves a cursor.
 *
 * @param id of the check, the same in every version
 * @param message what is so
 * @param next what to do; null when nothing has to be done, or the message says it
 */
public record Finding(String id, Level level, String message, @Nullable String next) {

  /** How it is. */
  public enum Level {
    OK,
    /** Works, with less than there could be, or needs a look. */
    WARN,
    /** Does not work. */
    FAIL,
    /** Could not be looked at. */
    SKIPPED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Finding {
    message = plain(message);
    next = next == null ? null : plain(next);
  }

  private static String plain(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }

  static Finding ok(String id, String message) {
    return new Finding(id, Level.OK, message, null);
  }

  static Finding warn(String id, String message, @Nullable String next) {
    return new Finding(id, Level.WARN, message, next);
  }

  static Finding fail(String id, String message, @Nullable String next) {
    return new Finding(id, Level.FAIL, message, next);
  }

  static Finding skipped(String id, String why) {
    return new Finding(id, Level.SKIPPED, "skipped, because " + why, null);
  }
}
