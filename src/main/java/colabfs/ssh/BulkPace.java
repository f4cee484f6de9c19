package colabfs.ssh;

/**
 * How many bulk bytes to keep in flight, from what is measured: rate times about 1.25 times the
 * lowest round trip and a little for jitter, and one request. The idea is that of BBR
 * (draft-ietf-ccwg-bbr): the rate is the highest of late, measured over whole round trips; the
 * round trip is the lowest of late, and now and then the window is halved for a moment to see it
 * without a queue.
 *
 * <p>It begins at {@link #FIRST_WINDOW_BYTES} and grows by what arrives, which doubles it each
 * round trip, until the rate grows no more or round trips get longer.
 *
 * <p>Threading: guarded by its {@link BulkWindow}. Times are nanoseconds of that one's clock.
 */
final class BulkPace {

  /**
   * One request in flight: what was known when it was sent.
   *
   * @param quiet so little was in flight that its round trip shows no queue
   * @param starved the rate that it sees is not the link's: there was room for more
   */
  record Ticket(
      int bytes,
      long sentAt,
      long deliveredBytes,
      long deliveredAt,
      long firstSentAt,
      boolean quiet,
      boolean starved) {}

  /** Every server takes this much in one request. */
  static final int LEAST_REQUEST_BYTES = 32 * 1024;

  /**
   * Fills 50 Mbit/s at 80 ms after one doubling, and holds up a link of 10 Mbit/s for 0.2 s, once.
   */
  static final long FIRST_WINDOW_BYTES = 256 * 1024;

  /** A request takes about this long on the wire, so that a small one gets in between. */
  private static final double REQUEST_SECONDS = 0.020;

  private static final double GAIN = 1.25;

  /**
   * What machines that are busy add to a round trip. Without it a window that is too small for the
   * true round trip measures a low rate, and so stays small: at 20 ms and 500 Mbit/s between two
   * busy machines two thirds of the rate. It costs a small request as much.
   */
  private static final double JITTER_SECONDS = 0.010;

  private static final int MIN_REQUESTS = 2;

  /** Growth of the rate below which the link counts as full, and for how many round trips. */
  private static final double FULL_GROWTH = 1.25;

  private static final int FULL_ROUNDS = 2;

  /** Round trips this much longer than the lowest tell of a queue. */
  private static final double QUEUE_FACTOR = 1.5;

  private static final long QUEUE_NANOS = 20_000_000L;
  private static final long RATE_AGE_NANOS = 2_000_000_000L;
  private static final long ROUND_TRIP_AGE_NANOS = 10_000_000_000L;
  private static final double NANOS = 1e9;

  private final RecentHighest rate = new RecentHighest(RATE_AGE_NANOS);
  private boolean starting = true;
  private long window = FIRST_WINDOW_BYTES;
  private int request = LEAST_REQUEST_BYTES;
  private long inFlight;
  private int requestsInFlight;
  private long delivered;
  private long deliveredAt;
  private long firstSentAt;
  private long busySince;

  private long roundTrip;
  private long roundTripAt;
  private boolean probing;

  private long roundEndsAtDelivered;
  private double fullRate;
  private int fullRounds;

  /** Whether a request of that size may be sent now. */
  boolean admits(int bytes) {
    return requestsInFlight < MIN_REQUESTS || inFlight + bytes <= limit();
  }

  long windowBytes() {
    return window;
  }

  int requestBytes(int most) {
    return Math.min(request, most);
  }

  Ticket sent(int bytes, long now, boolean nothingWaits) {
    if (inFlight == 0) {
      firstSentAt = now;
      deliveredAt = now;
      busySince = now;
    }
    inFlight += bytes;
    requestsInFlight++;
    if (roundTrip > 0 && now - Math.max(roundTripAt, busySince) > ROUND_TRIP_AGE_NANOS) {
      probing = true;
    }
    boolean quiet = inFlight <= probeLimit();
    boolean starved = probing || (nothingWaits && inFlight + request <= window);
    return new Ticket(bytes, now, delivered, deliveredAt, firstSentAt, quiet, starved);
  }

