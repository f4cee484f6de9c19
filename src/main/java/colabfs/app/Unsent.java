package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.control.Follower;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
import colabfs.control.Unmounted;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChanges;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What programs wrote through a mount and the runtime does not have: waits for it, counts it, and
 * lets a person look at it and decide on it. With {@code --sync} that is only what open files hold.
 *
 * <p>Threading: any thread. Errors: a {@link ControlException}'s message is complete.
 */
final class Unsent {
  private static final Logger LOG = System.getLogger(Unsent.class.getName());

  /** How often a person wants to hear how much is left. */
  private static final Duration TICK = Duration.ofMillis(250);

  private static final PendingFigures NOTHING = new PendingFigures(0, 0, 0, 0);

  private final OpenFiles files;
  private final @Nullable PendingChanges pending;
  private final RunningMount mount;
  private final Duration patience;
  private final UnsentText text;

  /** The bytes of open files that are not even in the journal. */
  interface OpenFiles {
    /** Waits until there are none: see {@link colabfs.fs.ColabFs#drain}. */
    void drain() throws FsException;

    long unsentBytes();
  }

  /**
   * For one mount.
   *
   * @param pending null without write-back
   * @param patience the longest wait without any progress
   */
  Unsent(
      OpenFiles files,
      @Nullable PendingChanges pending,
      RunningMount mount,
      Duration patience,
      UnsentText text) {
    this.files = files;
    this.pending = pending;
    this.mount = mount;
    this.patience = patience;
    this.text = text;
  }

  /** All that has not arrived; without write-back only the bytes are known. */
  PendingFigures figures() {
    PendingFigures kept = kept();
    return new PendingFigures(
        kept.changes(), kept.bytes() + files.unsentBytes(), kept.refused(), kept.conflicts());
  }

  /** What the journal holds. */
  private PendingFigures kept() {
    return pending == null ? NOTHING : pending.figures();
  }

  /** For {@code status}; null without write-back. */
  MountStatus.@Nullable Pending shown() {
    if (pending == null) {
      return null;
    }
    PendingFigures figures = pending.figures();
    List<PendingChange> refused = figures.refused() == 0 ? List.of() : refused(RemotePath.ROOT);
    List<Conflict> conflicts = figures.conflicts() == 0 ? List.of() : pending.conflicts();
    return new MountStatus.Pending(
        figures,
        refused.stream().limit(MountStatus.Pending.MAX_SHOWN).toList(),
        conflicts.stream().limit(MountStatus.Pending.MAX_SHOWN).toList());
  }

  /** Waits until all of it has arrived, so that a command sees it. */
  void arriveBefore(Follower follower) throws ControlException {
    try {
      arrive(RemotePath.ROOT, patience, follower);
    } catch (FsException e) {
      throw unsent(text.notRun(e, refused(RemotePath.ROOT), list()), e);
    }
  }

  /** Waits until what is at or below a path has arrived. */
  void flush(RemotePath below, @Nullable Duration stalled, Follower follower)
      throws ControlException {
    try {
      arrive(below, stalled == null ? patience : stalled, follower);
    } catch (FsException e) {
      throw unsent(text.notFlushed(e, refused(below), pending(below)), e);
    }
  }

  /** Waits until all of it has arrived, so that the mount can go. */
  void arriveBeforeUnmount(Follower follower) throws ControlException {
    try {
      arrive(RemotePath.ROOT, patience, follower);
      if (follower.hasLeft()) {
        throw givenUp();
      }
    } catch (FsException e) {
      throw unsent(text.notUnmounted(e, refused(RemotePath.ROOT), list()), e);
    }
  }

  /** Waits no longer than that. */
  void arriveWithin(Duration bound, Follower follower) {
    long end = System.nanoTime() + bound.toNanos();
    Follower hurried =
        new Follower() {
          @Override
          public void left(PendingFigures figures) {
            follower.left(figures);
          }

          @Override
          public boolean hasLeft() {
            return System.nanoTime() > end;
          }
        };
    try {
      arrive(RemotePath.ROOT, bound, hurried);
    } catch (FsException | ControlException e) {
      LOG.log(Level.WARNING, "not everything that was written has reached the runtime", e);
    }
  }

  /** What stays behind when the mount goes now. */
  Unmounted leftBehind() {
    return new Unmounted(files.unsentBytes(), kept(), mount.journal());
  }

