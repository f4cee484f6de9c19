package colabfs.cli;

import colabfs.exec.LogsSince;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A time as a person gives it. */
final class SinceText {
  private static final Pattern BEFORE = Pattern.compile("(\\d{1,9})([smhd])");

  private SinceText() {}

  /**
   * A number with a unit is a time before now; without a zone, a time is that of {@code zone}.
   *
   * @throws java.time.DateTimeException when it is none of these
   */
  static LogsSince read(String text, ZoneId zone) {
    Matcher before = BEFORE.matcher(text);
    if (before.matches()) {
      long count = Long.parseLong(before.group(1));
      Duration unit =
          switch (before.group(2)) {
            case "s" -> Duration.ofSeconds(1);
            case "m" -> Duration.ofMinutes(1);
            case "h" -> Duration.ofHours(1);
            default -> Duration.ofDays(1);
          };
      return new LogsSince(null, unit.multipliedBy(count));
    }
    return new LogsSince(time(text.replace(' ', 'T'), zone), null);
  }

  private static Instant time(String text, ZoneId zone) {
    if (!text.contains("T")) {
      return LocalDate.parse(text).atStartOfDay(zone).toInstant();
    }
    TemporalAccessor time =
        DateTimeFormatter.ISO_DATE_TIME.parseBest(
            text, ZonedDateTime::from, OffsetDateTime::from, LocalDateTime::from);
    return time instanceof LocalDateTime local
        ? local.atZone(zone).toInstant()
        : Instant.from(time);
  }
}
