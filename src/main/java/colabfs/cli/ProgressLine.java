package colabfs.cli;

import colabfs.writeback.PendingFigures;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows how much is left to be sent or fetched: on a terminal one line that is written anew,
 * elsewhere a line every few seconds. Threading: one thread.
 */
final class ProgressLine implements Consumer<PendingFigures> {
  /** For a log that nobody watches. */
  private static final double PLAIN_SECONDS = 5;

  /** A shorter pause is the usual rhythm of a link with a long round trip. */
  private static final double STILL_SECONDS = 3;

  /** How much the newest piece counts: the rate of the last two seconds or so, at four a second. */
  private static final double NEWEST = 0.2;

  private static final double NANOS = 1e9;
  private static final String CLEAR = "\r\033[K";

  /** What is left, in words. */
  enum Words {
    SENDING("change", "to be sent"),
    FETCHING("file", "to be fetched");

    private final String noun;
    private final String left;

    Words(String noun, String left) {
      this.noun = noun;
      this.left = left;
    }
  }

  private final PrintWriter err;
  private final boolean terminal;
  private final Words words;
  private final LongSupplier nanoTime;

  private final long begunNanos;
  private double plainSeconds;
  private boolean isShown;

  private @Nullable PendingFigures last;
  private double lastSeconds;
  private double movedSeconds;
  private double bytesPerSecond;
  private double changesPerSecond;

  ProgressLine(Surroundings surroundings, Words words, LongSupplier nanoTime) {
    this.words = words;
    this.err = surroundings.err();
    this.terminal = surroundings.terminal().isThere();
    this.nanoTime = nanoTime;
    this.begunNanos = nanoTime.getAsLong();
  }

  @Override
  public void accept(PendingFigures left) {
    double now = (nanoTime.getAsLong() - begunNanos) / NANOS;
    measure(left, now);
    if (left.changes() == 0 && left.bytes() == 0) {
      clear();
    } else if (terminal) {
      err.print(CLEAR + text(left, now));
      err.flush();
      isShown = true;
    } else if (now - plainSeconds >= PLAIN_SECONDS) {
      plainSeconds = now;
      err.println("colabfs: " + text(left, now));
    }
  }

  /** Leaves the terminal's line empty. */
  void clear() {
    if (isShown) {
      err.print(CLEAR);
      err.flush();
      isShown = false;
    }
  }

  private void measure(PendingFigures left, double now) {
    PendingFigures before = last;
    double elapsed = now - lastSeconds;
    if (before != null && elapsed <= 0) {
      return;
    }
    if (before != null) {
      // Programs may have written more meanwhile: that is no sending backwards.
      double bytes = Math.max(0, before.bytes() - left.bytes());
      double changes = Math.max(0, before.changes() - left.changes());
      bytesPerSecond = smooth(bytesPerSecond, bytes / elapsed);
      changesPerSecond = smooth(changesPerSecond, changes / elapsed);
      movedSeconds = bytes > 0 || changes > 0 ? now : movedSeconds;
    }
    last = left;
    lastSeconds = now;
  }

  private static double smooth(double before, double newest) {
    return before == 0 ? newest : before + NEWEST * (newest - before);
  }

  private String text(PendingFigures left, double now) {
    StringBuilder text = new StringBuilder();
    if (left.changes() > 0) {
      text.append(PendingText.count(left.changes(), words.noun)).append(", ");
    }
    text.append(Sizes.of(left.bytes())).append(' ').append(words.left);
    if (left.refused() > 0) {
      text.append(", %d refused".formatted(left.refused()));
    }
    double still = now - movedSeconds;
    if (still >= STILL_SECONDS) {
      return text.append(", nothing has moved for %d s".formatted((long) still)).toString();
    }
    if (bytesPerSecond >= 1) {
      text.append(", ").append(Sizes.of((long) bytesPerSecond)).append("/s");
    }
    double seconds =
        Math.max(seconds(left.bytes(), bytesPerSecond), seconds(left.changes(), changesPerSecond));
    return seconds > 0 ? text.append(", about ").append(time(seconds)).toString() : text.toString();
  }

  private static double seconds(long left, double perSecond) {
    return left > 0 && perSecond > 0 ? (double) left / perSecond : 0;
  }

  private static String time(double seconds) {
    if (seconds < 90) {
      return String.format(Locale.ROOT, "%.0f s left", Math.ceil(seconds));
    }
    return seconds < 5400
        ? String.format(Locale.ROOT, "%.0f min left", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h left", seconds / 3600);
  }
}
