package colabfs.exec;

import java.time.Duration;

/** A connection that went while a job was followed, and whether that was told. One thread's own. */
final class Outage {
  /** A connection that comes back sooner is not worth a word. */
  private static final Duration QUIET = Duration.ofSeconds(1);

  /** Before it is asked again when asking failed at once, longer each time. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  private static final int MOST_PAUSES = 20;

  private boolean lasts;
  private boolean told;
  private int failures;
  private long sinceNanos;

  /**
   * It went, or could not be used.
   *
   * @return how long to wait before it is tried again
   */
  Duration begins() {
    lasts = true;
    told = told && failures > 0;
    sinceNanos = failures == 0 ? System.nanoTime() : sinceNanos;
    return PAUSE.multipliedBy(Math.min(MOST_PAUSES, failures++));
  }

  /** It is tried again. */
  void tried() {
    lasts = false;
  }

  /** Something came over it. */
  void isOver() {
    failures = 0;
  }

  /** Whether it has to be told, sooner or later. */
  boolean isUntold() {
    return lasts && !told;
  }

  /** Until it has to be told. */
  long quietNanos() {
    return Math.max(0, sinceNanos + QUIET.toNanos() - System.nanoTime());
  }

  void tell() {
    told = true;
  }

  /** Whether it was told, and its end has to be, too. */
  boolean toldBefore() {
    boolean before = told;
    told = false;
    return before;
  }
}
