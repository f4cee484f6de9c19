package colabfs.writeback;

import colabfs.core.FsException;
import java.util.concurrent.CompletableFuture;

/**
 * Carries out what was accepted, under the journal's lock, and tells who brings it to the runtime.
 * Threading: any thread.
 *
 * @param recorded told after each change
 */
record Acceptance(Journal journal, Runnable recorded) {

  /** A change that was accepted, under the journal's lock. */
  interface Step {
    void run() throws FsException;
  }

  /** The same, with a result. */
  interface Call<T> {
    T run() throws FsException;
  }

  CompletableFuture<Void> accept(Step step) {
    CompletableFuture<Boolean> done =
        call(
            () -> {
              step.run();
              return true;
            });
    return done.thenAccept(always -> {});
  }

  <T> CompletableFuture<T> call(Call<T> call) {
    T result;
    journal.lock.lock();
    try {
      result = call.run();
    } catch (FsException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      journal.lock.unlock();
    }
    recorded.run();
    return CompletableFuture.completedFuture(result);
  }
}
