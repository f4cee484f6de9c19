package colabfs.ssh;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A link of a certain rate and round trip with one queue, in simulated time: requests are answered
 * one after the other, each after its bytes have gone over the wire. Threading: one thread.
 */
final class SimulatedLink {
  private static final double NANOS = 1e9;

  private final long roundTripNanos;
  private double bytesPerNano;
  private long latenessNanos;
  private final PriorityQueue<Answer> answers = new PriorityQueue<>();
  private final Deque<Long> waits = new ArrayDeque<>();
  private long now;
  private long wireFreeAt;
  private long movedBytes;

  private record Answer(long at, int bytes, CompletableFuture<Integer> future)
      implements Comparable<Answer> {
    @Override
    public int compareTo(Answer other) {
      return Long.compare(at, other.at);
    }
  }

  SimulatedLink(double megabitPerSecond, Duration roundTrip) {
    roundTripNanos = roundTrip.toNanos();
    rate(megabitPerSecond);
  }

  void rate(double megabitPerSecond) {
    bytesPerNano = megabitPerSecond * 1e6 / 8 / NANOS;
  }

  /** The machine at the other end is busy: from now on answers come later by that. */
  void lateness(Duration lateness) {
    latenessNanos = lateness.toNanos();
  }

  long now() {
    return now;
  }

  long movedBytes() {
    return movedBytes;
  }

  /** How long a byte sent now would wait before it is on the wire. */
  Duration queue() {
    return Duration.ofNanos(Math.max(0, wireFreeAt - now));
  }

  /** The longest that any request has waited for the wire since the last call. */
  Duration longestQueue() {
    long longest = waits.stream().mapToLong(Long::longValue).max().orElse(0);
    waits.clear();
    return Duration.ofNanos(longest);
  }

  CompletableFuture<Integer> send(int bytes) {
    long reaches = now + roundTripNanos / 2;
    waits.add(Math.max(0, wireFreeAt - reaches));
    wireFreeAt = Math.max(wireFreeAt, reaches) + (long) (bytes / bytesPerNano);
    CompletableFuture<Integer> future = new CompletableFuture<>();
    answers.add(new Answer(wireFreeAt + roundTripNanos / 2 + latenessNanos, bytes, future));
    return future;
  }

  /** Lets time pass, answering what is due. */
  void pass(Duration time) {
    long until = now + time.toNanos();
    @Nullable Answer next = answers.peek();
    while (next != null && next.at <= until) {
      answers.remove();
      now = next.at;
      movedBytes += next.bytes;
      next.future.complete(next.bytes);
      next = answers.peek();
    }
    now = until;
  }
}
