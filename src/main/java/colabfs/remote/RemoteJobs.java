package colabfs.remote;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Commands on the runtime that outlive the connection: each has a supervisor there, which keeps
 * what it prints, by offsets, and how it ended, until it is told to forget it.
 *
 * <p>Threading: any thread; no call waits. Futures and outputs are completed and called by the
 * thread that reads what the runtime says, which must not be held up.
 *
 * <p>Errors: each future fails with an {@link colabfs.core.FsException}: ENOTCONN when the runtime
 * could not be asked or the answer was lost (the command goes on); ESRCH for a job that is not
 * there.
 */
public interface RemoteJobs {

  /** For a runtime that cannot have any. */
  RemoteJobs NONE = new NoJobs("nothing is mounted");

  /** What one {@link #input} takes at most. */
  int INPUT_BYTES = 64 * 1024;

  /** Whether jobs can be asked for. */
  enum State {
    /** Now. */
    READY,
    /** Not yet, or not at the moment. */
    COMING,
    /** Not on this connection; see {@link #reason}. */
    ABSENT
  }

  State state();

  /** Why it is not {@link State#READY}, in words for a person. */
  String reason();

  /** Completes when it is READY or ABSENT, at once when it is; fails when the mount ends. */
  CompletableFuture<State> settled();

  /** Completes when it is READY, at once when it is; fails when the mount ends. */
  CompletableFuture<Void> ready();

  /**
   * Starts a command. When the answer was lost, the same may be asked again: it is started once.
   * Fails with ENOENT, ENOTDIR or EACCES when the directory cannot be entered.
   */
  CompletableFuture<Void> start(Start start);

  /**
   * Follows what a job prints from those offsets on, to its end.
   *
   * @param windowBytes how much is sent before it is granted by {@link Attachment#grant}
   */
  Attachment attach(
      String id, long stdoutOffset, long stderrOffset, int windowBytes, Output output);

  /**
   * Gives a job input. What it has already is left out, so the same may be given again.
   *
   * @param offset of the first byte; a hole before it is EINVAL
   * @param end nothing comes after this
   * @return ends with how many bytes the job has been given in all, when there is room for these
   */
  CompletableFuture<Long> input(String id, long offset, boolean end, ByteBuffer bytes);

  /**
   * Types at a job's terminal, where others may type as well.
   *
   * @param typist a number of the caller's choice: each has offsets of his own
   * @param offset of the first byte in what he types; what the job has already is left out
   */
  CompletableFuture<Long> type(String id, long typist, long offset, ByteBuffer bytes);

  /** Where the output begins that a job printed since a time of the runtime's clock. */
  CompletableFuture<Offsets> since(String id, Instant when);

  /** As {@link #since(String, Instant)}, for a time before now. */
  CompletableFuture<Offsets> since(String id, Duration before);

  /**
   * Sends a signal to a job's processes.
   *
   * @param signal its name without SIG
   */
  CompletableFuture<Void> signal(String id, String signal);

  /** Tells a job how large its terminal is. */
  CompletableFuture<Void> resize(String id, int rows, int columns);

  /** Every job that the runtime knows, in the order in which they were started. */
  CompletableFuture<List<RemoteJob>> list();

  /** Has an ended job forgotten, with all that it printed; EBUSY while it runs. */
  CompletableFuture<Void> remove(String id);

  /**
   * A command to be started.
   *
   * @param id 16 hexadecimal digits of the caller's choice
   * @param terminal what it is to have as a terminal; null for three streams
   * @param detached nobody attends to it: its input is empty, and it is kept when it has ended
   * @param timeout after which it is ended, with status 124; null for none
   * @param spoolBytes of each stream that are kept while nobody is attached
   * @param directory where it runs, absolute on the runtime
   * @param environment laid over the login's
   * @param commandLine for the login's shell
   * @param shown the command as a list of jobs shows it
   */
  record Start(
      String id,
      @Nullable Terminal terminal,
      boolean detached,
      @Nullable Duration timeout,
      long spoolBytes,
      String directory,
      Map<String, String> environment,
      String commandLine,
      String shown) {
    public Start {
      environment = Map.copyOf(environment);
    }
  }

  /**
   * A terminal.
   *
   * @param name what TERM says
   */
  record Terminal(String name, int rows, int columns) {}

  /** Places in a job's output. */
  record Offsets(long stdout, long stderr) {}

  /** Which of a job's outputs; a terminal has the first one only. */
  enum Stream {
    STDOUT,
    STDERR
  }

  /** Takes what a job prints, each stream in order and without holes but those that are told. */
  interface Output {

    /**
     * How the job was when it was attached to.
     *
     * @param inputBytes that it has been given
     */
    void state(long inputBytes, long stdoutBytes, long stderrBytes);

    /**
     * How a job's terminal was set then, for whoever has not seen all that was printed: the
     * sequences that set another one so. Comes after {@link #state}, if at all.
     */
    default void modes(byte[] sequences) {}

    void bytes(Stream stream, long offset, byte[] bytes);

    /** What lies between was dropped, as nobody was attached when there was too much of it. */
    void gap(Stream stream, long from, long to);
  }

  /** Somebody who follows a job. */
  interface Attachment {

    /**
     * Ends when the job has ended and all it printed was told; what it changed until then was told
     * before, as {@link RemoteTree#caughtUp} does it.
     */
    CompletableFuture<Ended> ended();

    /** So many more bytes may be sent. */
    void grant(int bytes);

    /** Leaves it; the job goes on. */
    void close();
  }

  /**
   * How a job ended.
   *
   * @param code its exit code, or 128 + n for a signal
   * @param signal the signal's name without SIG, or empty
   */
  record Ended(int code, String signal, long stdoutBytes, long stderrBytes) {}
}