  /** On a thread of its own, because neither wait can be interrupted. */
  private void arrive(RemotePath below, Duration stalled, Follower follower)
      throws FsException, ControlException {
    AtomicBoolean over = new AtomicBoolean();
    FutureTask<@Nullable Void> arriving =
        new FutureTask<>(
            () -> {
              files.drain();
              if (pending != null) {
                pending.flush(below, stalled, left -> goOnUnless(over.get()));
              }
              return null;
            });
    Thread thread = new Thread(arriving, "arrive");
    thread.setDaemon(true);
    thread.start();
    try {
      while (!hasEnded(arriving)) {
        follower.left(figures());
        if (follower.hasLeft()) {
          throw givenUp();
        }
      }
    } finally {
      over.set(true);
    }
  }

  private static void goOnUnless(boolean over) {
    if (over) {
      throw new CancellationException("nobody waits any more");
    }
  }

  private static boolean hasEnded(FutureTask<@Nullable Void> task)
      throws FsException, ControlException {
    try {
      task.get(TICK.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof FsException failure) {
        throw failure;
      }
      throw new ControlException(
          Reason.FAILED, "%s; see the mount's log".formatted(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw givenUp();
    }
  }

  private static ControlException givenUp() {
    return new ControlException(
        Reason.GIVEN_UP, "interrupted; the mount goes on, and sends what is unsent meanwhile");
  }

  private static ControlException unsent(String message, FsException cause) {
    return new ControlException(Reason.UNSENT, message, cause);
  }

  private List<PendingChange> list() {
    return pending == null ? List.of() : pending.list();
  }

  /** At or below a path, in the order in which programs made them. */
  List<PendingChange> pending(RemotePath below) {
    return list().stream().filter(change -> concerns(change, below)).toList();
  }

  private static boolean concerns(PendingChange change, RemotePath below) {
    RemotePath target = change.target();
    return change.path().startsWith(below) || (target != null && target.startsWith(below));
  }

  /**
   * The changes that the runtime itself refused; those that only wait for one are not among them.
   */
  private List<PendingChange> refused(RemotePath below) {
    return pending(below).stream()
        .filter(change -> change.state() == PendingChange.State.REFUSED)
        .toList();
  }

  /** As {@link colabfs.control.ControlHandler#retry}. */
  int retry() throws ControlException {
    PendingChanges kept = writeBack();
    int refused = kept.figures().refused();
    kept.retry();
    return refused;
  }

  /** As {@link colabfs.control.ControlHandler#export}. */
  List<Path> export(RemotePath below, Path directory) throws ControlException {
    PendingChanges kept = writeBack();
    somethingAt(below);
    if (PathWalk.resolve(directory, List.of(mount.mountpoint())).startsWith(mount.mountpoint())) {
      throw failed("%s is inside of the mount; name a local directory".formatted(directory), null);
    }
    try {
      Files.createDirectories(directory);
      if (!isEmpty(directory)) {
        throw failed(
            "%s is not empty, and its files could be overwritten; name a new or an empty directory"
                .formatted(directory),
            null);
      }
      return kept.export(below, directory);
    } catch (IOException e) {
      throw failed(
          "the copy in %s is not complete: %s; the journal still has everything, so put that right and export it to another directory"
              .formatted(directory, e.getMessage() == null ? e : e.getMessage()),
          e);
    }
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.findFirst().isEmpty();
    }
  }

  /** As {@link colabfs.control.ControlHandler#discard}. */
  List<PendingChange> discard(RemotePath below) throws ControlException {
    PendingChanges kept = writeBack();
    somethingAt(below);
    try {
      return kept.discard(below);
    } catch (FsException e) {
      throw failed("nothing was given up: %s; try again".formatted(e.getMessage()), e);
    }
  }

  List<Conflict> conflicts() {
    return pending == null ? List.of() : pending.conflicts();
  }

  int dismiss(RemotePath below) {
    return pending == null ? 0 : pending.dismiss(below);
  }

  private PendingChanges writeBack() throws ControlException {
    if (pending == null) {
      throw failed(
          "%s is mounted without write-back, so nothing is kept here that could be looked after; 'colabfs status' shows what open files hold"
              .formatted(mount.mountpoint()),
          null);
    }
    return pending;
  }

  private void somethingAt(RemotePath below) throws ControlException {
    if (pending(below).isEmpty()) {
      throw failed(
          "nothing is pending at or below %s; 'colabfs pending' lists what is"
              .formatted(text.local(below)),
          null);
    }
  }

  private static ControlException failed(String message, @Nullable Exception cause) {
    return cause == null
        ? new ControlException(Reason.FAILED, message)
        : new ControlException(Reason.FAILED, message, cause);
  }
}
