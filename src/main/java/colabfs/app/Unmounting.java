package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.RunningMount;
import colabfs.control.Unmounted;
import colabfs.fuse.FuseMount;
import colabfs.fuse.MountException;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Ends a mount, whatever state its process is in. */
public final class Unmounting {
  /** From the unmount to the end of the process: it closes a connection. */
  private static final Duration END_PATIENCE = Duration.ofSeconds(10);

  /** Beyond this, a process that was asked to end is killed. */
  private static final Duration KILL_PATIENCE = Duration.ofSeconds(5);

  private static final Duration STATUS_PATIENCE = Duration.ofSeconds(3);

  private final KnownMounts mounts;

  public Unmounting(KnownMounts mounts) {
    this.mounts = mounts;
  }

  /**
   * Waits for what is unsent, unmounts, and returns when the mount's process has ended.
   *
   * @param force also when it is in use, when it does not answer, and when what is unsent cannot be
   *     sent
   * @param givenUp when it completes while there is still something to wait for, the mount stays
   * @return what is left behind; of a process that did not answer, only where it keeps it
   * @throws AppException nothing was unmounted
   * @throws ControlException the mount refused it, or GIVEN_UP: nothing was unmounted
   */
  public Unmounted unmount(
      RunningMount mount,
      boolean force,
      Consumer<PendingFigures> progress,
      CompletableFuture<?> givenUp)
      throws AppException, ControlException {
    try {
      if (!mount.process().isAlive()) {
        clearDead(mount);
        return unknown(mount);
      }
      if (force && !answers(mount)) {
        endForcibly(mount);
        return unknown(mount);
      }
      Unmounted left = mounts.client(mount).unmount(force, progress, givenUp);
      awaitEnd(mount);
      return left;
    } catch (ControlException e) {
      if (e.reason() == ControlException.Reason.GONE && !mount.process().isAlive()) {
        clearDead(mount); // it ended while we asked
        return unknown(mount);
      }
      throw e;
    }
  }

  /** Nobody knows what is left of a process that says nothing, only where it is. */
  private static Unmounted unknown(RunningMount mount) {
    return new Unmounted(0, null, mount.journal());
  }

  private boolean answers(RunningMount mount) {
    try {
      mounts.client(mount).status(STATUS_PATIENCE);
      return true;
    } catch (ControlException e) {
      return false;
    }
  }

  private void clearDead(RunningMount mount) throws AppException {
    detach(mount);
    forget(mount);
  }

  private void endForcibly(RunningMount mount) throws AppException {
    detach(mount);
    Optional<ProcessHandle> process = ProcessHandle.of(mount.process().pid());
    if (process.isPresent() && mount.process().isAlive()) {
      process.get().destroy();
      if (!ended(process.get(), KILL_PATIENCE)) {
        process.get().destroyForcibly();
        ended(process.get(), KILL_PATIENCE);
      }
    }
    forget(mount);
  }

  private static void detach(RunningMount mount) throws AppException {
    try {
      if (FuseMount.isMounted(mount.mountpoint())) {
        FuseMount.detach(mount.mountpoint());
      }
    } catch (MountException e) {
      throw AppException.of(e);
    }
  }

  private static void awaitEnd(RunningMount mount) throws AppException {
    Optional<ProcessHandle> process = ProcessHandle.of(mount.process().pid());
    if (process.isPresent() && !ended(process.get(), END_PATIENCE) && mount.process().isAlive()) {
      throw new AppException(
          "%s is unmounted, but its process %d has not ended; its files are still in use. Stop it with: kill %d"
              .formatted(mount.mountpoint(), mount.process().pid(), mount.process().pid()));
    }
  }

  private static boolean ended(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      return true;
    }
  }

  private void forget(RunningMount mount) throws AppException {
    try {
      mounts.forget(mount);
    } catch (IOException e) {
      throw new AppException("the list of mounts could not be changed: " + e.getMessage(), e);
    }
  }
}
