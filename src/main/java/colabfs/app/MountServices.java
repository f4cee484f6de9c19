package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.ControlHandler;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
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
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * What a running mount does when it is asked to. Threading: any thread; one unmount at a time, the
 * next waits.
 */
final class MountServices implements ControlHandler {
  private static final Logger LOG = System.getLogger(MountServices.class.getName());

  /** How often a person wants to hear how much is left. */
  private static final Duration PROGRESS = Duration.ofMillis(250);

  /** What a forced unmount waits for the server: long enough for a healthy link. */
  private static final Duration FORCED_PATIENCE = Duration.ofSeconds(5);

  /** Nothing arrived for so long: the link is down. */
  private static final Duration STALLED = Duration.ofSeconds(20);

  private final SshRemote remote;
  private final ColabFs fs;
  private final SavedChanges saved;
  private final FuseMount fuse;
  private final RunningMount mount;
  private final ExecService commands;

  /** By the last connection; changed only where the link is told of. */
  private volatile RuntimeId served;

  private final CompletableFuture<Void> unmounted = new CompletableFuture<>();

  /** One unmount at a time. Waits for the network are made under it. */
  private final ReentrantLock unmounting = new ReentrantLock();

  MountServices(
      SshRemote remote, ColabFs fs, SavedChanges saved, FuseMount fuse, RunningMount mount) {
    this.remote = remote;
    this.fs = fs;
    this.saved = saved;
    this.fuse = fuse;
    this.mount = mount;
    this.commands = new ExecService(remote.shell(), barrier());
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

  /** Waits until the runtime has everything that was written. */
  private void arrive() throws FsException {
    fs.drain();
    saved.flush(RemotePath.ROOT, STALLED, left -> {});
  }

  private long unsentBytes() {
    return fs.figures().unsentBytes() + saved.unsentBytes();
  }

  private Barrier barrier() {
    return new Barrier() {
      @Override
      public void drain() throws FsException {
        arrive();
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
            unsentBytes(),
            cache.openFiles(),
            link.bytesSent(),
            link.bytesReceived()),
        link.lastError());
  }

  @Override
  public RunningCommand exec(List<String> words, RemotePath directory, ExecIo io)
      throws ExecException {
    String inside = directory.isRoot() ? "" : directory.toString();
    String absolute = remote.root().equals("/") ? inside : remote.root() + inside;
    return commands.start(new ExecRequest(words, absolute.isEmpty() ? "/" : absolute), io);
  }

  @Override
  public long unmount(boolean force, LongConsumer progress) throws ControlException {
    unmounting.lock();
    try {
      long lost = force ? drainForced(progress) : drain(progress);
      fuse.unmount(force);
      unmounted.complete(null);
      return lost;
    } catch (MountException e) {
      throw e.reason() == MountException.Reason.BUSY
          ? busy(e)
          : new ControlException(Reason.FAILED, String.valueOf(e.getMessage()), e);
    } finally {
      unmounting.unlock();
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

  private long drain(LongConsumer progress) throws ControlException {
    FutureTask<Void> draining = startDrain();
    try {
      while (!await(draining, PROGRESS)) {
        progress.accept(unsentBytes());
      }
      return 0;
    } catch (ExecutionException e) {
      throw new ControlException(
          Reason.UNSENT,
          "not everything that was written has reached the runtime: %s; nothing was unmounted. Try again, or use --force to give it up"
              .formatted(reason(e)),
          e);
    }
  }

  private long drainForced(LongConsumer progress) {
    FutureTask<Void> draining = startDrain();
    long end = System.nanoTime() + FORCED_PATIENCE.toNanos();
    try {
      while (System.nanoTime() < end && !await(draining, PROGRESS)) {
        progress.accept(unsentBytes());
      }
    } catch (ExecutionException e) {
      LOG.log(Level.WARNING, "unmounted by force with unsent writes", e);
    }
    return unsentBytes();
  }

  private FutureTask<Void> startDrain() {
    FutureTask<Void> draining =
        new FutureTask<>(
            () -> {
              arrive();
              return null;
            });
    Thread thread = new Thread(draining, "drain");
    thread.setDaemon(true);
    thread.start();
    return draining;
  }

  private static boolean await(FutureTask<Void> task, Duration patience) throws ExecutionException {
    try {
      task.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExecutionException("interrupted", e);
    }
  }

  private static String reason(ExecutionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return String.valueOf(cause.getMessage());
  }
}
