package colabfs.ssh;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.sshd.common.future.SshFuture;

/** Waits for the steps of connecting, each for so long at most, and no longer than it is of use. */
final class Steps {
  private final Prompts prompts;
  private final Duration limit;
  private final BooleanSupplier isFutile;

  /**
   * @param isFutile whether nobody wants what is waited for any longer; asked now and then
   */
  Steps(Prompts prompts, Duration limit, BooleanSupplier isFutile) {
    this.prompts = prompts;
    this.limit = limit;
    this.isFutile = isFutile;
  }

  /** For steps in which nobody is asked anything. */
  static Steps withoutQuestions(Duration limit) {
    return new Steps(
        new Prompts(HostKeyPrompt.REFUSE, SecretPrompt.NONE, System::nanoTime), limit, () -> false);
  }

  Duration limit() {
    return limit;
  }

  /** The limit in words. */
  String limitText() {
    return limit.toMillis() % 1000 == 0 ? limit.toSeconds() + " s" : limit.toMillis() + " ms";
  }

  /** Waits; the time in which a person is asked does not count. What is futile is out of time. */
  <T> T await(CompletableFuture<T> step)
      throws ExecutionException, TimeoutException, InterruptedException {
    return await(step, limit);
  }

  <T> T await(CompletableFuture<T> step, Duration patience)
      throws ExecutionException, TimeoutException, InterruptedException {
    long end = prompts.workNanos() + patience.toNanos();
    while (true) {
      long left = end - prompts.workNanos();
      if (left <= 0 && !step.isDone()) {
        throw new TimeoutException();
      }
      try {
        long nap = Math.min(left, Lifeline.LOOK_FOR_CHANGE.toNanos());
        return step.get(Math.max(1, nap), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        // a question may have stopped the clock: look again
        if (isFutile.getAsBoolean()) {
          throw e;
        }
      }
    }
  }

  /** MINA's future as Java's; its value is MINA's future itself, done, whatever came of it. */
  static <F extends SshFuture<F>> CompletableFuture<F> ended(F future) {
    CompletableFuture<F> result = new CompletableFuture<>();
    future.addListener(result::complete);
    return result;
  }
}