  /** {@code moved}: bytes of content that came or were acknowledged; 0 for a failure. */
  void ended(Ticket ticket, int moved, long now) {
    inFlight -= ticket.bytes;
    requestsInFlight--;
    if (moved == 0) {
      return;
    }
    delivered += moved;
    deliveredAt = now;
    long took = Math.max(1, now - ticket.sentAt);
    measureRoundTrip(ticket, took, now);
    measureRate(ticket, took, now);
    firstSentAt = ticket.sentAt;
    if (starting) {
      grow(ticket, moved, took);
    }
    if (!starting) {
      settle();
    }
    request = requestFor(rate.value());
  }

  private void measureRoundTrip(Ticket ticket, long took, long now) {
    boolean replaces = ticket.quiet && now - roundTripAt > ROUND_TRIP_AGE_NANOS;
    long seen = took - ownTime(ticket.bytes, took);
    if (roundTrip == 0 || seen < roundTrip || replaces) {
      roundTrip = seen;
      roundTripAt = now;
      probing = false;
    }
  }

  /**
   * What of a round trip the request's own bytes take on the wire, once the rate is known. Never
   * more than a fifth, so that the window always comes out larger than what is in flight: else a
   * rate measured too low would keep itself low.
   */
  private long ownTime(int bytes, long took) {
    double bytesPerSecond = rate.value();
    return starting || bytesPerSecond == 0
        ? 0
        : (long) Math.min(took / 5.0, bytes * NANOS / bytesPerSecond);
  }

  /** Over the time that the bytes between were sent or came in, whichever was longer. */
  private void measureRate(Ticket ticket, long took, long now) {
    long interval = Math.max(ticket.sentAt - ticket.firstSentAt, now - ticket.deliveredAt);
    if (interval < roundTrip / 2) {
      interval = took; // answers in a bunch: their distance tells nothing
    }
    double sample = (delivered - ticket.deliveredBytes) * NANOS / interval;
    rate.add(sample, now, ticket.starved);
  }

  private void grow(Ticket ticket, int moved, long took) {
    if (ticket.starved) {
      return;
    }
    window += moved;
    if (took > roundTrip * QUEUE_FACTOR + QUEUE_NANOS) {
      starting = false;
    }
    if (ticket.deliveredBytes < roundEndsAtDelivered) {
      return;
    }
    roundEndsAtDelivered = delivered;
    if (rate.value() >= fullRate * FULL_GROWTH) {
      fullRate = rate.value();
      fullRounds = 0;
    } else if (++fullRounds >= FULL_ROUNDS) {
      starting = false;
    }
  }

  private void settle() {
    request = requestFor(rate.value());
    double seconds = GAIN * roundTrip / NANOS + JITTER_SECONDS;
    window = Math.max((long) (rate.value() * seconds) + request, (long) MIN_REQUESTS * request);
  }

  private static int requestFor(double bytesPerSecond) {
    double bytes = bytesPerSecond * REQUEST_SECONDS;
    return (int) Math.max(LEAST_REQUEST_BYTES, Math.min(bytes, SftpChannel.Limits.MOST_BYTES));
  }

  private long limit() {
    return probing ? probeLimit() : window;
  }

  private long probeLimit() {
    return Math.max(window / 2, (long) MIN_REQUESTS * request);
  }

  /** The highest of what was measured within about one to two ages. */
  private static final class RecentHighest {
    private final long ageNanos;
    private double now;
    private double before;
    private long since;

    RecentHighest(long ageNanos) {
      this.ageNanos = ageNanos;
    }

    double value() {
      return Math.max(now, before);
    }

    /** {@code lowerBound}: the true value is at least that; it only counts if it is higher. */
    void add(double sample, long time, boolean lowerBound) {
      if (lowerBound && sample <= value()) {
        return;
      }
      if (time - since > ageNanos) {
        before = now;
        now = 0;
        since = time;
      }
      now = Math.max(now, sample);
    }
  }
}
