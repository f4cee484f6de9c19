package colabfs.ssh;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds out when the other end is gone without a word, and how long a round trip takes. Asks the
 * server for a sign of life every few seconds; anything that arrives is one.
 *
 * <p>MINA has a heartbeat too, but its answers cannot be timed, and one thread serves all.
 *
 * <p>Threading: any thread. Nothing here waits; {@link Wire} must not either.
 */
final class KeepAlive {

  /** Short enough, with {@link #SILENCE}, to find a dead peer within 15 s at the worst. */
  static final Duration INTERVAL = Duration.ofSeconds(3);

  /** No answer and no other byte for so long: the peer is dead. */
  static final Duration SILENCE = Duration.ofSeconds(10);

  /** How often {@link #tick} is to be called. */
  static final Duration TICK = Duration.ofSeconds(1);

  /** With more traffic than this between question and answer, the time says nothing. */
  private static final long IDLE_BYTES = 16 * 1024;

  private final Wire wire;
  private final LongSupplier trafficBytes;
  private final LongSupplier receivedBytes;
  private final LongSupplier nanoTime;

  private long lastHeardNanos;
  private long lastReceivedBytes;
  private long askedNanos;
  private long trafficWhenAsked;
  private boolean waiting;
  private boolean dead;
  private @Nullable Duration roundTrip;

  /** The connection as seen from here. */
  interface Wire {
    /** Asks for an answer, whatever it is; {@link KeepAlive#answered} is to be called then. */
    void ask();

    /** The peer has been silent for too long. Called once. */
    void dead(Duration silence);
  }

  /**
   * @param trafficBytes payload sent and received so far
   * @param receivedBytes payload received so far
   */
  KeepAlive(
      Wire wire, LongSupplier trafficBytes, LongSupplier receivedBytes, LongSupplier nanoTime) {
    this.wire = wire;
    this.trafficBytes = trafficBytes;
    this.receivedBytes = receivedBytes;
    this.nanoTime = nanoTime;
    this.lastHeardNanos = nanoTime.getAsLong();
    this.lastReceivedBytes = receivedBytes.getAsLong();
    this.askedNanos = lastHeardNanos - INTERVAL.toNanos();
  }

  /** Looks at the time and does what is due. */
  void tick() {
    boolean ask = false;
    Duration silence = null;
    synchronized (this) {
      long now = nanoTime.getAsLong();
      long received = receivedBytes.getAsLong();
      if (received != lastReceivedBytes) {
        lastReceivedBytes = received;
        lastHeardNanos = now;
      }
      if (dead) {
        return;
      }
      long silentSince = Math.max(lastHeardNanos, askedNanos);
      if (waiting && now - silentSince >= SILENCE.toNanos()) {
        dead = true;
        silence = Duration.ofNanos(now - lastHeardNanos);
      } else if (!waiting && now - askedNanos >= INTERVAL.toNanos()) {
        waiting = true;
        askedNanos = now;
        trafficWhenAsked = trafficBytes.getAsLong();
        ask = true;
      }
    }
    if (ask) {
      wire.ask();
    }
    if (silence != null) {
      wire.dead(silence);
    }
  }

  /** The peer answered. */
  synchronized void answered() {
    long now = nanoTime.getAsLong();
    lastHeardNanos = now;
    if (waiting) {
      waiting = false;
      if (roundTrip == null || trafficBytes.getAsLong() - trafficWhenAsked <= IDLE_BYTES) {
        roundTrip = Duration.ofNanos(now - askedNanos);
      }
    }
  }

  /** The last that was measured while little else was under way; null before the first. */
  synchronized @Nullable Duration roundTrip() {
    return roundTrip;
  }
}
