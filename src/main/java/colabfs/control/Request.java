package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.LogsSince;
import colabfs.forward.ForwardSpec;
import colabfs.remote.RemoteJobs.Terminal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the command line asks a running mount for. */
sealed interface Request {

  /** How the mount is. */
  record Status() implements Request {}

  /** Wait for what is unsent, unmount, end. */
  record Unmount(boolean force) implements Request {}

  /**
   * Run a command.
   *
   * @param progress the client understands {@link FrameType#PROGRESS} in an exec
   */
  record Exec(Command command, boolean progress) implements Request {}

  /**
   * Tell what a command line means. The result is no JSON: the name of the socket to be asked, a
   * line feed, and the request for it, which is empty when that socket is to be asked this; all is
   * empty when the {@code colabfs} command is to read it itself.
   */
  record Plan(TypedLine line) implements Request {}

  /**
   * Come back to a job, named by the beginning of its number.
   *
   * @param terminal of who comes, if there is one
   */
  record Attach(String job, @Nullable Terminal terminal) implements Request {}

  /**
   * What a job has printed.
   *
   * @param follow and what it will print
   */
  record Logs(String job, LogsSince since, boolean follow) implements Request {}

  /** The jobs on the runtime. */
  record Jobs() implements Request {}

  /** Send a job a signal. */
  record Kill(String job, String signal) implements Request {}

  /** Forget the jobs that have ended. */
  record Prune() implements Request {}

  /**
   * Wait for what is unsent at or below a path.
   *
   * @param stalled the longest wait without any progress; null for the mount's
   */
  record Flush(RemotePath below, @Nullable Duration stalled) implements Request {}

  /**
   * Fetch every small file at or below a path.
   *
   * @param maxFileBytes longer files are left out
   */
  record Warm(RemotePath below, long maxFileBytes) implements Request {}

  /** What is pending at or below a path. */
  record Pending(RemotePath below) implements Request {}

  /** Try again what the runtime refused. */
  record Retry() implements Request {}

  /** Copy what is pending at or below a path to a local directory, absolute. */
  record Export(RemotePath below, Path directory) implements Request {}

  /** Give up what is pending at or below a path. */
  record Discard(RemotePath below) implements Request {}

  /**
   * Send what is known to a new runtime.
   *
   * @param excludes patterns of what is not to be sent
   * @param maxBytes of a file
   * @param dryRun only tell what would be sent
   */
  record Restore(List<String> excludes, long maxBytes, boolean dryRun) implements Request {
    public Restore {
      excludes = List.copyOf(excludes);
    }
  }

  /** Go on with a new runtime as it is. */
  record TakeAsItIs() implements Request {}

  /** The conflicts that nobody has dismissed. */
  record Conflicts() implements Request {}

  /** Forget the conflicts at or below a path. */
  record Dismiss(RemotePath below) implements Request {}

  /** Forward ports, all of them or none. */
  record Forward(List<ForwardSpec> specs) implements Request {
    public Forward {
      specs = List.copyOf(specs);
    }
  }

  /** Stop forwards, by how they were named; {@code all} is all. */
  record StopForwards(List<String> which) implements Request {
    public StopForwards {
      which = List.copyOf(which);
    }
  }

  /** Be joined with the runtime's SSH server: after the result, bytes both ways. */
  record Proxy() implements Request {}

  /** What the runtime's machine has. */
  record Machine() implements Request {}

  /** How the forwards are. */
  record ListForwards() implements Request {}
}
