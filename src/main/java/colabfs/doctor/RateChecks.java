package colabfs.doctor;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How long the way is, and how wide. What is sent grows from step to step, until a step took long
 * enough to be measured: 4 MB each way at most, and a few seconds.
 */
final class RateChecks {
  private static final int LOOKS = 7;
  private static final int FIRST_BYTES = 16 << 10;
  private static final int LAST_BYTES = 3 << 20;
  private static final double LONG_ENOUGH_SECONDS = 0.4;

  /** The next step is made so small that it takes no longer. */
  private static final double STEP_SECONDS = 1.2;

  private static final Duration PATIENCE = Duration.ofSeconds(8);

  /** Every first look at a name costs that. */
  private static final double LONG_MILLIS = 400;

  /** A large source tree of 100 MB takes ten minutes. */
  private static final double SLOW_MEGABITS = 1.5;

  private final Way connection;
  private final Duration patience;
  private volatile double roundTripSeconds;

  RateChecks(Way connection, Duration patience) {
    this.connection = connection;
    this.patience = patience;
  }

  List<Check> all() {
    return List.of(
        Check.of("round-trip", this::roundTrip, "commands"),
        Check.of("rate-down", () -> rate("rate-down", Dialogue::receive), "round-trip"),
        Check.of("rate-up", () -> rate("rate-up", Dialogue::send), "round-trip"));
  }

  private Finding roundTrip() throws IOException {
    double[] millis = new double[LOOKS];
    try (Dialogue dialogue = Dialogue.begin(connection.line(), patience)) {
      for (int i = 0; i < LOOKS; i++) {
        millis[i] = dialogue.ask("x" + i).nanos() / 1e6;
      }
    }
    Arrays.sort(millis);
    double median = millis[LOOKS / 2];
    roundTripSeconds = millis[0] / 1000;
    String text =
        String.format(
            Locale.ROOT,
            "%.1f ms, the median of %d (%.1f to %.1f)",
            median,
            LOOKS,
            millis[0],
            millis[LOOKS - 1]);
    return median > LONG_MILLIS
        ? Finding.warn(
            "round-trip",
            text + "; every first look at something costs that",
            "choose a tunnel with an end near you")
        : Finding.ok("round-trip", text);
  }

  /** Moves so many bytes, and tells how long that took. */
  private interface Move {
    long nanos(Dialogue dialogue, int bytes) throws IOException;
  }

  private Finding rate(String id, Move move) throws IOException {
    Duration bound = PATIENCE.compareTo(patience) < 0 ? PATIENCE : patience;
    try (Dialogue dialogue = Dialogue.begin(connection.line(), bound)) {
      int bytes = FIRST_BYTES;
      while (true) {
        double seconds = Math.max(1e-4, move.nanos(dialogue, bytes) / 1e9 - roundTripSeconds);
        double perSecond = bytes / seconds;
        if (seconds >= LONG_ENOUGH_SECONDS || bytes == LAST_BYTES) {
          return finding(id, bytes, seconds, perSecond);
        }
        bytes =
            (int)
                Math.max(
                    FIRST_BYTES,
                    Math.min(Math.min(4.0 * bytes, LAST_BYTES), perSecond * STEP_SECONDS));
      }
    }
  }

  private static Finding finding(String id, int bytes, double seconds, double perSecond) {
    double megabits = perSecond * 8 / 1e6;
    String text =
        String.format(
            Locale.ROOT,
            "%.1f Mbit/s %s (%s in %.2f s)",
            megabits,
            id.equals("rate-down") ? "from the runtime" : "to the runtime",
            Reasons.bytes(bytes),
            seconds);
    return megabits < SLOW_MEGABITS
        ? Finding.warn(id, text, "keep large files on the runtime, and use colabfs exec there")
        : Finding.ok(id, text);
  }
}
