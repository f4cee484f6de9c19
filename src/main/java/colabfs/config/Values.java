package colabfs.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Reads values as options, environment variables and the file hold them: one way for all three.
 * Errors: {@link IllegalArgumentException}, whose message continues "must be".
 */
public final class Values {
  private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)([smhd]?)");
  private static final Pattern WHOLE = Pattern.compile("\\d{1,9}");

  private Values() {}

  /** A size: bytes, or with K, M, G or T so many times 1024. */
  public static long size(String text) {
    int last = text.length() - 1;
    int unit = text.isEmpty() ? -1 : "KMGT".indexOf(Character.toUpperCase(text.charAt(last)));
    String digits = unit < 0 ? text : text.substring(0, last);
    int shift = 10 * (unit + 1);
    if (!digits.matches("\\d{1,18}") || Long.parseLong(digits) > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("a number of bytes, or one with K, M, G or T, such as 8G");
    }
    return Long.parseLong(digits) << shift;
  }

  /** A time above zero: seconds, or with m, h or d minutes, hours or days. */
  public static Duration time(String text) {
    Matcher matcher = TIME.matcher(text);
    double seconds = matcher.matches() ? Double.parseDouble(matcher.group(1)) : 0;
    if (seconds <= 0) {
      throw new IllegalArgumentException("a number of seconds above zero, or one with m, h or d");
    }
    long unit =
        switch (matcher.group(2)) {
          case "m" -> 60;
          case "h" -> 3600;
          case "d" -> 86_400;
          default -> 1;
        };
    return Duration.ofMillis(Math.round(seconds * unit * 1000));
  }

  /** Whole seconds from 1 on. */
  static int seconds(String text, int most) {
    int seconds = WHOLE.matcher(text).matches() ? Integer.parseInt(text) : 0;
    if (seconds < 1 || seconds > most) {
      throw new IllegalArgumentException("1 to %d seconds".formatted(most));
    }
    return seconds;
  }

  /** True for true, yes, on and 1; false for their opposites. */
  static boolean flag(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on", "1" -> true;
      case "false", "no", "off", "0" -> false;
      default -> throw new IllegalArgumentException("true or false");
    };
  }

  static String choice(String text, List<String> choices) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (!choices.contains(lower)) {
      throw new IllegalArgumentException("one of " + String.join(", ", choices));
    }
    return lower;
  }

  /** What stands between commas. */
  static List<String> list(String text) {
    return Stream.of(text.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }
}
