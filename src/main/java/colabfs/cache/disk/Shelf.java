package colabfs.cache.disk;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A directory with a {@link Store} while that can be used: opens it, writes what is to be written
 * on a thread of its own, keeps it within its bounds, and throws away what is damaged.
 *
 * <p>Threading: any thread. Errors: none leave; a store that fails is emptied and left alone for a
 * while, and meanwhile nothing is here.
 */
final class Shelf implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Shelf.class.getName());

  /** What a killed process loses of names at most. */
  private static final Duration TICK = Duration.ofMillis(500);

  /** Opening takes a tenth of a second; a disk that sleeps is waited for. */
  private static final Duration OPENING = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofSeconds(30);
  private static final Duration CLOSING = Duration.ofSeconds(5);

  /** Written between two looks at how full the disk is. */
  private static final long LOOK_AFTER_BYTES = 8L << 20;

  /** On their way to the disk, at most; more is not kept. */
  private static final long MAX_QUEUED_BYTES = 32L << 20;

  /** The index may be this part of the whole. */
  private static final int INDEX_PART = 4;

  private static final long MIN_INDEX_BYTES = 16L << 20;

  private final Path directory;
  private final long maxBytes;
  private final long reserveBytes;
  private final Claim claim;
  private final ScheduledThreadPoolExecutor thread;
  private final CountDownLatch opened = new CountDownLatch(1);
  private final AtomicLong queuedBytes = new AtomicLong();

  /** Guards what index and contents say together; the store is used under it. */
  final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private @Nullable Store current;

  /** The same, for who only looks. */
  private volatile @Nullable Store seen;

  private volatile boolean closing;

  /** Nothing is written before then, as {@link System#nanoTime}; 0 for no pause. */
  private volatile long pausedUntilNanos;

  private long writtenSinceLook;

  /** Something done with the store. */
  interface Use<T> {
    T with(Store store) throws IOException;
  }

  /** The same, for what may not be there. */
  interface Find<T> {
    @Nullable T in(Store store) throws IOException;
  }

  /** The same, without an answer. */
  interface Action {
    void with(Store store) throws IOException;
  }

  Shelf(Path directory, long maxBytes, long reserveBytes, Claim claim) {
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.reserveBytes = reserveBytes;
    this.claim = claim;
    this.thread =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread made = new Thread(work, "colabfs-disk-cache");
              made.setDaemon(true);
              return made;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    thread.execute(this::openFirst);
  }

  private void openFirst() {
    try {
      if (claim.isTorn()) {
        LOG.log(
            Level.INFO, "{0} was being written before this machine started: emptied", directory);
        claim.empty();
      }
      open();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "no disk cache in {0}: {1}", directory, e.getMessage());
    } finally {
      opened.countDown();
    }
  }

  /** Opens what is there; what cannot be opened is thrown away. */
  private void open() throws IOException {
    claim.begin();
    Store store;
    try {
      store = new Store(directory, maxBytes);
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      LOG.log(Level.WARNING, "{0} is damaged and begun anew: {1}", directory, e.toString());
      claim.empty();
      claim.begin();
      store = anew();
    }
    lock.lock();
    try {
      current = store;
      seen = store;
    } finally {
      lock.unlock();
    }
  }

  private Store anew() throws IOException {
    try {
      return new Store(directory, maxBytes);
    } catch (RuntimeException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Runs this again and again, and at the end once more. */
  void everyTick(Runnable work) {
    var unused =
        thread.scheduleWithFixedDelay(
            () -> {
              work.run();
              tick();
            },
            TICK.toMillis(),
            TICK.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** Does on the shelf's thread what is done from time to time; waits for it. */
  void tickNow() {
    CompletableFuture.runAsync(this::tick, thread).join();
  }

  /** Waits until all that is to be done later is done. */
  void await() {
    settled().join();
  }

  /** Ends when all that is to be done later until now is done; never when it is closed. */
  CompletableFuture<Void> settled() {
    return CompletableFuture.runAsync(() -> {}, thread);
  }

  /** The bound on its bytes; 0 while nothing is written. Waits while it opens. */
  long capacityBytes() {
    return use(0L, store -> isWriting() ? maxBytes : 0L);
  }

  /** Looks something up; what is given instead when there is no store. Waits while it opens. */
  <T> T use(T otherwise, Use<T> use) {
    try {
      if (!opened.await(OPENING.toNanos(), TimeUnit.NANOSECONDS)) {
        return otherwise;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return otherwise;
    }
    Store store = seen;
    if (store == null) {
      return otherwise;
    }
    try {
      return use.with(store);
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      failed(store, e);
      return otherwise;
    }
  }

  /** Looks for something; null when there is no store, or it is not there. As {@link #use}. */
  <T> @Nullable T find(Find<T> find) {
    return use(Optional.<T>empty(), store -> Optional.ofNullable(find.in(store))).orElse(null);
  }

  /** Changes something, with others kept out. Waits while it opens. */
  void change(Action action) {
    boolean unused =
        use(
            false,
            store -> {
              lock.lock();
              try {
                action.with(store);
              } finally {
                lock.unlock();
              }
              return true;
            });
  }

  /** As {@link #change}, on the shelf's own thread and in any case. */
  void soon(Action action) {
    thread.execute(() -> change(action));
  }

  /** On the shelf's own thread, some time later; not at all when too much waits there already. */
  void later(int bytes, Action action) {
    if (closing || queuedBytes.addAndGet(bytes) > MAX_QUEUED_BYTES) {
      queuedBytes.addAndGet(-bytes);
      return;
    }
    thread.execute(
        () -> {
          try {
            if (isWriting()) {
              write(bytes, action);
            }
          } finally {
            queuedBytes.addAndGet(-bytes);
          }
        });
  }

  private void write(int bytes, Action action) {
    Store store = seen;
    if (store == null) {
      return;
    }
    try {
      writtenSinceLook += bytes;
      if (writtenSinceLook > LOOK_AFTER_BYTES) {
        makeRoom(store);
      }
      if (isWriting()) {
        action.with(store);
      }
    } catch (IOException e) {
      pause(e.getMessage()); // most likely the disk is full; what was begun is not in the index
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      failed(store, e);
    }
  }

  /** Whether the local disk has room for a cache. */
  boolean isWriting() {
    return pausedUntilNanos == 0 || System.nanoTime() - pausedUntilNanos >= 0;
  }

  private void pause(@Nullable String why) {
    if (isWriting()) {
      LOG.log(Level.WARNING, "nothing is cached on the disk for a while: {0}", why);
    }
    pausedUntilNanos = System.nanoTime() + PAUSE.toNanos();
  }

  private void tick() {
    Store store = seen;
    if (store == null) {
      return;
    }
    try {
      makeRoom(store);
      if (store.isDirty() && isWriting()) {
        store.commit();
        store.tidy();
      }
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      failed(store, e);
    }
  }

  /** Within the cache's own bound; and unsent changes come first where the disk is nearly full. */
  private void makeRoom(Store store) throws IOException {
    writtenSinceLook = 0;
    long index = store.indexBytes();
    if (index > Math.max(MIN_INDEX_BYTES, maxBytes / INDEX_PART)) {
      throw new IOException("its index has grown to " + index + " bytes");
    }
    while (store.contentBytes() + index > maxBytes && store.evictOldest()) {
      index = store.indexBytes();
    }
    boolean low = Files.getFileStore(directory).getUsableSpace() < reserveBytes;
    while (low && store.evictOldest()) {
      low = Files.getFileStore(directory).getUsableSpace() < reserveBytes;
    }
    if (low) {
      pause("less than %d MB are free in %s".formatted(reserveBytes >> 20, directory));
    }
  }

  /** Nothing that the store held is answered from here on, nor by a later process. */
  private void failed(Store store, Throwable why) {
    lock.lock();
    try {
      if (current != store) {
        return;
      }
      current = null;
      seen = null;
      LOG.log(Level.WARNING, "the cache in {0} is thrown away: {1}", directory, why.toString());
      store.abandon();
      claim.empty();
    } catch (IOException e) {
      LOG.log(Level.ERROR, "{0} could not be emptied; delete it: {1}", directory, e.getMessage());
    } finally {
      lock.unlock();
    }
    reopenLater();
  }

  private void reopenLater() {
    if (!closing) {
      var unused = thread.schedule(this::reopen, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void reopen() {
    try {
      open();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "still no disk cache in {0}: {1}", directory, e.getMessage());
      reopenLater();
    }
  }

  /** Bytes on the disk. */
  long bytes() {
    return use(0L, store -> store.indexBytes() + store.contentBytes());
  }

  /**
   * Writes down what is known now, and gives the directory back. Waits for the disk, a little.
   *
   * @param last done first
   */
  void close(Runnable last) {
    closing = true;
    try {
      CompletableFuture.runAsync(
              () -> {
                last.run();
                end();
              },
              thread)
          .get(CLOSING.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.WARNING, "{0} was left in the middle of writing: {1}", directory, e.toString());
    }
    thread.shutdownNow(); // only now: what waits for its turn would not be done after it
    try {
      claim.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the lock of {0} goes with the process: {1}", directory, e.toString());
    }
  }

  private void end() {
    tick();
    lock.lock();
    try {
      Store store = current;
      current = null;
      seen = null;
      if (store != null) {
        store.close();
        claim.end();
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.WARNING, "closing {0}: {1}", directory, e.toString());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    close(() -> {});
  }
}
