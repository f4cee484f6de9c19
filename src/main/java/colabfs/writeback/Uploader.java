package colabfs.writeback;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import colabfs.writeback.Layer.Extent;
import colabfs.writeback.PendingChange.Kind;
import colabfs.writeback.Upload.Found;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings what is pending to the runtime: after a short rest in which more may join, many jobs at
 * once, and so that what shows new content is seen there in the order in which it was written here.
 *
 * <p>A lost link only makes it wait; what the runtime refuses stays, and is told.
 *
 * <p>Threading: a thread of its own carries out every step; {@link #kick} from any.
 */
final class Uploader implements Carrier, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Uploader.class.getName());

  /**
   * Jobs being carried out at once, besides those that a helper has; once more as many of those
   * that others wait for.
   */
  private static final int WINDOW = 128;

  /** What goes on changing is sent nevertheless, so often. */
  private static final Duration AT_LEAST = Duration.ofSeconds(2);

  private static final Duration PROBE = Duration.ofMillis(300);
  private static final Duration END = Duration.ofSeconds(5);
  private final Journal journal;
  private final RemoteFs remote;
  private final RemoteIdentity identity;
  private final Duration debounce;
  private final Pace pace;
  private final ScheduledThreadPoolExecutor thread;
  private final Pieces pieces;
  private final Landing landing;
  private final Turns turns;
  private final Shipping shipping;
  private final Patching patching;
  private final Leftovers leftovers;
  private final Drafts drafts;
  private final AtomicBoolean kicked = new AtomicBoolean();

  /** The jobs that are being carried out, also where they were forgotten meanwhile. */
  private final Set<Long> carried = new HashSet<>();

  /** Those of them that were begun with a runtime that is gone. */
  private final Set<Long> stale = new HashSet<>();

  private boolean suspended;
  private volatile boolean closed;
  private volatile long movedNanos = System.nanoTime();

  /**
   * @param tree a helper that does what it can
   * @param foreign told which names are not as they were known
   * @param pace told of what is sent
   */
  Uploader(
      Journal journal,
      RemoteFs remote,
      RemoteTree tree,
      RemoteIdentity identity,
      WriteBack.Settings settings,
      Consumer<RemotePath> foreign,
      Pace pace) {
    this.journal = journal;
    this.remote = remote;
    this.identity = identity;
    this.debounce = settings.debounce();
    this.pace = pace;
    this.thread =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread made = new Thread(work, "colabfs-upload");
              made.setDaemon(true);
              return made;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    this.thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    this.turns = new Turns(journal, this);
    this.pieces = new Pieces(journal, this, this::sent);
    this.landing = new Landing(journal, remote, this, settings.host(), foreign);
    this.shipping = new Shipping(journal, this, tree);
    this.patching = new Patching(journal, this, tree);
    this.leftovers = new Leftovers(journal, remote, this, this::kick);
    this.drafts = new Drafts(this, remote, settings.draftBytes(), this::kick);
  }

  /** There is something to do. */
  void kick() {
    if (kicked.compareAndSet(false, true)) {
      execute(
          () -> {
            kicked.set(false);
            pump();
          });
    }
  }

  /** When something last arrived, by the clock of {@link System#nanoTime}. */
  long movedNanos() {
    return movedNanos;
  }

  private void moved() {
    movedNanos = System.nanoTime();
  }

  private void sent(int bytes) {
    moved();
    pace.sent(bytes);
  }

  @Override
  public void execute(Runnable step) {
    if (!closed) {
      thread.execute(step);
    }
  }

  // Starting.

  private void pump() {
    turns.take();
    if (suspended || closed) {
      return;
    }
    Round round = new Round();
    journal.lock.lock();
    try {
      drafts.tidy();
      round.used.addAll(carried);
      round.used.addAll(drafts.numbers());
      look(round);
    } finally {
      journal.lock.unlock();
    }
    if (round.soonest != Long.MAX_VALUE) {
      var unused = thread.schedule(this::pump, round.soonest, TimeUnit.NANOSECONDS);
    }
    leftovers.remove(round.used);
    round.starting.forEach(this::start);
    round.ahead.forEach(Runnable::run);
  }

  /** What one look at the jobs brings. */
  private static final class Round {
    final Set<Long> used = new HashSet<>();
    final Map<Job, Supplier<CompletableFuture<Void>>> starting = new LinkedHashMap<>();
    final List<Runnable> ahead = new ArrayList<>();
    long soonest = Long.MAX_VALUE;
  }

  private void look(Round round) {
    long now = journal.nowNanos();
    Job first = journal.stateLocked().jobs().first();
    long lastTurn = turns.last();
    for (Job job : candidates()) {
      boolean byHelper = shipping.takes(job);
      if (job != first && !hasPlace(job, byHelper, lastTurn)) {
        continue;
      }
      long wait = restLeft(job, now);
      if (wait > 0) {
        round.soonest = Math.min(round.soonest, wait);
        Runnable step = byHelper ? null : drafts.ahead(job);
        if (step != null) {
          round.ahead.add(step);
        }
      } else if (mayBegin(job, byHelper)) {
        job.state = Job.State.STARTED;
        journal.stateLocked().jobs().sort(job);
        carried.add(job.number);
        round.starting.put(job, carry(job, byHelper));
      }
    }
  }

  /** Temporary files that are done with neither grow later nor keep a directory. */
  private boolean mayBegin(Job job, boolean byHelper) {
    return drafts.isClear(job, byHelper) && !(job.kind == Kind.RMDIR && leftovers.isIn(job.path));
  }

  /** The first ones that wait for nothing, or only for what a helper has. */
  private List<Job> candidates() {
    Jobs jobs = journal.stateLocked().jobs();
    int free = Math.max(1, 2 * WINDOW + Shipping.IN_FLIGHT - carried.size());
    Stream<Job> following = shipping.hasRoom() ? jobs.following().stream() : Stream.empty();
    return Stream.concat(jobs.ready().stream(), following).limit(free).toList();
  }

  /**
   * Those that wait for their turn keep their places, and what they wait for may have none yet. So
   * it has places of its own, and the very first job never needs one: something always moves.
   */
  private boolean hasPlace(Job job, boolean byHelper, long lastTurn) {
    int places = job.order < lastTurn ? 2 * WINDOW : WINDOW;
    return byHelper
        ? shipping.hasRoom()
        : job.waitsFor.isEmpty() && carried.size() - shipping.count() < places;
  }

  /** How long it rests, as more may join. */
  private long restLeft(Job job, long now) {
    if (job.sealed || !job.waiters.isEmpty() || job.maybeDone) {
      return 0;
    }
    if (patching.isBeingWritten(job, now)) {
      return debounce.toNanos(); // and is looked at again
    }
    if (now - job.sinceNanos >= AT_LEAST.toNanos() || isPart(job)) {
      journal.noteLocked(new Event.Sealed(job.number));
      return 0;
    }
    long rest = debounce.toNanos() - (now - job.changedNanos);
    return Math.min(rest, debounce.toNanos()); // a clock that was set back does not stop us
  }

  /** A large file does not wait until it is whole. */
  private static boolean isPart(Job job) {
    PendingFile file = job.file;
    return file != null
        && file.attrs.sizeBytes() > Pace.LARGE_FILE_BYTES
        && job.bytes() >= Pace.PART_BYTES;
  }

  private void start(Job job, Supplier<CompletableFuture<Void>> work) {
    var unused =
        CompletableFuture.runAsync(() -> {}, this)
            .thenCompose(now -> work.get())
            .whenCompleteAsync(
                (done, failure) -> {
                  carried.remove(job.number);
                  shipping.end(job);
                  boolean isStale = stale.remove(job.number);
                  if (failure != null) {
                    failed(job, isStale ? new CancellationException() : failure);
                  }
                  pump();
                },
                this);
  }

  /** How it is carried out, as it is now. */
  private Supplier<CompletableFuture<Void>> carry(Job job, boolean byHelper) {
    PendingFile file = job.file;
    Layer layer = job.layer;
    if (job.kind == Kind.WRITE && file != null && layer != null) {
      boolean patched = !byHelper && patching.takes(job);
      Draft draft = byHelper || patched ? null : drafts.take(job);
      Upload upload = new Upload(this, remote, job, file, layer, draft);
      if (byHelper) {
        return shipping.take(job, upload::runAfter)::run;
      }
      return patched ? patching.take(job, file, layer, upload::runAfter)::run : upload::run;
    }
    NameChange change = new NameChange(this, remote, job);
    return byHelper ? shipping.take(job, reason -> change.run())::run : change::run;
  }

  private void failed(Job job, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    journal.lock.lock();
    try {
      if (job.isOver()) {
        return;
      }
      if (cause instanceof CancellationException) {
        journal.stateLocked().again(job);
        return;
      }
      FsException reason = Reopening.reason(cause);
      if (reason.isConnectionFailure() || reason.errno() == Errno.EBADF) {
        journal.stateLocked().again(job);
        suspend();
        return;
      }
      if (!(cause instanceof FsException)) {
        LOG.log(Level.ERROR, "carrying out " + job.kind + " " + job.path + " failed", cause);
      }
      refuse(job, reason);
    } finally {
      journal.lock.unlock();
    }
  }

  private void refuse(Job job, FsException reason) {
    String text =
        "%s (%s). It is kept here: make it possible and run 'colabfs pending retry', or see 'colabfs pending --help'"
            .formatted(reason.getMessage(), reason.errno());
    LOG.log(Level.WARNING, "the runtime refused {0} {1}: {2}", job.kind, job.path, text);
    journal.noteLocked(new Event.Refused(job.number, reason.errno(), text));
    pace.release();
  }

  /**
   * What is being carried out was judged by what a runtime had that is gone: nothing of it takes
   * effect any more, and all of it is begun again. Returns when that is so.
   */
  void startOver() {
    var failed =
        CompletableFuture.runAsync(
            () -> {
              stale.addAll(carried);
              drafts.dropAll();
              turns.cancel();
            },
            this);
    try {
      failed.get(END.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.WARNING, "what was under way was not stopped in time", e);
    }
  }

  /** The link is gone: nothing is begun until the runtime answers again. */
  private void suspend() {
    if (!suspended) {
      suspended = true;
      pace.sending(false);
      LOG.log(Level.INFO, "the runtime does not answer; what is unsent waits in the journal");
      probeSoon();
    }
  }

  private void probeSoon() {
    var unused = thread.schedule(this::probe, PROBE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void probe() {
    var unused =
        remote.lstat(RemotePath.ROOT).whenCompleteAsync((attrs, failure) -> probed(failure), this);
  }

  private void probed(@Nullable Throwable failure) {
    if (failure != null && Reopening.reason(failure).isConnectionFailure()) {
      probeSoon();
      return;
    }
    suspended = false;
    pace.sending(true);
    moved();
    pump();
  }

  // What those who carry a job need.

  @Override
  public String id() {
    return journal.id();
  }

  @Override
  public boolean ownsNot(FileAttrs attrs) {
    return !identity.isRoot() && attrs.uid() != identity.uid();
  }

  @Override
  public CompletableFuture<Found> look(RemotePath path) {
    return remote
        .lstat(path)
        .handle(
            (attrs, failure) -> {
              if (failure == null) {
                return new Found(attrs);
              }
              FsException reason = Reopening.reason(failure);
              if (reason.errno() == Errno.ENOENT || reason.errno() == Errno.ENOTDIR) {
                return new Found(null);
              }
              throw new CompletionException(reason);
            });
  }

  @Override
  public CompletableFuture<Found> notLooked() {
    return CompletableFuture.completedFuture(new Found(null));
  }

  @Override
  public CompletableFuture<Void> atItsTurn(
      Job job, int changes, Supplier<CompletableFuture<Void>> step) {
    CompletableFuture<Void> end = turns.add(job, changes, step);
    kick();
    return end;
  }

  @Override
  public CompletableFuture<Void> now(Job job, int changes, Supplier<CompletableFuture<Void>> step) {
    return commit(job, changes)
        ? step.get()
        : CompletableFuture.failedFuture(new CancellationException());
  }

  /** From here on nothing joins the job; false when something has already. */
  private boolean commit(Job job, int changes) {
    journal.lock.lock();
    try {
      if (!Turns.isAsItWas(job, changes) || stale.contains(job.number)) {
        return false;
      }
      journal.noteLocked(new Event.Committing(job.number));
      return true;
    } finally {
      journal.lock.unlock();
    }
  }

  @Override
  public void staging(Job job, RemotePath temporary) {
    if (stale.contains(job.number)) {
      throw new CancellationException(); // or its file would be left on another runtime
    }
    journal.note(new Event.Staged(job.number, temporary));
  }

  @Override
  public void shown(Job job) {
    journal.lock.lock();
    try {
      journal.stateLocked().jobs().shown(job);
    } finally {
      journal.lock.unlock();
    }
  }

  @Override
  public void handed(Job job) {
    journal.lock.lock();
    try {
      journal.stateLocked().jobs().handed(job);
    } finally {
      journal.lock.unlock();
    }
    kick();
  }

  @Override
  public CompletableFuture<Void> arrived(Job job, RemotePath path) {
    return look(path).thenComposeAsync(found -> done(job, found.attrs()), this);
  }

  @Override
  public CompletableFuture<Void> done(Job job, @Nullable FileAttrs result) {
    if (stale.contains(job.number)) {
      return CompletableFuture.failedFuture(new CancellationException()); // it arrived elsewhere
    }
    moved();
    journal.lock.lock();
    try {
      journal.noteLocked(new Event.Done(job.number, result));
      if (journal.stateLocked().jobs().isEmpty()) {
        pace.release();
      }
    } finally {
      journal.lock.unlock();
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> conflict(
      Job job, RemotePath path, RemotePath temporary, String what) {
    return stale.contains(job.number)
        ? CompletableFuture.failedFuture(new CancellationException())
        : landing.conflict(job, path, temporary, what);
  }

  @Override
  public CompletableFuture<Void> stays(Job job, RemotePath path, String what) {
    return stale.contains(job.number)
        ? CompletableFuture.failedFuture(new CancellationException())
        : landing.stays(job, path, what);
  }

  @Override
  public void remove(RemotePath temporary) {
    var unused = remote.unlink(temporary);
  }

  @Override
  public CompletableFuture<Void> writeAll(
      RemoteFile handle, List<List<Extent>> content, Runnable behind) {
    return pieces.send(handle, content, behind);
  }

  /** Stops; what is under way is done again by the next who opens the journal. */
  @Override
  public void close() {
    closed = true;
    pace.sending(false);
    thread.shutdownNow();
    try {
      if (!thread.awaitTermination(END.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.log(Level.WARNING, "the uploader did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
