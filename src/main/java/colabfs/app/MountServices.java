package colabfs.app;

import colabfs.control.Command;
import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.ControlHandler;
import colabfs.control.Follower;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
import colabfs.control.Unmounted;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.exec.Barrier;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecRequest;
import colabfs.exec.ExecService;
import colabfs.exec.JobsService;
import colabfs.exec.RunningCommand;
import colabfs.forward.Forwards;
import colabfs.fs.CacheFigures;
import colabfs.fs.ColabFs;
import colabfs.fs.WarmReport;
import colabfs.fuse.FuseMount;
import colabfs.fuse.MountException;
import colabfs.machine.MachineFigures;
import colabfs.remote.NoJobs;
import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteStream;
import colabfs.restore.Restore;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import colabfs.ssh.Admission;
import colabfs.ssh.LinkStatus;
import colabfs.ssh.SshRemote;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChanges;
import colabfs.writeback.PendingFigures;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a running mount does when it is asked to. Threading: any thread; one unmount at a time, the
 * next waits.
 */
final class MountServices implements ControlHandler {
  /** How often somebody who waits for another unmount is asked whether he still does. */
  private static final Duration TICK = Duration.ofMillis(250);

  /** What a forced unmount waits for the server: long enough for a healthy link. */
  private static final Duration FORCED_PATIENCE = Duration.ofSeconds(5);

  /** A few saved files, which take a round trip or two: nobody wants to be told. */
  private static final long SOON_BYTES = 256 * 1024;

  private static final int SOON_CHANGES = 32;

  private final SshRemote remote;
  private final ColabFs fs;
  private final FuseMount fuse;
  private final RunningMount mount;
  private final Unsent unsent;
  private final Duration patience;
  private final NewRuntime guard;
  private final Supplier<MountStatus.Helper> helper;
  private final RemoteJobs jobs;
  private final Warmup warmup;
  private final RuntimeAccess access;

  private final CompletableFuture<Void> unmounted = new CompletableFuture<>();

  /** One unmount at a time. Waits for the network are made under it. */
  private final ReentrantLock unmounting = new ReentrantLock();

  /**
   * For one mount.
   *
   * @param pending what write-back keeps; null without it
   * @param patience the longest wait for what is unsent without any progress
   */
  MountServices(
      SshRemote remote,
      ColabFs fs,
      @Nullable PendingChanges pending,
      FuseMount fuse,
      RunningMount mount,
      Duration patience,
      NewRuntime guard,
      RuntimeHelper runtimeHelper) {
    this.remote = remote;
    this.fs = fs;
    this.fuse = fuse;
    this.mount = mount;
    this.unsent =
        new Unsent(
            new Unsent.OpenFiles() {
              @Override
              public void drain() throws FsException {
                fs.drain();
              }

              @Override
              public long unsentBytes() {
                return fs.figures().unsentBytes();
              }
            },
            pending,
            mount,
            patience,
            new UnsentText(mount, this::linkTrouble));
    this.patience = patience;
    this.guard = guard;
    this.helper = runtimeHelper::status;
    this.jobs = runtimeHelper.jobs();
    this.warmup = new Warmup(mount.mountpoint(), fs::warm, helper, this::linkTrouble);
    this.access = new RuntimeAccess(remote, this::linkTrouble);
  }

  /** Why the connection is down; null while it is up. */
  private @Nullable String linkTrouble() {
    NewRuntime.Difference held = guard.difference();
    if (held != null) {
      return held.what();
    }
    LinkStatus link = remote.status();
    if (link.state() == LinkStatus.State.CONNECTED) {
      return null;
    }
    String error = link.lastError();
    return error == null ? "it is being made again" : error;
  }

