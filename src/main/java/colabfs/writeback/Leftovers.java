package colabfs.writeback;

import colabfs.core.RemotePath;
import colabfs.remote.RemoteFs;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Removes the temporary files of what was forgotten meanwhile, or by a process that was killed.
 * Threading: the uploader's thread.
 */
final class Leftovers {
  private final Journal journal;
  private final RemoteFs remote;
  private final Carrier carrier;
  private final Runnable kick;
  private final Set<Long> cleaning = new HashSet<>();

  /**
   * @param kick called when one is gone
   */
  Leftovers(Journal journal, RemoteFs remote, Carrier carrier, Runnable kick) {
    this.journal = journal;
    this.remote = remote;
    this.carrier = carrier;
    this.kick = kick;
  }

  /**
   * Begins to; does not wait.
   *
   * @param carried uploads that go on, and may not have made their files yet: they are waited for
   */
  void remove(Set<Long> carried) {
    Map<Long, RemotePath> left;
    journal.lock.lock();
    try {
      left = journal.stateLocked().leftOver();
    } finally {
      journal.lock.unlock();
    }
    left.forEach(
        (number, temporary) -> {
          if (!carried.contains(number) && cleaning.add(number)) {
            var unused =
                carrier
                    .look(temporary)
                    .thenComposeAsync(
                        found ->
                            found.attrs() == null
                                ? CompletableFuture.completedFuture(null)
                                : remote.unlink(temporary),
                        carrier)
                    .whenCompleteAsync((done, failure) -> removed(number, failure), carrier);
          }
        });
  }

  /** Whether one is in that directory, which cannot be removed so. The journal's lock is held. */
  boolean isIn(RemotePath directory) {
    return journal.stateLocked().leftOver().values().stream()
        .anyMatch(temporary -> directory.equals(temporary.parent()));
  }

  private void removed(long number, @Nullable Throwable failure) {
    cleaning.remove(number);
    if (failure == null || !Reopening.reason(failure).isConnectionFailure()) {
      journal.note(new Event.Unstaged(number));
      kick.run();
    }
  }
}
