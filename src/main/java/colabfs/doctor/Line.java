package colabfs.doctor;

import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A way to run small scripts on the runtime: a connection that was made for that, or a mount's.
 *
 * <p>Threading: any thread. Errors: IOException with a sentence.
 */
interface Line {
  /** Far more than any answer. */
  int MOST_BYTES = 64 * 1024;

  /**
   * Starts a script for {@code /bin/sh}, without single quotes; waits for the network.
   *
   * @param patience until it has started
   */
  Talk start(String script, Duration patience) throws IOException;

  /** What the runtime's machine has. */
  MachineFigures machine() throws IOException;

  /** A script that runs. Closing it ends it, and whoever reads it. */
  interface Talk extends AutoCloseable {
    OutputStream in();

    InputStream out();

    @Override
    void close();
  }

  /** What a script prints that reads nothing; its errors are its own affair. */
  default String ask(String script, Duration patience) throws IOException {
    try (Talk talk = start(script, patience)) {
      var unused = endAfter(talk, patience);
      return new String(talk.out().readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
    }
  }

  /** Ends a script when it takes too long: reading it fails then, or ends. */
  static CompletableFuture<Void> endAfter(Talk talk, Duration patience) {
    return CompletableFuture.runAsync(
        talk::close, CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS));
  }
}
