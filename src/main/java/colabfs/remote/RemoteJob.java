package colabfs.remote;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job as the runtime tells of it. What a server sends: fit to be shown, not to be believed.
 *
 * @param id 16 hexadecimal digits
 * @param command as it was given
 * @param directory where it was started
 * @param state whether it runs
 * @param detached nobody attended to it when it was started
 * @param terminal it has a terminal
 * @param attached somebody is at its terminal
 * @param left when the last one left its terminal; null when nobody ever was there, or somebody is
 * @param code exit code, or 128 + n for a signal; null while it runs or when nobody knows
 * @param signal that ended it, without SIG, or empty
 * @param started when; null when it is not told
 * @param ended when; null while it runs
 * @param cpuSeconds that its processes have used; negative when nobody knows
 * @param stdoutBytes that it has printed
 * @param stderrBytes that it has printed as errors
 * @param droppedBytes of both that are not kept any more
 * @param lastLine of what it printed
 */
public record RemoteJob(
    String id,
    String command,
    String directory,
    State state,
    boolean detached,
    boolean terminal,
    boolean attached,
    @Nullable Instant left,
    @Nullable Integer code,
    String signal,
    @Nullable Instant started,
    @Nullable Instant ended,
    double cpuSeconds,
    long stdoutBytes,
    long stderrBytes,
    long droppedBytes,
    String lastLine) {

  /** How a job is. */
  public enum State {
    RUNNING,
    ENDED,
    /** Its supervisor is gone without having told an end, as after a restart of the runtime. */
    LOST
  }
}
