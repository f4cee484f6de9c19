package colabfs.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.function.LongSupplier;

/**
 * How much of what is read goes to the local disk as well: all, up to a burst and then a rate. A
 * link that brings more for long brings it again as soon as the disk would, and the reading would
 * have to share the processor with the writing.
 *
 * <p>Threading: any thread.
 */
final class DiskShare {
  static final long BYTES_PER_SECOND = 32 << 20;
  static final long BURST_BYTES = 64 << 20;
  private static final double NANOS_PER_SECOND = 1e9;

  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private long lastNanos;

  @GuardedBy("this")
  private double allowedBytes = BURST_BYTES;

  DiskShare(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.lastNanos = nanoTime.getAsLong();
  }

  /** Whether so much may be written now; it counts as written then. */
  synchronized boolean takes(int bytes) {
    long now = nanoTime.getAsLong();
    double earned = (now - lastNanos) / NANOS_PER_SECOND * BYTES_PER_SECOND;
    lastNanos = now;
    allowedBytes = Math.min(BURST_BYTES, allowedBytes + earned);
    if (allowedBytes < bytes) {
      return false;
    }
    allowedBytes -= bytes;
    return true;
  }
}