  private Barrier barrier(boolean flush, Follower follower) {
    return new Barrier() {
      @Override
      public void drain() throws ExecException {
        try {
          if (flush) {
            unsent.arriveBefore(follower);
          }
        } catch (ControlException e) {
          throw new ExecException(String.valueOf(e.getMessage()), e);
        }
      }

      @Override
      public boolean isGivenUp() {
        return follower.hasLeft();
      }

      @Override
      public void changed(boolean told) {
        fs.lookAgain(told);
        try {
          fuse.awaitKernelForgot();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Override
  public MountStatus status() {
    LinkStatus link = remote.status();
    NewRuntime.Difference held = guard.difference();
    CacheFigures cache = fs.figures();
    Duration roundTrip = link.roundTrip();
    return new MountStatus(
        mount,
        switch (link.state()) {
          case CONNECTED -> MountStatus.CONNECTED;
          case OFFLINE -> MountStatus.OFFLINE;
          case RECONNECTING -> held == null ? MountStatus.RECONNECTING : MountStatus.HELD;
          case CLOSED -> MountStatus.CLOSED;
        },
        link.since(),
        roundTrip == null ? null : roundTrip.toNanos() / 1e6,
        new MountStatus.Figures(
            cache.attributeEntries(),
            cache.listings(),
            cache.blockBytes(),
            unsent.figures().bytes(),
            cache.openFiles(),
            link.bytesSent(),
            link.bytesReceived()),
        unsent.shown(),
        held == null ? null : new MountStatus.NewRuntime(held.what(), held.since()),
        helper.get(),
        access.forwards().list(),
        access.seenOfMachine(),
        held == null ? link.lastError() : null);
  }

  @Override
  public MachineFigures machine() throws ControlException {
    return access.machine();
  }

  @Override
  public boolean hasMuchToSend() {
    PendingFigures figures = unsent.figures();
    boolean any = figures.bytes() > 0 || figures.changes() > 0;
    return any
        && (figures.bytes() > SOON_BYTES
            || figures.changes() > SOON_CHANGES
            || figures.refused() > 0
            || linkTrouble() != null);
  }

  @Override
  public RunningCommand exec(Command command, ExecIo io, Follower follower) throws ExecException {
    NewRuntime.Difference held = guard.difference();
    if (held != null && command.flush()) {
      throw new ExecException(
          "not run: %s, or run it there all the same with --no-flush".formatted(held.message()));
    }
    Admission.Arrival there = guard.arrival();
    ExecRequest request =
        new ExecRequest(
            command.words(),
            command.directoryIn(there == null ? remote.root() : there.root()),
            command.options());
    Barrier barrier = barrier(command.flush(), follower);
    return there == null
        ? new ExecService(remote.shell(), jobs, barrier).start(request, io)
        : new ExecService(there.shell(), new NoJobs("another runtime answers"), barrier)
            .start(request, io);
  }

  @Override
  public JobsService jobs() {
    return new JobsService(jobs, barrier(false, Follower.NOBODY));
  }

  @Override
  public void flush(RemotePath below, @Nullable Duration stalled, Follower follower)
      throws ControlException {
    NewRuntime.Difference held = guard.difference();
    if (held != null && !unsent.pending(below).isEmpty()) {
      throw new ControlException(
          Reason.UNSENT,
          "not everything that was written has reached the runtime: " + held.message());
    }
    unsent.flush(below, stalled, follower);
  }

  @Override
  public WarmReport warm(RemotePath below, long maxFileBytes, Follower follower)
      throws ControlException {
    return warmup.warm(below, maxFileBytes, follower);
  }

  @Override
  public RestoreReport restore(RestoreRules rules, boolean dryRun, Follower follower)
      throws ControlException {
    if (mount.readOnly() && !dryRun) {
      throw new ControlException(
          Reason.FAILED,
          "%s is mounted read-only, so nothing is sent; take the runtime as it is with 'colabfs restore --fresh'"
              .formatted(mount.mountpoint()));
    }
    Restore.Progress progress = progress(follower);
    try {
      if (dryRun) {
        return guard.plan(rules, patience, remote.fs());
      }
      if (guard.difference() != null) {
        return guard.restore(rules, patience, progress);
      }
      RestoreReport report = guard.restoreConnected(remote.fs(), rules, progress);
      fs.invalidateAll();
      return report;
    } catch (FsException e) {
      throw notRestored(e, follower);
    }
  }

  private static Restore.Progress progress(Follower follower) {
    return new Restore.Progress() {
      @Override
      public void left(int names, long bytes) {
        follower.left(new PendingFigures(names, bytes, 0, 0));
      }

      @Override
      public boolean isGivenUp() {
        return follower.hasLeft();
      }
    };
  }

  private static ControlException notRestored(FsException cause, Follower follower) {
    return follower.hasLeft()
        ? new ControlException(Reason.GIVEN_UP, String.valueOf(cause.getMessage()), cause)
        : new ControlException(
            Reason.FAILED,
            "not everything was restored: %s. What was sent stays there; 'colabfs restore' once more goes on"
                .formatted(cause.getMessage()),
            cause);
  }

  @Override
  public void takeAsItIs() throws ControlException {
    if (guard.difference() == null) {
      throw new ControlException(
          Reason.FAILED,
          "%s is of the runtime that it was of before; there is nothing to decide, see 'colabfs status'"
              .formatted(mount.mountpoint()));
    }
    try {
      guard.takeAsItIs(patience);
    } catch (FsException e) {
      throw new ControlException(
          Reason.FAILED, "not done: %s; try again".formatted(e.getMessage()), e);
    }
  }

  @Override
  public List<PendingChange> pending(RemotePath below) {
    return unsent.pending(below);
  }

  @Override
  public int retry() throws ControlException {
    return unsent.retry();
  }

  @Override
  public List<Path> export(RemotePath below, Path directory) throws ControlException {
    return unsent.export(below, directory);
  }

  @Override
  public List<PendingChange> discard(RemotePath below) throws ControlException {
    List<PendingChange> given = unsent.discard(below);
    fs.invalidateAll();
    return given;
  }

  @Override
  public List<Conflict> conflicts() {
    return unsent.conflicts();
  }

  @Override
  public int dismiss(RemotePath below) {
    return unsent.dismiss(below);
  }

  @Override
  public RemoteStream toServer() throws ControlException {
    return access.toServer();
  }

  @Override
  public Forwards forwards() {
    return access.forwards();
  }

  @Override
  public Unmounted unmount(boolean force, Follower follower) throws ControlException {
    takeTurn(follower);
    try {
      NewRuntime.Difference held = guard.difference();
      if (held != null) {
        refuseUnlessForced(force, held);
      } else if (force) {
        unsent.arriveWithin(FORCED_PATIENCE, follower);
      } else {
        unsent.arriveBeforeUnmount(follower);
      }
      fuse.unmount(force);
      Unmounted left = unsent.leftBehind();
      unmounted.complete(null);
      return left;
    } catch (MountException e) {
      throw e.reason() == MountException.Reason.BUSY
          ? busy(e)
          : new ControlException(Reason.FAILED, String.valueOf(e.getMessage()), e);
    } finally {
      unmounting.unlock();
    }
  }

  /** Nothing arrives while a new runtime is held, so nobody waits for it. */
  private void refuseUnlessForced(boolean force, NewRuntime.Difference held)
      throws ControlException {
    if (!force && unsent.figures().changes() > 0) {
      throw new ControlException(
          Reason.UNSENT,
          "not everything that was written has reached the runtime: %s; nothing was unmounted. Or use --force: what is unsent is kept for the next mount of '%s'"
              .formatted(held.message(), mount.profile()));
    }
  }

  /** Waits for an earlier unmount, as long as anybody waits for this one. */
  private void takeTurn(Follower follower) throws ControlException {
    try {
      while (!unmounting.tryLock(TICK.toMillis(), TimeUnit.MILLISECONDS)) {
        if (follower.hasLeft()) {
          throw new ControlException(Reason.GIVEN_UP, "interrupted; another unmount goes on");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlException(Reason.FAILED, "interrupted; try again", e);
    }
  }

  /**
   * Completes when the mount is out of sight, from here or from outside. Programs that hold a mount
   * which was unmounted by force are not waited for.
   */
  CompletableFuture<?> ended() {
    return CompletableFuture.anyOf(unmounted, fuse.ended());
  }

  private ControlException busy(MountException cause) {
    List<Holders.Holder> holders = Holders.of(mount.mountpoint());
    String who =
        holders.isEmpty()
            ? "a process that is not yours to see"
            : holders.stream().map(Holders.Holder::toString).collect(Collectors.joining(", "));
    return new ControlException(
        Reason.BUSY,
        "%s is in use by %s; nothing was unmounted. Leave it there and try again, or use --force"
            .formatted(mount.mountpoint(), who),
        cause);
  }
}
