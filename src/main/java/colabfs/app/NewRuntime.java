package colabfs.app;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.RemoteFs;
import colabfs.remote.RuntimeId;
import colabfs.restore.Restore;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import colabfs.ssh.Admission;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that what a mount knows and has not sent meets no other runtime than the one that it
 * is of, unless a person wants that. A connection to another one, or to one whose root was emptied,
 * is held: for the rest of the mount the link stays down, so that nothing is asked of that runtime,
 * sent to it or shown of it, until somebody has restored the tree to it or taken it as it is.
 *
 * <p>Threading: {@link #admit} on the thread that connects; the rest from any. Its monitor guards
 * what is held, and nothing is waited for under it but its own changes.
 */
final class NewRuntime implements Admission, AutoCloseable {
  private static final Logger LOG = System.getLogger(NewRuntime.class.getName());

  private static final String NEXT =
      "Nothing was sent to it, and nothing that is known here was dropped. 'colabfs restore' sends it"
          + " what is known here and goes on; 'colabfs restore --fresh' takes it as it is";

  /** What the guard asks of the mount. */
  interface Local {
    KnownTree tree();

    Restore.Pending pending();

    /** Nothing that is known is of the runtime that is answering from now on. */
    void forget();

    /** What is under way was meant for another runtime: it begins anew. */
    void startOver();

    /** Waits until all that programs wrote is in the journal. */
    void settle() throws FsException;
  }

  private final Local local;
  private final RuntimeComparison comparison;
  private final RuntimeRecord record;
  private final MountOptions.OnNewRuntime mode;
  private final InstantSource clock;

  /** One restore at a time. */
  private final ReentrantLock restoring = new ReentrantLock();

  @GuardedBy("this")
  private RuntimeRecord.Known served = RuntimeRecord.Known.NOTHING;

  /** Why the link is kept down; null while it is not. */
  @GuardedBy("this")
  private @Nullable Difference why;

  /** The connection that waits for a decision; null while there is none. */
  @GuardedBy("this")
  private @Nullable Held held;

  /** What was found. */
  record Difference(String what, Instant since) {
    /** For a person, with the next step. */
    String message() {
      return what + ". " + NEXT;
    }
  }

  private record Held(Arrival arrival, CompletableFuture<Void> accepted) {}

  NewRuntime(
      Local local, RuntimeRecord record, MountOptions.OnNewRuntime mode, InstantSource clock) {
    this.local = local;
    this.comparison = new RuntimeComparison(local);
    this.record = record;
    this.mode = mode;
    this.clock = clock;
  }

  /**
   * Looks at the runtime that was connected to first. Waits for the network where something is
   * pending, which must not go to another runtime.
   *
   * @param root what is in its root, perhaps still to come
   * @return whether the connection has to be left, and made again through {@link #admit}, because
   *     what is pending is of another runtime
   */
  boolean begin(RuntimeId id, CompletableFuture<List<DirEntry>> root) {
    RuntimeRecord.Known before = record.read();
    if (before == null || local.pending().changes().isEmpty()) {
      accept(id, null);
      CompletableFuture<Void> unused =
          root.thenAccept(entries -> noteNames(id, RuntimeComparison.named(entries)));
      return false;
    }
    List<String> names = RuntimeComparison.names(root);
    synchronized (this) {
      served = before;
      String what = comparison.difference(served, id, names);
      if (what != null) {
        why = new Difference(what, clock.instant());
        return true;
      }
    }
    accept(id, names);
    return false;
  }

  /** Begins without a connection: the one that comes is compared with what was served last. */
  synchronized void beginAway(RuntimeId lastSeen) {
    RuntimeRecord.Known before = record.read();
    served = before == null ? new RuntimeRecord.Known(lastSeen, false, false) : before;
  }

  /** Why the link is kept down; null while it is not. */
  synchronized @Nullable Difference difference() {
    return why;
  }

  /** The connection that waits for a decision; null while there is none. */
  synchronized @Nullable Arrival arrival() {
    return held == null ? null : held.arrival();
  }

  @Override
  public void admit(Arrival arrival) throws InterruptedException {
    List<String> names = RuntimeComparison.look(arrival.fs());
    if (arrival.over().isDone()) {
      return;
    }
    RuntimeId id = arrival.runtimeId();
    String what;
    synchronized (this) {
      what = comparison.difference(served, id, names);
    }
    if (what == null) {
      accept(id, names);
    } else if (isNothingAtStake()) {
      LOG.log(Level.INFO, "{0}; nothing is known here or pending", what);
      begin(arrival, id, names);
    } else {
      hold(arrival, id, what);
    }
  }

  /** Nobody can miss anything. */
  private boolean isNothingAtStake() {
    return local.pending().changes().isEmpty() && comparison.expected().isEmpty();
  }

  /** Goes on with another runtime than before. */
  private void begin(Arrival arrival, RuntimeId id, @Nullable List<String> names) {
    local.forget();
    accept(id, names);
    goOnWith(arrival);
  }

  private void goOnWith(Arrival arrival) {
    arrival.turnAwayCalls();
    local.startOver();
  }

  private void hold(Arrival arrival, RuntimeId id, String what) throws InterruptedException {
    Difference found = new Difference(what, clock.instant());
    Held holding = new Held(arrival, new CompletableFuture<>());
    synchronized (this) {
      Difference before = why;
      why = before != null && before.what().equals(what) ? before : found;
      held = holding;
      notifyAll();
    }
    LOG.log(Level.WARNING, "{0}: {1}", id, found.message());
    arrival.explain(found.message());
    try {
      byItself();
      CompletableFuture.anyOf(holding.accepted(), arrival.over()).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("neither of them fails", e);
    } finally {
      synchronized (this) {
        held = null;
      }
    }
    if (holding.accepted().isDone()) {
      LOG.log(Level.INFO, "going on with {0}", id);
      goOnWith(arrival);
    }
  }

  /** What a person has decided before. When that fails, it is held as if nobody had. */
  private void byItself() {
    try {
      switch (mode) {
        case ASK -> {}
        case FRESH -> takeAsItIs(Duration.ZERO);
        case RESTORE -> restoreByItself();
      }
    } catch (FsException e) {
      LOG.log(Level.WARNING, "not done by itself: {0}", e.getMessage());
    }
  }

  private void restoreByItself() throws FsException {
    RestoreReport report =
        restore(
            new RestoreRules(List.of(), RestoreRules.DEFAULT_MAX_BYTES),
            Duration.ZERO,
            new Restore.Progress() {
              @Override
              public void left(int names, long bytes) {}

              @Override
              public boolean isGivenUp() {
                return Thread.currentThread().isInterrupted();
              }
            });
    report.items().stream()
        .filter(item -> item.outcome() != RestoreReport.Outcome.SENT)
        .filter(item -> item.outcome() != RestoreReport.Outcome.THERE)
        .forEach(
            item ->
                LOG.log(
                    Level.WARNING,
                    "not restored: {0}, {1}: {2}",
                    item.path(),
                    item.outcome(),
                    item.note()));
    LOG.log(Level.INFO, "restored {0}", report.whole() ? "the known tree" : "not all");
  }

  /**
   * What a restore would do. Waits for the network.
   *
   * @param patience the longest wait for a connection
   * @param connected the runtime that answers while none is held
   */
  RestoreReport plan(RestoreRules rules, Duration patience, RemoteFs connected) throws FsException {
    Held holding = awaitHeld(patience);
    return restoreTo(holding == null ? connected : holding.arrival().fs(), rules).plan();
  }

  /**
   * Sends what is known here to the runtime that is held, and goes on with it when all of that has
   * arrived. Waits for the network.
   */
  RestoreReport restore(RestoreRules rules, Duration patience, Restore.Progress progress)
      throws FsException {
    if (!restoring.tryLock()) {
      throw new FsException(Errno.EBUSY, "another restore is under way; wait for it");
    }
    try {
      Held holding = awaitHeld(patience);
      if (holding == null) {
        throw notHeld();
      }
      synchronized (this) {
        served = new RuntimeRecord.Known(served.id(), served.hadEntries(), true);
        record.write(served);
      }
      local.settle();
      RestoreReport report = restoreTo(holding.arrival().fs(), rules).send(progress);
      if (report.whole()) {
        accept(holding);
      }
      return report;
    } finally {
      restoring.unlock();
    }
  }

  /** As {@link #restore}, to the runtime that the mount is connected to. */
  RestoreReport restoreConnected(RemoteFs connected, RestoreRules rules, Restore.Progress progress)
      throws FsException {
    if (!restoring.tryLock()) {
      throw new FsException(Errno.EBUSY, "another restore is under way; wait for it");
    }
    try {
      local.settle();
      return restoreTo(connected, rules).send(progress);
    } finally {
      restoring.unlock();
    }
  }

  private Restore restoreTo(RemoteFs runtime, RestoreRules rules) {
    return new Restore(local.tree(), local.pending(), runtime, rules);
  }

  /** Takes the runtime that is held as it is. What is pending goes on. Waits for the network. */
  void takeAsItIs(Duration patience) throws FsException {
    Held holding = awaitHeld(patience);
    if (holding == null) {
      throw notHeld();
    }
    Restore.rebaseOnly(local.pending(), holding.arrival().fs());
    local.forget();
    accept(holding);
  }

  private static FsException notHeld() {
    return new FsException(
        Errno.ENOTCONN,
        "there is no new runtime now that waits for a decision; see 'colabfs status'");
  }

  /** The connection that waits for a decision, which may be being made again; null without one. */
  private synchronized @Nullable Held awaitHeld(Duration patience) throws FsException {
    long end = System.nanoTime() + patience.toNanos();
    while (held == null && why != null) {
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (left <= 0) {
        throw new FsException(
            Errno.ENOTCONN, "the new runtime does not answer now; try again when it does");
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FsException(Errno.EINTR, "interrupted", e);
      }
    }
    return held;
  }

  private void accept(Held holding) {
    accept(holding.arrival().runtimeId(), RuntimeComparison.look(holding.arrival().fs()));
    holding.accepted().complete(null);
  }

  /** What is in the root of the runtime that is served, if it still is. */
  private synchronized void noteNames(RuntimeId id, List<String> names) {
    if (why == null && served.id().equals(id) && !served.unfinished()) {
      accept(id, names);
    }
  }

  private synchronized void accept(RuntimeId id, @Nullable List<String> names) {
    served = new RuntimeRecord.Known(id, names != null && !names.isEmpty(), false);
    why = null;
    record.write(served);
    notifyAll();
  }

  /** Keeps whether there was anything on the runtime, for the next mount. */
  @Override
  public synchronized void close() {
    KnownTree.Known root = local.tree().directory(RemotePath.ROOT);
    if (why == null && root != null && root.whole()) {
      record.write(new RuntimeRecord.Known(served.id(), !comparison.expected().isEmpty(), false));
    }
  }
}
