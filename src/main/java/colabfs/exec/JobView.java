package colabfs.exec;

import colabfs.remote.RemoteJobs.Stream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * What somebody here sees of a job.
 *
 * <p>Threading: sizes and {@link #abandon} from any thread, the rest from the one that follows the
 * job.
 */
final class JobView {
  private static final Logger LOG = System.getLogger(JobView.class.getName());

  private final ExecIo io;

  /** Of a job that has one. */
  private final @Nullable JobTerminal terminal;

  private final Runnable gone;

  /** Nobody looks any more. */
  private volatile boolean abandoned;

  /**
   * For one job.
   *
   * @param gone done when it turns out that nobody reads
   */
  JobView(ExecIo io, @Nullable JobTerminal terminal, Runnable gone) {
    this.io = io;
    this.terminal = terminal;
    this.gone = gone;
  }

  boolean hasTerminal() {
    return terminal != null;
  }

  void resize(int rows, int columns) {
    if (terminal != null) {
      terminal.resize(rows, columns);
    }
  }

  void abandon() {
    abandoned = true;
  }

  boolean isAbandoned() {
    return abandoned;
  }

  /** The job can be reached, and has printed that much. */
  void reached(long stdoutBytes) {
    if (terminal != null) {
      terminal.reached(stdoutBytes);
    }
  }

  /** How its terminal is set. */
  void modes(byte[] sequences) {
    if (terminal != null) {
      deliver(io.stdout(), terminal.modes(sequences));
    }
  }

  void printed(Stream stream, long offset, byte[] bytes) {
    byte[] shown = terminal == null ? bytes : terminal.printed(offset, bytes);
    deliver(stream == Stream.STDOUT ? io.stdout() : io.stderr(), shown);
  }

  /** Output was dropped before it could be seen. */
  void missed(long bytes) {
    if (terminal != null) {
      deliver(io.stdout(), terminal.missed());
    } else {
      say(
          "%d bytes of output are missing here: they were dropped while nobody followed the command"
              .formatted(bytes));
    }
  }

  /** Delivers it, if anybody looks. */
  void deliver(OutputStream to, byte[] bytes) {
    try {
      if (!abandoned && bytes.length > 0) {
        to.write(bytes);
        to.flush();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody reads the output", e);
      gone.run();
    }
  }

  /** What colabfs itself has to say. */
  void say(String words) {
    if (terminal != null && !abandoned) {
      Notices.sayRaw(io.stderr(), words);
      terminal.disturbed();
    } else if (!abandoned) {
      Notices.say(io.stderr(), words);
    }
  }
}
