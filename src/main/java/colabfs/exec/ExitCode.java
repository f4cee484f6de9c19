package colabfs.exec;

import colabfs.remote.RemoteProcess;
import colabfs.remote.SignalNumbers;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The exit status of a command that timeout(1) may have ended: that kills itself, too, where it has
 * to kill, and would not tell. One for each command, made when it is started.
 */
final class ExitCode {
  private static final int TIMED_OUT = 124;
  private static final int KILLED = SignalNumbers.exitStatus("KILL");

  private final @Nullable Duration timeout;
  private final long startedNanos = System.nanoTime();

  ExitCode(ExecOptions options) {
    this.timeout = options.timeout();
  }

  int of(RemoteProcess.ExitStatus status) {
    return status.code() == KILLED && isOver() ? TIMED_OUT : status.code();
  }

  private boolean isOver() {
    return timeout != null
        && System.nanoTime() - startedNanos
            >= timeout.plusSeconds(CommandLine.KILL_AFTER_SECONDS).toNanos();
  }
}
