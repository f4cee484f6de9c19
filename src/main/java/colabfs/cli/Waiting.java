package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.ProcessSignals;
import colabfs.control.ControlException;
import colabfs.writeback.PendingFigures;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A wait for what is unsent, or fetched, with a progress line. Ctrl-C asks the mount to stop it,
 * and a second one ends this process at once.
 */
final class Waiting {
  /** As a shell gives it for a program that Ctrl-C has ended: 128 + SIGINT. */
  static final int INTERRUPTED = 128 + 2;

  /** What is waited for. */
  interface Work<T> {
    T get(Consumer<PendingFigures> progress, CompletableFuture<?> givenUp)
        throws AppException, ControlException;
  }

  private Waiting() {}

  static <T> T on(Surroundings surroundings, Work<T> work)
      throws AppException, ControlException, CliFailure {
    return on(surroundings, ProgressLine.Words.SENDING, work);
  }

  static <T> T on(Surroundings surroundings, ProgressLine.Words words, Work<T> work)
      throws AppException, ControlException, CliFailure {
    CompletableFuture<Void> givenUp = new CompletableFuture<>();
    ProcessSignals.on(
        "INT",
        () -> {
          if (!givenUp.complete(null)) {
            Runtime.getRuntime().halt(INTERRUPTED); // the mount does not answer either
          }
        });
    ProgressLine line = new ProgressLine(surroundings, words, System::nanoTime);
    try {
      return work.get(line, givenUp);
    } catch (ControlException e) {
      if (e.reason() == ControlException.Reason.GIVEN_UP) {
        throw new CliFailure(String.valueOf(e.getMessage()), INTERRUPTED);
      }
      throw e;
    } finally {
      line.clear();
    }
  }
}
