package colabfs.writeback;

import colabfs.remote.RemoteFs;
import colabfs.writeback.PendingChange.Kind;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which files begin to go to the runtime before they have rested: long ones that it does
 * not have. Nothing shows there before the rest is over; what joins meanwhile is sent as well, and
 * a rename here takes what was sent along.
 *
 * <p>Threading: the uploader's thread, with the journal's lock held.
 */
final class Drafts {
  /** Begun before they have rested, at a time. */
  private static final int MOST_AHEAD = 4;

  private final Carrier carrier;
  private final RemoteFs remote;
  private final long leastBytes;
  private final Runnable kick;
  private final IdentityHashMap<Layer, Draft> drafts = new IdentityHashMap<>();

  /** Not needed any more, while something is on its way to them. */
  private final Set<Draft> ending = new HashSet<>();

  /**
   * @param leastBytes shorter files go whole when they have rested
   * @param kick called when something was answered
   */
  Drafts(Carrier carrier, RemoteFs remote, long leastBytes, Runnable kick) {
    this.carrier = carrier;
    this.remote = remote;
    this.leastBytes = leastBytes;
    this.kick = kick;
  }

  /** Whether it brings a long file, without a hole, that the runtime does not have. */
  private boolean isFor(Job job) {
    Layer layer = job.layer;
    PendingFile file = job.file;
    return job.kind == Kind.WRITE
        && file != null
        && layer != null
        && !job.maybeDone
        && !(job.base instanceof Job.Base.Ours)
        && Job.expected(job.base) == null
        && file.names.size() == 1
        && layer.isWhole()
        && layer.bytes() == layer.sizeBytes()
        && layer.bytes() >= leastBytes;
  }

  /** Forgets those whose files are there, or are not to go there any more. */
  void tidy() {
    for (Draft draft : List.copyOf(drafts.values())) {
      if (!isCarried(draft)) {
        drop(draft);
      }
    }
    ending.removeIf(Draft::isQuiet);
  }

  /** Finds the job that has its content now. */
  private static boolean isCarried(Draft draft) {
    PendingFile file = draft.job.file;
    Job last = file == null ? null : file.last;
    if (draft.job.isOver() && last != null && last.layer == draft.layer()) {
      draft.job = last;
    }
    return !draft.job.isOver();
  }

  private void drop(Draft draft) {
    drafts.remove(draft.layer());
    draft.end();
    if (!draft.isQuiet()) {
      ending.add(draft);
    }
  }

  /** None of them is gone on with. */
  void dropAll() {
    List.copyOf(drafts.values()).forEach(this::drop);
  }

  /** The numbers of the jobs whose temporary files are still used. */
  Set<Long> numbers() {
    Set<Long> numbers = new HashSet<>();
    drafts.values().forEach(draft -> numbers.add(draft.number));
    ending.forEach(draft -> numbers.add(draft.number));
    return numbers;
  }

  /** What can be sent of a job that rests, as a step to be done without the lock; or null. */
  @Nullable Runnable ahead(Job job) {
    Layer layer = job.layer;
    if (layer == null || !isFor(job) || !job.waitsFor.isEmpty()) {
      return null;
    }
    Draft draft = drafts.get(layer);
    if (draft != null) {
      return isOf(draft, job) ? draft.ahead() : null;
    }
    return drafts.size() < MOST_AHEAD && isClear(job, false) ? add(job, layer)::begin : null;
  }

  private Draft add(Job job, Layer layer) {
    Draft draft =
        new Draft(carrier, remote, job, layer, Math.min(leastBytes, Pieces.PIECE_BYTES), kick);
    drafts.put(layer, draft);
    return draft;
  }

  /**
   * Whether a job may be begun, whatever way it goes: a draft that is of no use to it is dropped,
   * and nothing of it may come later.
   *
   * @param otherWay it needs none
   */
  boolean isClear(Job job, boolean otherWay) {
    Draft draft = job.layer == null ? null : drafts.get(job.layer);
    if (draft != null && (otherWay || !isFor(job) || !isOf(draft, job))) {
      drop(draft);
    }
    return ending.stream().noneMatch(old -> old.number == job.number);
  }

  /** The draft of a job that is clear and begun now; null when it needs none. */
  @Nullable Draft take(Job job) {
    Layer layer = job.layer;
    if (layer == null || !isFor(job)) {
      return null;
    }
    Draft draft = drafts.get(layer);
    return draft == null ? add(job, layer) : draft;
  }

  private static boolean isOf(Draft draft, Job job) {
    return !draft.isEnded() && Objects.equals(draft.temporary.parent(), job.path.parent());
  }
}
