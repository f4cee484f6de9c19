package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.Barrier;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.JobsService;
import colabfs.exec.RunningCommand;
import colabfs.forward.Forwards;
import colabfs.fs.WarmReport;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteStream;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A mount with nothing pending that refuses to do anything; a test overrides what it is about. */
public class IdleMount implements ControlHandler {
  @Override
  public MountStatus status() {
    throw new IllegalStateException("not asked in this test");
  }

  @Override
  public Unmounted unmount(boolean force, Follower follower) throws ControlException {
    throw refused();
  }

  @Override
  public boolean hasMuchToSend() {
    return false;
  }

  @Override
  public RunningCommand exec(Command command, ExecIo io, Follower follower) throws ExecException {
    throw new ExecException("refused in this test");
  }

  @Override
  public JobsService jobs() {
    return new JobsService(RemoteJobs.NONE, Barrier.NONE);
  }

  @Override
  public void flush(RemotePath below, @Nullable Duration stalled, Follower follower)
      throws ControlException {
    follower.left(new PendingFigures(0, 0, 0, 0));
  }

  @Override
  public WarmReport warm(RemotePath below, long maxFileBytes, Follower follower)
      throws ControlException {
    throw refused();
  }

  @Override
  public List<PendingChange> pending(RemotePath below) {
    return List.of();
  }

  @Override
  public int retry() throws ControlException {
    return 0;
  }

  @Override
  public List<Path> export(RemotePath below, Path directory) throws ControlException {
    throw refused();
  }

  @Override
  public List<PendingChange> discard(RemotePath below) throws ControlException {
    throw refused();
  }

  @Override
  public RestoreReport restore(RestoreRules rules, boolean dryRun, Follower follower)
      throws ControlException {
    throw refused();
  }

  @Override
  public void takeAsItIs() throws ControlException {
    throw refused();
  }

  @Override
  public List<Conflict> conflicts() {
    return List.of();
  }

  @Override
  public int dismiss(RemotePath below) {
    return 0;
  }

  @Override
  public RemoteStream toServer() throws ControlException {
    throw refused();
  }

  @Override
  public MachineFigures machine() throws ControlException {
    throw refused();
  }

  @Override
  public Forwards forwards() {
    throw new IllegalStateException("not asked in this test");
  }

  private static ControlException refused() {
    return new ControlException(ControlException.Reason.FAILED, "refused in this test");
  }
}
