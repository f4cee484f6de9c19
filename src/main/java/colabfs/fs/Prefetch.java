package colabfs.fs;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Fetches what is below a directory that somebody entered: listings, nearest first, many at a time,
 * and the texts of links. What was entered last comes first. While the link is down it rests; what
 * it had begun is begun anew by whoever enters the directory again. Threading: any thread; waits
 * for nothing.
 */
final class Prefetch {
  /**
   * At 80 ms and 50 Mbit/s about what the link holds, at 2 KB a listing; sshd allows 1,000 handles.
   */
  private static final int MAX_IN_FLIGHT = 192;

  /** While file content is on its way. */
  private static final int MAX_IN_FLIGHT_BESIDE_READS = 12;

  private static final int MAX_DEPTH = 8;
  private static final int MAX_WAITING = 20_000;

  /** Names that are fetched in one time to live. */
  private static final int MAX_ENTRIES = 100_000;

  /** Directories of the runtime that are endless, or cost it dearly to list. */
  private static final Set<String> NEVER = Set.of("/proc", "/sys", "/dev", "/run");

  private final Lookups lookups;
  private final LinkWatch link;
  private final LongSupplier nanoTime;
  private final IntSupplier readsInFlight;
  private final String remoteRoot;
  private final long ttlNanos;
  private final int maxEntries;
  private final PathTable<Long> walked;
  private final AtomicInteger rounds = new AtomicInteger();

  @GuardedBy("this")
  private final Deque<Step> waiting = new ArrayDeque<>();

  @GuardedBy("this")
  private int inFlight;

  /** Entries fetched since {@code windowNanos}, of at most {@code maxEntries} in one ttl. */
  @GuardedBy("this")
  private int entries;

  @GuardedBy("this")
  private long windowNanos;

  /** One thing to fetch: a listing, or the text of a link. */
  private record Step(RemotePath path, int depth, @Nullable DirEntry link) {}

  Prefetch(Lookups lookups, Environment environment, IntSupplier readsInFlight) {
    FsSettings settings = environment.settings();
    this.lookups = lookups;
    this.link = environment.link();
    this.nanoTime = environment.nanoTime();
    this.readsInFlight = readsInFlight;
    this.remoteRoot = settings.remoteRoot().equals("/") ? "" : settings.remoteRoot();
    this.ttlNanos = settings.metadataTtl().toNanos();
    this.maxEntries = Math.min(MAX_ENTRIES, settings.metadataEntries() / 2);
    this.walked = new PathTable<>(2 * MAX_ENTRIES);
    this.windowNanos = nanoTime.getAsLong();
  }

  /** Somebody entered that directory and saw these entries. */
  void entered(RemotePath directory, List<DirEntry> listing) {
    if (!directory.startsWith(RuntimeTrees.SIDE) && !link.isDown()) {
      listed(directory, listing, 0);
      pump();
    }
  }

  /** Everything may be fetched again. */
  synchronized void reset() {
    walked.clear();
    waiting.clear();
  }

  private void listed(RemotePath directory, List<DirEntry> listing, int depth) {
    long now = nanoTime.getAsLong();
    Long before = walked.get(directory);
    if (before != null && now - before < ttlNanos) {
      return;
    }
    walked.put(directory, now);
    Deque<Step> steps = new ArrayDeque<>();
    for (DirEntry entry : listing) {
      RemotePath path = directory.child(entry.name());
      if (entry.attrs().isSymlink()) {
        steps.add(new Step(path, depth + 1, entry));
      } else if (entry.attrs().isDirectory()
          && depth < MAX_DEPTH
          && !NEVER.contains(remoteRoot + path)) {
        steps.add(new Step(path, depth + 1, null));
      }
    }
    synchronized (this) {
      if (waiting.size() + steps.size() > MAX_WAITING) {
        return;
      }
      if (depth == 0) {
        steps.descendingIterator().forEachRemaining(waiting::addFirst);
      } else {
        waiting.addAll(steps);
      }
    }
  }

  /** Starts what may be started; an answer that comes at once is taken up by whoever is here. */
  private void pump() {
    if (rounds.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    while (seen != 0) {
      for (Step step = next(); step != null; step = next()) {
        start(step);
      }
      seen = rounds.addAndGet(-seen);
    }
  }

  private synchronized @Nullable Step next() {
    int most = readsInFlight.getAsInt() > 0 ? MAX_IN_FLIGHT_BESIDE_READS : MAX_IN_FLIGHT;
    long now = nanoTime.getAsLong();
    if (now - windowNanos > ttlNanos) {
      windowNanos = now;
      entries = 0;
    }
    if (entries > maxEntries) {
      waiting.clear();
    } else if (!waiting.isEmpty() && link.isDown()) {
      reset();
    }
    Step step = inFlight >= most ? null : waiting.poll();
    if (step != null) {
      inFlight++;
    }
    return step;
  }

  private void start(Step step) {
    DirEntry link = step.link();
    if (link != null) {
      var unused =
          lookups
              .askLink(step.path(), link.attrs())
              .whenComplete((text, failure) -> ended(1, failure));
      return;
    }
    List<DirEntry> known = lookups.knownListing(step.path());
    if (known != null) {
      listed(step.path(), known, step.depth());
      ended(0, null);
      return;
    }
    if (lookups.isHelped(step.path())) {
      ended(0, null); // it is on its way with all the others
      return;
    }
    var unused =
        lookups
            .askList(step.path())
            .whenComplete(
                (listing, failure) -> {
                  if (listing != null) {
                    listed(step.path(), listing, step.depth());
                  }
                  ended(listing == null ? 1 : 1 + listing.size(), failure);
                });
  }

  private void ended(int cost, @Nullable Throwable failure) {
    boolean lost = failure != null && Patience.reason(failure).errno() == Errno.ENOTCONN;
    synchronized (this) {
      inFlight--;
      if (lost) {
        reset(); // no answer: what is marked as walked was not
      } else {
        entries += cost;
      }
    }
    pump();
  }
}
