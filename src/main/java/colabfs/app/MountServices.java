package colabfs.app;

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
import colabfs.exec.RunningCommand;
import colabfs.fs.CacheFigures;
import colabfs.fs.ColabFs;
import colabfs.fuse.FuseMount;
import colabfs.fuse.MountException;
import colabfs.remote.RuntimeId;
import colabfs.ssh.LinkStatus;
import colabfs.ssh.SshRemote;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChanges;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
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

  private final SshRemote remote;
  private final ColabFs fs;
  private final FuseMount fuse;
  private final RunningMount mount;
  private final Unsent unsent;

  /** By the last connection; changed only where the link is told of. */
  private volatile RuntimeId served;

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
      Duration patience) {
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
    this.served = remote.runtimeId();
    remote.link().onChange(this::linkChanged);
  }

  /** What is cached of one runtime is not shown of another. */
  private void linkChanged(boolean up) {
    if (up) {
      RuntimeId now = remote.runtimeId();
      if (now.comparedTo(served) != RuntimeId.Match.SAME) {
        fs.invalidateAll();
      }
      served = now;
    }
  }

  /** Why the connection is down; null while it is up. */
  private @Nullable String linkTrouble() {
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
      public void changed() {
        fs.invalidateAll();
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
    CacheFigures cache = fs.figures();
    Duration roundTrip = link.roundTrip();
    return new MountStatus(
        mount,
        switch (link.state()) {
          case CONNECTED -> MountStatus.CONNECTED;
          case RECONNECTING -> MountStatus.RECONNECTING;
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
        link.lastError());
  }

  @Override
  public RunningCommand exec(
      List<String> words, RemotePath directory, boolean flush, ExecIo io, Follower follower)
      throws ExecException {
    String inside = directory.isRoot() ? "" : directory.toString();
    String absolute = remote.root().equals("/") ? inside : remote.root() + inside;
    return new ExecService(remote.shell(), barrier(flush, follower))
        .start(new ExecRequest(words, absolute.isEmpty() ? "/" : absolute), io);
  }

  @Override
  public void flush(RemotePath below, @Nullable Duration stalled, Follower follower)
      throws ControlException {
    unsent.flush(below, stalled, follower);
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
  public Unmounted unmount(boolean force, Follower follower) throws ControlException {
    takeTurn(follower);
    try {
      if (force) {
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
