package colabfs.writeback;

import colabfs.writeback.PendingChange.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Steps that wait for those before them: what shows new content on the runtime is seen there in the
 * order in which it was written here. Threading: the uploader's thread.
 */
final class Turns {
  /** Later changes do not wait for larger ones. */
  private static final long LARGE_BYTES = 1 << 20;

  private final Journal journal;
  private final Carrier carrier;
  private final List<Turn> turns = new ArrayList<>();

  /** One that waits for those before it. */
  private record Turn(
      Job job, int changes, Supplier<CompletableFuture<Void>> step, CompletableFuture<Void> end) {}

  Turns(Journal journal, Carrier carrier) {
    this.journal = journal;
    this.carrier = carrier;
  }

  /** See {@link Carrier#atItsTurn}. */
  CompletableFuture<Void> add(Job job, int changes, Supplier<CompletableFuture<Void>> step) {
    Turn turn = new Turn(job, changes, step, new CompletableFuture<>());
    turns.add(turn);
    return turn.end();
  }

  /** The place in the order of the last one that waits; 0 when none does. */
  long last() {
    return turns.stream().mapToLong(turn -> turn.job().order).max().orElse(0);
  }

  /** Carries out those whose turn it is. */
  void take() {
    if (turns.isEmpty()) {
      return;
    }
    turns.sort(Comparator.comparingLong(turn -> turn.job().order));
    for (Turn turn : List.copyOf(turns)) {
      if (!hasToWait(turn)) {
        turns.remove(turn);
        end(carrier.now(turn.job(), turn.changes(), turn.step()), turn.end());
      }
    }
  }

  private static void end(CompletableFuture<Void> work, CompletableFuture<Void> end) {
    var unused =
        work.whenComplete(
            (done, failure) -> {
              if (failure == null) {
                end.complete(null);
              } else {
                end.completeExceptionally(failure);
              }
            });
  }

  private boolean hasToWait(Turn turn) {
    Job job = turn.job();
    journal.lock.lock();
    try {
      boolean removes = job.kind == Kind.UNLINK || job.kind == Kind.RMDIR;
      return isAsItWas(job, turn.changes())
          && journal.stateLocked().jobs().hasEarlierToShow(job, removes, LARGE_BYTES);
    } finally {
      journal.lock.unlock();
    }
  }

  static boolean isAsItWas(Job job, int changes) {
    return !job.isOver() && job.changes == changes;
  }

  /** None of those who wait goes on. */
  void cancel() {
    List<Turn> waiting = List.copyOf(turns);
    turns.clear();
    waiting.forEach(turn -> turn.end().completeExceptionally(new CancellationException()));
  }
}
