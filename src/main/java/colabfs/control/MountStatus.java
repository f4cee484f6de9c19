package colabfs.control;

import colabfs.forward.ForwardStatus;
import colabfs.machine.MachineFigures;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a mount is, as {@code colabfs status} tells it.
 *
 * @param state one of the constants here
 * @param connectedSince start of the present connection, or of its loss; null when unknown
 * @param roundTripMillis last measured, or null
 * @param figures what the mount holds; null when it does not answer
 * @param pending what write-back has not brought to the runtime; null without write-back and when
 *     it does not answer
 * @param newRuntime that another runtime answers and waits for a decision; null while none does
 * @param helper how the helper on the runtime is; null when the mount does not answer
 * @param forwards the ports that lead to and from the runtime
 * @param machine the runtime's, as it was seen last; null before that
 * @param lastError of the connection, or null
 */
public record MountStatus(
    RunningMount mount,
    String state,
    @Nullable Instant connectedSince,
    @Nullable Double roundTripMillis,
    @Nullable Figures figures,
    @Nullable Pending pending,
    @Nullable NewRuntime newRuntime,
    @Nullable Helper helper,
    List<ForwardStatus> forwards,
    @Nullable MachineFigures machine,
    @Nullable String lastError) {
  public MountStatus {
    forwards = List.copyOf(forwards);
  }

  public static final String CONNECTED = "connected";

  /** Mounted without a connection, and none was made since. */
  public static final String OFFLINE = "offline";

  public static final String RECONNECTING = "reconnecting";
  public static final String CLOSED = "closed";

  /**
   * Another runtime answers; to it nothing is sent, and of it nothing shown, without a decision.
   */
  public static final String HELD = "held";

  /** Its process is there and said nothing within two seconds. */
  public static final String NOT_ANSWERING = "not answering";

  /** Its process has ended and the mount point is still mounted. */
  public static final String DEAD = "dead";

  /**
   * What a mount holds and has moved.
   *
   * @param attributes names whose attributes are known
   * @param listings directories whose entries are known
   * @param blockBytes file content kept in memory
   * @param unsentBytes written and not yet acknowledged by the server
   * @param openFiles files that programs have open
   */
  public record Figures(
      long attributes,
      long listings,
      long blockBytes,
      long unsentBytes,
      long openFiles,
      long sentBytes,
      long receivedBytes) {}

  /**
   * A runtime that is not the one that the mount was of, or whose root was emptied.
   *
   * @param what how that is known, in words
   * @param since when it was found
   */
  public record NewRuntime(String what, Instant since) {}

  /**
   * What write-back has not brought to the runtime.
   *
   * @param refused the first of the changes that the runtime refused
   * @param conflicts the first of the conflicts that nobody has dismissed
   */
  public record Pending(
      PendingFigures figures, List<PendingChange> refused, List<Conflict> conflicts) {

    /** The most changes and conflicts that a status tells; the figures count all of them. */
    public static final int MAX_SHOWN = 10;

    public Pending {
      refused = List.copyOf(refused);
      conflicts = List.copyOf(conflicts);
    }
  }

  /**
   * The helper on the runtime.
   *
   * @param up whether it can be asked
   * @param what the Python that runs it, or why there is none
   * @param watches directories whose changes it tells of
   */
  public record Helper(boolean up, String what, long watches) {}

  /** For a mount that says nothing of itself. */
  public static MountStatus silent(RunningMount mount, String state) {
    return new MountStatus(mount, state, null, null, null, null, null, null, List.of(), null, null);
  }
}
