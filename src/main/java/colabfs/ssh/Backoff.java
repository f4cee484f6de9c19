package colabfs.ssh;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: twice as long each time, less a random part, so that
 * many clients of one server do not come back together.
 *
 * <p>Threading: one thread.
 */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(200);
  static final Duration LONGEST = Duration.ofSeconds(10);

  /** At most this part of each pause is left out at random. */
  private static final double JITTER = 0.5;

  private final RandomGenerator random;
  private long nextMillis = FIRST.toMillis();

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** The pause before the next attempt. */
  Duration next() {
    long millis = (long) (nextMillis * (1 - JITTER * random.nextDouble()));
    nextMillis = Math.min(nextMillis * 2, LONGEST.toMillis());
    return Duration.ofMillis(Math.max(millis, FIRST.toMillis() / 2));
  }

  /** Only time can help: the longest pause, without shorter ones before. */
  Duration longest() {
    nextMillis = LONGEST.toMillis();
    return LONGEST;
  }

  /** After a success the next pause is the first again. */
  void reset() {
    nextMillis = FIRST.toMillis();
  }
}
