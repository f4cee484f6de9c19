package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.LinkState;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a connection: when it is lost a thread makes the next, with growing pauses, for ever, until
 * it is closed. Whoever needs the connection gets it as a future.
 *
 * <p>Threading: any thread; futures end on the thread that connects, which must not be held up.
 */
final class Lifeline implements LinkState, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Lifeline.class.getName());

  /** A waiting call cuts a pause down to this, counted from the last attempt. */
  private static final Duration PAUSE_WITH_CALLERS = Duration.ofSeconds(1);

  /** How often the profile is looked at: a person who changes it waits for that; it is one read. */
  static final Duration LOOK_FOR_CHANGE = Duration.ofSeconds(2);

  /** A connection that lasted so long was a good one: the pauses begin anew. */
  private static final Duration GOOD_LIFE = Duration.ofSeconds(10);

  private final Connector connector;
  private final Backoff backoff;
  private final InstantSource clock;
  private final LinkNews news = new LinkNews();

  /** Guards what follows; only the news' own lock is taken, and no future ended, under it. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();

  /** There while the state is CONNECTED. */
  private @Nullable LiveLink current;

  /** Who waits for the next connection; whoever gives up leaves. */
  private final Map<Object, Waiter> waiters = new LinkedHashMap<>();

  private LinkStatus.State state;
  private Instant since;
  private @Nullable String lastError;
  private boolean callWaiting;

  /**
   * Who waits for a connection.
   *
   * @param anyRuntime whether it is all the same which runtime answers
   */
  private record Waiter(CompletableFuture<LiveLink> link, boolean anyRuntime) {}

  /** Makes connections. */
  interface Connector {
    /** Waits until a connection stands or has failed, or the profile has changed meanwhile. */
    LiveLink connect() throws ConnectFailure, InterruptedException;

    /** Whether the profile is another than the last attempt's. */
    boolean isChanged();

    /** Whether the profile names another server than the one that the last connection is to. */
    boolean isElsewhere();
  }

  /**
   * @param first the connection to begin with
   */
  Lifeline(LiveLink first, Connector connector, Backoff backoff, InstantSource clock) {
    this(connector, backoff, clock, first);
    watch(first);
    start();
  }

  /** Begins without a connection, and makes one. */
  static Lifeline away(Connector connector, Backoff backoff, InstantSource clock) {
    Lifeline away = new Lifeline(connector, backoff, clock, null);
    away.start();
    return away;
  }

  private Lifeline(
      Connector connector, Backoff backoff, InstantSource clock, @Nullable LiveLink first) {
    this.connector = connector;
    this.backoff = backoff;
    this.clock = clock;
    this.current = first;
    this.state = first == null ? LinkStatus.State.OFFLINE : LinkStatus.State.CONNECTED;
    this.since = clock.instant();
  }

  private void start() {
    Thread thread = new Thread(this::run, "colabfs-reconnect");
    thread.setDaemon(true);
    thread.start();
  }

  /** The connection if there is one now. */
  @Nullable LiveLink now() {
    lock.lock();
    try {
      return current == null || current.lost().isDone() ? null : current;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isUp() {
    return now() != null;
  }

  @Override
  public void onChange(Consumer<Boolean> listener) {
    news.listen(listener);
  }

  /**
   * The connection, now or when it stands again; FsException when this is closed. Who does not want
   * it any longer cancels the future.
   *
   * @param anyRuntime whether it is all the same which runtime answers
   */
  CompletableFuture<LiveLink> next(boolean anyRuntime) {
    Object ticket = new Object();
    CompletableFuture<LiveLink> waiter = new CompletableFuture<>();
    LiveLink link;
    boolean closed;
    lock.lock();
    try {
      link = current;
      closed = state == LinkStatus.State.CLOSED;
      if (link == null && !closed) {
        callWaiting = true;
        waiters.put(ticket, new Waiter(waiter, anyRuntime));
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (link != null && link.lost().isDone()) {
      lost(link, "closed");
      return next(anyRuntime);
    }
    if (link != null) {
      waiter.complete(link);
    } else if (closed) {
      waiter.completeExceptionally(closed());
    }
    CompletableFuture<?> unused = waiter.whenComplete((value, failure) -> leave(ticket));
    return waiter;
  }

  private void leave(Object ticket) {
    lock.lock();
    try {
      waiters.remove(ticket);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether there was no connection yet: then nobody waits for one, as it may not come for hours. A
   * call that is made all the same is a reason to try soon.
   */
  boolean isOffline() {
    lock.lock();
    try {
      boolean offline = state == LinkStatus.State.OFFLINE;
      if (offline) {
        callWaiting = true;
        changed.signalAll();
      }
      return offline;
    } finally {
      lock.unlock();
    }
  }

  private static FsException closed() {
    return new FsException(Errno.ENOTCONN, "the connection was closed");
  }

  /** How the connection is doing, without its round trip and figures. */
  LinkStatus status() {
    lock.lock();
    try {
      return new LinkStatus(state, null, since, lastError, 0, 0);
    } finally {
      lock.unlock();
    }
  }

  private void watch(LiveLink link) {
    CompletableFuture<?> unused = link.lost().thenAccept(reason -> lost(link, reason));
  }

  /**
   * Notes that a connection is gone; later calls for the same one change nothing.
   *
   * @param hint why, where the connection itself does not know better
   */
  void lost(LiveLink link, String hint) {
    String reason = link.lost().getNow(hint);
    lock.lock();
    try {
      if (current != link) {
        return;
      }
      if (Duration.between(since, clock.instant()).compareTo(GOOD_LIFE) >= 0) {
        backoff.reset();
      }
      enter(LinkStatus.State.RECONNECTING);
      lastError = reason;
      current = null;
      callWaiting = false;
      news.note(false);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    LOG.log(System.Logger.Level.WARNING, "the connection was lost ({0}); reconnecting", reason);
    link.close();
    news.tell();
  }

  private void enter(LinkStatus.State next) {
    state = next;
    since = clock.instant();
  }

  private void run() {
    try {
      while (awaitLoss()) {
        reconnect();
      }
    } catch (InterruptedException e) {
      LOG.log(System.Logger.Level.DEBUG, "no longer reconnecting");
    }
  }

  /**
   * Waits until the connection is gone, and gives it up when the profile names another server: what
   * is written must not go on to the old one. False when this is closed.
   */
  private boolean awaitLoss() throws InterruptedException {
    while (true) {
      LiveLink link;
      lock.lock();
      try {
        if (state == LinkStatus.State.CONNECTED) {
          boolean unused = changed.await(LOOK_FOR_CHANGE.toNanos(), TimeUnit.NANOSECONDS);
        }
        if (state != LinkStatus.State.CONNECTED) {
          return isWanted();
        }
        link = current;
      } finally {
        lock.unlock();
      }
      if (link != null && connector.isElsewhere()) {
        lost(link, "the profile names another server now");
      }
    }
  }

  @GuardedBy("lock")
  private boolean isWanted() {
    return state == LinkStatus.State.OFFLINE || state == LinkStatus.State.RECONNECTING;
  }

  private void reconnect() throws InterruptedException {
    boolean permanent = false;
    while (pause(permanent)) {
      try {
        stand(connector.connect());
        return;
      } catch (ConnectFailure e) {
        permanent = e.reason().isPermanent();
        failed(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        if (status().state() == LinkStatus.State.CLOSED) {
          return; // the client was stopped under the attempt
        }
        LOG.log(System.Logger.Level.ERROR, "while reconnecting", e);
        failed("an error in colabfs: " + e);
      }
    }
  }

  private void failed(String message) {
    LOG.log(System.Logger.Level.INFO, "not reconnected: {0}", message);
    lock.lock();
    try {
      lastError = message;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the next attempt's time; false when this is closed. */
  private boolean pause(boolean permanent) throws InterruptedException {
    Duration pause = permanent ? backoff.longest() : backoff.next();
    long start = System.nanoTime();
    long look = start;
    while (true) {
      long now = System.nanoTime();
      long left = start + pause.toNanos() - now;
      if (now >= look) {
        look = now + LOOK_FOR_CHANGE.toNanos(); // waiting calls wake this more often
        if (connector.isChanged()) {
          backoff.reset(); // what it was long for may be over
          left = 0;
        }
      }
      lock.lock();
      try {
        if (!isWanted()) {
          return false;
        }
        if (callWaiting && !permanent) {
          left = Math.min(left, start + PAUSE_WITH_CALLERS.toNanos() - now);
        }
        if (left <= 0) {
          callWaiting = false;
          return true;
        }
        boolean unused = changed.await(Math.min(left, look - now), TimeUnit.NANOSECONDS);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Why there is no connection yet, for those who wait for one. */
  void explain(String reason) {
    lock.lock();
    try {
      lastError = reason;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the calls that wait for the runtime that answered before: the next one is another. */
  void turnAwayCalls() {
    List<CompletableFuture<LiveLink>> waiting;
    lock.lock();
    try {
      waiting =
          waiters.values().stream()
              .filter(waiter -> !waiter.anyRuntime())
              .map(Waiter::link)
              .toList();
    } finally {
      lock.unlock();
    }
    FsException reason =
        new FsException(Errno.ENOTCONN, "another runtime has taken the place of the one asked");
    waiting.forEach(waiter -> waiter.completeExceptionally(reason));
  }

  private void stand(LiveLink link) {
    List<CompletableFuture<LiveLink>> waiting;
    lock.lock();
    try {
      if (state == LinkStatus.State.CLOSED) {
        waiting = null;
      } else {
        enter(LinkStatus.State.CONNECTED);
        lastError = null;
        current = link;
        news.note(true);
        waiting = waiters.values().stream().map(Waiter::link).toList();
      }
    } finally {
      lock.unlock();
    }
    if (waiting == null) {
      link.close();
      return;
    }
    LOG.log(System.Logger.Level.INFO, "connected again");
    news.tell();
    watch(link);
    waiting.forEach(waiter -> waiter.complete(link));
  }

  @Override
  public void close() {
    LiveLink last;
    List<CompletableFuture<LiveLink>> waiting;
    lock.lock();
    try {
      if (state == LinkStatus.State.CLOSED) {
        return;
      }
      enter(LinkStatus.State.CLOSED);
      last = current;
      current = null;
      if (last != null) {
        news.note(false);
      }
      waiting = waiters.values().stream().map(Waiter::link).toList();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.close();
    }
    waiting.forEach(waiter -> waiter.completeExceptionally(closed()));
    news.tell();
  }
}
