package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.JobsService;
import colabfs.exec.RunningCommand;
import colabfs.forward.Forwards;
import colabfs.fs.WarmReport;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteStream;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mount behind the socket. Threading: any thread; calls may wait for the network. */
public interface ControlHandler {

  /** How the mount is, at once: nothing is asked of the server. */
  MountStatus status();

  /**
   * Waits for what is unsent and unmounts. The process ends soon after this has returned.
   *
   * @param force do not wait long, and unmount also when programs hold the mount
   * @throws ControlException BUSY, UNSENT, GIVEN_UP or FAILED: the mount is as it was
   */
  Unmounted unmount(boolean force, Follower follower) throws ControlException;

  /**
   * Whether who waits until all that was written has arrived should be shown how far it is; at
   * once.
   */
  boolean hasMuchToSend();

  /** Starts a command. */
  RunningCommand exec(Command command, ExecIo io, Follower follower) throws ExecException;

  /** The commands that outlive the connection. */
  JobsService jobs();

  /**
   * Waits until everything at or below a path that was accepted before has arrived.
   *
   * @param stalled the longest wait without any progress; null for the mount's own
   * @throws ControlException UNSENT or GIVEN_UP: nothing is lost by it
   */
  void flush(RemotePath below, @Nullable Duration stalled, Follower follower)
      throws ControlException;

  /**
   * Fetches every small file at or below a path into the caches.
   *
   * @param maxFileBytes longer files are left out
   * @throws ControlException FAILED or GIVEN_UP: what was fetched stays
   */
  WarmReport warm(RemotePath below, long maxFileBytes, Follower follower) throws ControlException;

  /** Every pending change at or below a path, in the order in which programs made them. */
  List<PendingChange> pending(RemotePath below);

  /**
   * Tries again what the runtime refused.
   *
   * @return how many changes that are
   */
  int retry() throws ControlException;

  /**
   * Copies what is pending at or below a path to a local directory, which is made when it is
   * missing and must be empty.
   *
   * @return the files that were written
   */
  List<Path> export(RemotePath below, Path directory) throws ControlException;

  /**
   * Gives up what is pending at or below a path.
   *
   * @return what was given up
   */
  List<PendingChange> discard(RemotePath below) throws ControlException;

  /**
   * Sends what is known here to the runtime that has taken the place of another, and goes on with
   * it when all of that has arrived; without one, to the runtime that is connected to.
   *
   * @param dryRun only tell what would be sent
   * @throws ControlException FAILED or GIVEN_UP: what was sent stays, and another restore goes on
   */
  RestoreReport restore(RestoreRules rules, boolean dryRun, Follower follower)
      throws ControlException;

  /** Goes on with the runtime that has taken the place of another, as it is. */
  void takeAsItIs() throws ControlException;

  /** The conflicts that nobody has dismissed. */
  List<Conflict> conflicts();

  /**
   * Forgets the conflicts at or below a path.
   *
   * @return how many those were
   */
  int dismiss(RemotePath below);

  /** A stream to the runtime's own SSH server; waits for the network. */
  RemoteStream toServer() throws ControlException;

  /** What the runtime's machine has now; waits for the network. */
  MachineFigures machine() throws ControlException;

  /** The mount's forwards. */
  Forwards forwards();
}
