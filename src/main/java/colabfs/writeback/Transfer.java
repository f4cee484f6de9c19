package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings the pending changes of one file to the server: sends what may be sent, takes the answers,
 * opens the file again after a lost connection. Waits for nothing.
 *
 * <p>Threading: any thread. Everything is guarded by {@link #lock}; methods in {@code Locked} want
 * it held, the others want it free. No call of the remote's is made under it, so that answers may
 * come on any thread, before the call returns too.
 */
final class Transfer {

  private enum Link {
    UP,
    REOPENING,
    /** Could not be opened again; tried anew by the first call after the failure was reported. */
    DOWN,
    /** Not our file any more. */
    STALE,
    CLOSED
  }

  /** Tries to open the file again without one acknowledgement between, after which it is down. */
  private static final int MAX_ATTEMPTS = 5;

  /** Guards all fields here; no lock is taken under it. */
  final ReentrantLock lock = new ReentrantLock();

  /** Signalled at each acknowledgement, failure and change of the link. */
  final Condition moved = lock.newCondition();

  private final RemoteFs remote;
  private final Duration timeout;

  @GuardedBy("lock")
  private final PendingOps pending = new PendingOps();

  @GuardedBy("lock")
  private final KnownFile known = new KnownFile();

  @GuardedBy("lock")
  private RemotePath path;

  @GuardedBy("lock")
  private RemoteFile handle;

  /** Counts handles: answers of an earlier one are void, as its changes are sent again. */
  @GuardedBy("lock")
  private int generation;

  @GuardedBy("lock")
  private Link link = Link.UP;

  /** The first failure not yet reported. */
  @GuardedBy("lock")
  private @Nullable FsException failure;

  /** Content was refused: nothing is sent until that is reported. */
  @GuardedBy("lock")
  private boolean halted;

  @GuardedBy("lock")
  private int attempts;

  @GuardedBy("lock")
  private long lostAtNanos;

  @GuardedBy("lock")
  private long lastAnswerNanos = System.nanoTime();

  @GuardedBy("lock")
  private int waitingForRoom;

  /** A thread is in the loop of {@link #pump}, and will see what is new. */
  @GuardedBy("lock")
  private boolean pumping;

  Transfer(RemoteFs remote, RemotePath path, RemoteFile handle, Duration timeout) {
    this.remote = remote;
    this.path = path;
    this.handle = handle;
    this.timeout = timeout;
  }

  // What the owner asks, with the lock held.

  @GuardedBy("lock")
  PendingOps pendingLocked() {
    return pending;
  }

  @GuardedBy("lock")
  RemotePath pathLocked() {
    return path;
  }

  @GuardedBy("lock")
  void renamedLocked(RemotePath newPath) {
    path = newPath;
  }

  @GuardedBy("lock")
  long lastAnswerNanosLocked() {
    return lastAnswerNanos;
  }

  /** Counts writers that wait for room: while there are any, short pieces are sent too. */
  @GuardedBy("lock")
  void waitingForRoomLocked(int change) {
    waitingForRoom += change;
  }

  @GuardedBy("lock")
  @Nullable FsException failureLocked() {
    return failure;
  }

  /** Throws what keeps a new change from being taken. */
  @GuardedBy("lock")
  void checkMayChangeLocked() throws FsException {
    FsException pendingFailure = failure;
    if (link == Link.CLOSED) {
      throw new FsException(Errno.EBADF, path + " is closed.");
    }
    if (pendingFailure != null && (halted || link == Link.DOWN)) {
      throw Reopening.again(pendingFailure);
    }
    if (link == Link.STALE) {
      throw Reopening.stale(path, "it is not the file that was opened");
    }
  }

  /** Whether waiting on makes no sense: an error has stopped the sending, and all is quiet. */
  @GuardedBy("lock")
  boolean isStoppedLocked() {
    boolean quiet = link == Link.DOWN || link == Link.STALE || pending.inFlight() == 0;
    return link == Link.CLOSED
        || (failure != null && quiet && (halted || link == Link.DOWN || link == Link.STALE));
  }

  /** Takes the failure as reported: what it has stopped is dropped, and new changes may come. */
  @GuardedBy("lock")
  void reportedLocked() {
    failure = null;
    if (halted && pending.dropUnsent()) {
      known.unclear();
    }
    halted = false;
    moved.signalAll();
  }

  /** Throws what became of changes after their acknowledgement, once. */
  void checkOutcome() throws FsException {
    RemoteFile of;
    lock.lock();
    try {
      of = handle;
    } finally {
      lock.unlock();
    }
    Throwable refused = of.outcome().handle((done, failure) -> failure).join();
    if (refused != null) {
      throw Reopening.again(Reopening.reason(refused));
    }
  }

  // Sending.

  /** Sends what may be sent now. */
  void pump() {
    boolean mine = false;
    while (true) {
      Op op;
      RemoteFile to;
      int sentOn;
      KnownFile.Before before;
      lock.lock();
      try {
        if (pumping && !mine) {
          return;
        }
        op = link == Link.UP && !halted ? pending.next(waitingForRoom > 0) : null;
        pumping = op != null;
        if (op == null) {
          return;
        }
        mine = true;
        before = known.sent(op);
        to = handle;
        sentOn = generation;
      } finally {
        lock.unlock();
      }
      send(op, to, sentOn, before);
    }
  }

  private void send(Op op, RemoteFile to, int sentOn, KnownFile.Before before) {
    CompletableFuture<Void> answer;
    try {
      answer = op.send(to);
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    // A dead handle fails the call at once, and nothing has left. Should a link die just between
    // sending and here, the check of the file is too strict: ESTALE, not a silent overwrite.
    KnownFile.Before ifLost = answer.isDone() ? before : null;
    var unused = answer.whenComplete((nothing, error) -> answered(op, sentOn, error, ifLost));
  }

  private void answered(
      Op op, int sentOn, @Nullable Throwable error, KnownFile.@Nullable Before ifLost) {
    boolean reopen = false;
    RemoteFile abandoned = null;
    lock.lock();
    try {
      if (sentOn != generation) {
        return;
      }
      FsException cause = error == null ? null : Reopening.failure(path, error);
      if (cause == null) {
        pending.acknowledged(op);
        known.acknowledged(op);
        attempts = 0;
        lastAnswerNanos = System.nanoTime();
      } else if (cause.isConnectionFailure()) {
        generation++;
        pending.lost();
        reopen = cause.errno() == Errno.ENOTCONN;
        if (reopen) {
          if (ifLost != null) {
            known.neverLeft(op, ifLost);
          }
          lostAtNanos = System.nanoTime();
          link = Link.REOPENING;
        } else {
          abandoned = handle;
          downLocked(cause);
        }
      } else {
        refusedLocked(op, cause);
      }
      moved.signalAll();
    } finally {
      lock.unlock();
    }
    if (abandoned != null) {
      var unused = abandoned.close();
    }
    if (reopen) {
      reopen();
    }
    pump();
  }

  @GuardedBy("lock")
  private void refusedLocked(Op op, FsException cause) {
    pending.refused(op);
    lastAnswerNanos = System.nanoTime();
    failure = failure == null ? cause : failure;
    halted |= op.isContent();
  }

  @GuardedBy("lock")
  private void downLocked(FsException cause) {
    link = Link.DOWN;
    failure = failure == null ? cause : failure;
  }

  // The link.

  /** Tries a link again that is down and whose failure was reported. */
  void retryLink() {
    lock.lock();
    try {
      if (link != Link.DOWN || failure != null) {
        return;
      }
      link = Link.REOPENING;
      attempts = 0;
      lostAtNanos = System.nanoTime();
    } finally {
      lock.unlock();
    }
    reopen();
  }

  private void reopen() {
    RemotePath at;
    lock.lock();
    try {
      at = path;
      attempts++;
    } finally {
      lock.unlock();
    }
    var unused =
        Reopening.open(remote, at, this::objectionTo)
            .whenComplete((file, error) -> reopened(at, file, error));
  }

  private @Nullable String objectionTo(FileAttrs found) {
    lock.lock();
    try {
      return known.found(found, pending.all());
    } finally {
      lock.unlock();
    }
  }

  private void reopened(RemotePath at, @Nullable RemoteFile file, @Nullable Throwable error) {
    boolean again = false;
    RemoteFile late = null;
    lock.lock();
    try {
      if (link != Link.REOPENING) {
        late = file;
      } else if (file != null) {
        handle = file;
        generation++;
        link = Link.UP;
      } else if (error != null) {
        again = failedToOpenLocked(at, Reopening.failure(at, error));
      }
      moved.signalAll();
    } finally {
      lock.unlock();
    }
    if (late != null) {
      var unused = late.close();
    }
    if (again) {
      reopen();
    }
    pump();
  }

  /** True when it is worth another try at once. */
  @GuardedBy("lock")
  private boolean failedToOpenLocked(RemotePath at, FsException cause) {
    boolean mayTry = attempts < MAX_ATTEMPTS && System.nanoTime() - lostAtNanos < timeout.toNanos();
    boolean wasRenamed = cause.errno() == Errno.ESTALE && !at.equals(path);
    if (mayTry && (wasRenamed || cause.errno() == Errno.ENOTCONN)) {
      return true;
    }
    downLocked(cause);
    if (cause.errno() == Errno.ESTALE) {
      link = Link.STALE;
      halted = true;
    }
    return false;
  }

  /** Asks for the file's attributes without waiting, when nothing is in flight. */
  void learnAttributes() {
    RemoteFile of;
    int askedOn;
    long askedAt;
    lock.lock();
    try {
      if (link != Link.UP || pending.inFlight() > 0 || !known.isWorthAsking()) {
        return;
      }
      of = handle;
      askedOn = generation;
      askedAt = known.asked();
    } finally {
      lock.unlock();
    }
    var unused =
        of.fstat()
            .thenAccept(
                attrs -> {
                  lock.lock();
                  try {
                    if (askedOn == generation) {
                      known.answered(askedAt, attrs);
                    }
                  } finally {
                    lock.unlock();
                  }
                });
  }

  /** The end: nothing is sent or answered any more; what is pending stays as it is. */
  void close() {
    RemoteFile closing;
    lock.lock();
    try {
      closing = link == Link.UP ? handle : null;
      link = Link.CLOSED;
      generation++;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
    if (closing != null) {
      var unused = closing.close();
    }
  }
}
