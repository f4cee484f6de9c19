package colabfs.agent;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Finds out when the helper is there no longer though its process or the channel is. Any byte in
 * either direction is a sign of life, so that a long answer or a slow link is not taken for death.
 *
 * <p>Threading: any thread.
 */
final class Liveness {
  private final AgentSettings settings;
  private final LongSupplier nanoTime;
  private volatile long movedNanos;

  /** Guards what follows; nothing is taken under it. */
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private boolean pinged;

  @GuardedBy("lock")
  private long pingedNanos;

  /** What is to be done. */
  enum Verdict {
    FINE,
    /** It is to be asked for a sign of life; {@link Liveness#answered} is to be called then. */
    ASK,
    SILENT,
    NEVER_GREETED
  }

  Liveness(AgentSettings settings, LongSupplier nanoTime) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.movedNanos = nanoTime.getAsLong();
  }

  /** Something was sent or has arrived. */
  void moved() {
    movedNanos = nanoTime.getAsLong();
  }

  /** The sign of life came, or will never come. */
  void answered() {
    lock.lock();
    try {
      pinged = false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks at it now.
   *
   * @param greeted whether it has begun to answer at all
   * @param busy whether an answer is due
   */
  Verdict look(boolean greeted, boolean busy) {
    long now = nanoTime.getAsLong();
    long silentNanos = now - movedNanos;
    if (!greeted) {
      return silentNanos > settings.greeting().toNanos() ? Verdict.NEVER_GREETED : Verdict.FINE;
    }
    lock.lock();
    try {
      if (!busy) {
        return Verdict.FINE;
      }
      if (!pinged && silentNanos > settings.askAfter().toNanos()) {
        pinged = true;
        pingedNanos = now;
        return Verdict.ASK;
      }
      long waitedNanos = Math.min(silentNanos, now - pingedNanos);
      boolean isSilent = pinged && waitedNanos > settings.silence().toNanos();
      return isSilent ? Verdict.SILENT : Verdict.FINE;
    } finally {
      lock.unlock();
    }
  }
}
