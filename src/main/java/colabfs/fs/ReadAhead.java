package colabfs.fs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/**
 * How one handle is being read, and what to fetch before it is asked for. Threading: any thread;
 * the kernel's own read-ahead sends several reads at once and in no strict order.
 */
final class ReadAhead {
  private static final long FIRST_WINDOW_BYTES = 512 << 10;

  /** Within so many reads before or after the expected place, a read still is in sequence. */
  private static final int SLACK_READS = 8;

  private final long maxWindowBytes;

  @GuardedBy("this")
  private long frontier;

  @GuardedBy("this")
  private long window = FIRST_WINDOW_BYTES;

  @GuardedBy("this")
  private int inSequence;

  ReadAhead(long maxWindowBytes) {
    this.maxWindowBytes = Math.max(FIRST_WINDOW_BYTES, maxWindowBytes);
  }

  /** Takes note of a read; answers up to where to fetch ahead, or 0 for not at all. */
  synchronized long plan(long offset, int lengthBytes) {
    long slack = (long) SLACK_READS * lengthBytes;
    long end = offset + lengthBytes;
    if (Math.abs(offset - frontier) <= slack) {
      inSequence++;
      frontier = Math.max(frontier, end);
    } else {
      inSequence = 0;
      frontier = end;
      window = FIRST_WINDOW_BYTES;
    }
    return inSequence >= 2 ? frontier + window : 0;
  }

  /** Whether the last reads jumped about. */
  synchronized boolean isRandom() {
    return inSequence == 0;
  }

  /** A read in sequence had to wait although more could have been on its way. */
  synchronized void waited() {
    if (inSequence >= 2) {
      window = Math.min(2 * window, maxWindowBytes);
    }
  }
}
