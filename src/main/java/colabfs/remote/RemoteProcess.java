package colabfs.remote;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A command that runs on the runtime. The streams block, and must be read, or the command stops
 * when the channel's window is full.
 *
 * <p>Threading: one thread a stream.
 */
public interface RemoteProcess extends AutoCloseable {

  /** The command's standard input; closing it tells the command that there is no more. */
  OutputStream stdin();

  /** What the command prints; ends when it has closed it. */
  InputStream stdout();

  /** What the command prints as errors. */
  InputStream stderr();

  /**
   * Ends when the command has ended; with an {@link colabfs.core.FsException} (ENOTCONN) when the
   * connection went first.
   */
  CompletableFuture<ExitStatus> exit();

  /** Tells a command at a terminal how large that is now; nothing happens to others. */
  default void resize(int rows, int columns) {}

  /** Gives the channel up; the server hangs up on the command. No error when it has ended. */
  @Override
  void close();

  /**
   * How a command ended.
   *
   * @param code exit status as a shell gives it: 128 + n for a signal
   * @param signal name of the signal that ended it, without "SIG", or empty
   */
  record ExitStatus(int code, String signal) {}
}
