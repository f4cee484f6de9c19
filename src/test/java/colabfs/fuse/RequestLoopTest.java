package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jnr.constants.platform.Errno;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel and libfuse are {@link FakeKernel}; a request is a piece of work. */
final class RequestLoopTest {
  private static final int MAX_THREADS = 128;
  private static final int MAX_IDLE = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final FakeKernel kernel = new FakeKernel();
  private final List<Thread> started = new CopyOnWriteArrayList<>();
  private final List<Thread> endedOn = new CopyOnWriteArrayList<>();
  private final List<Throwable> uncaught = new CopyOnWriteArrayList<>();
  private final AtomicInteger leaving = new AtomicInteger();

  /** Threads that end stay in {@code left} for as long as this is closed. */
  private volatile CountDownLatch gate = new CountDownLatch(0);

  /** So many threads can be had. */
  private volatile int available = Integer.MAX_VALUE;

  /** Whether to leave fails. */
  private volatile boolean failsToLeave;

  private final RequestLoop loop =
      new RequestLoop(
          kernel,
          pointer(),
          pointer(),
          new RequestLoop.Passage() {
            @Override
            public Pointer channelFor(Pointer request, Pointer otherwise) {
              return otherwise;
            }

            @Override
            public void served() {}

            @Override
            public void left() {
              leaving.incrementAndGet();
              pass(gate);
              if (failsToLeave) {
                throw new Failure();
              }
            }
          },
          () -> endedOn.add(Thread.currentThread()),
          this::newThread);

  /** What goes wrong. */
  private static final class Failure extends Error {
    private static final long serialVersionUID = 1;
  }

  @AfterEach
  void theMountEndsOnce_andNothingElseFailed() throws InterruptedException {
    openGate();
    kernel.end(0);
    joinAll();
    assertThat(endedOn).hasSize(started.isEmpty() ? 0 : 1);
    assertThat(uncaught).allMatch(Failure.class::isInstance);
  }

  /** Who ends may have started one more, which comes later in the list. */
  private void joinAll() throws InterruptedException {
    for (int i = 0; i < started.size(); i++) {
      Thread thread = started.get(i);
      thread.join(PATIENCE.toMillis());
      assertThat(thread.isAlive()).as(thread.getName()).isFalse();
    }
  }

  @Test
  void requests_afterABurst_whileTheThreadsTooManyTakeLongToEnd_areRead() {
    loop.start();
    int burst = 3 * MAX_IDLE;
    Burst held = new Burst(burst);
    closeGate();
    held.begin();
    held.end();
    awaitLeaving(burst + 1 - MAX_IDLE);
    for (int i = 0; i < burst; i++) {
      serveOne();
      awaitReaders(MAX_IDLE);
    }
    openGate();
    serveOne();
    assertThat(endedOn).isEmpty();
  }

  @Test
  void requests_thatKeepAllThreadsBusy_whileTheThreadsTooManyEnd_doNotKeepOthersWaiting() {
    loop.start();
    Burst all = new Burst(MAX_THREADS);
    closeGate();
    all.begin();
    all.end();
    awaitLeaving(MAX_THREADS - MAX_IDLE);
    Burst rest = new Burst(MAX_IDLE);
    rest.begin();
    assertThat(kernel.readers()).as("no room for a thread more").isZero();
    openGate();
    serveOne();
    rest.end();
  }

  @Test
  void requests_moreThanThreads_waitTheirTurn() {
    loop.start();
    Burst all = new Burst(MAX_THREADS);
    all.begin();
    Burst more = new Burst(MAX_THREADS / 2);
    more.send();
    assertThat(started).hasSize(MAX_THREADS);
    assertThat(kernel.waitingRequests()).isEqualTo(MAX_THREADS / 2);
    all.end();
    more.awaitBegun();
    more.end();
    awaitReaders(MAX_IDLE);
  }

  @Test
  void requests_inBurstsOfRandomSizes_neverLeaveNobodyReading() {
    loop.start();
    long seed = System.nanoTime();
    Random random = new Random(seed);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    while (System.nanoTime() < end) {
      boolean together = random.nextBoolean();
      Burst burst = new Burst(1 + random.nextInt(together ? MAX_THREADS : 2 * MAX_THREADS));
      if (!together) {
        burst.open();
      }
      burst.begin();
      burst.end();
      serveOne();
      assertThat(endedOn).as("seed %d", seed).isEmpty();
    }
    awaitReaders(MAX_IDLE);
    assertThat(kernel.mostServed()).as("seed %d", seed).isLessThanOrEqualTo(MAX_THREADS);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -19}) // ENODEV
  void ended_onTheLastThread_once(int received) throws InterruptedException {
    loop.start();
    Burst burst = new Burst(MAX_IDLE / 2);
    burst.begin();
    Burst last = new Burst(1);
    last.begin();
    burst.end();
    kernel.end(received);
    awaitLeaving(started.size() - 1);
    assertThat(endedOn).isEmpty();
    last.end();
    joinAll();
    assertThat(endedOn).containsExactly(last.servedOn());
    assertThat(kernel.sessionIsOver()).isTrue();
  }

  @Test
  void ended_thoughToLeaveFails_once() {
    failsToLeave = true;
    loop.start();
    serveOne();
    kernel.end(0);
    awaitThat(() -> !endedOn.isEmpty());
  }

  @Test
  void request_thatFails_endsItsThreadOnly() {
    loop.start();
    for (int i = 0; i < 2 * MAX_IDLE; i++) {
      kernel.send(
          () -> {
            throw new Failure();
          });
      awaitLeaving(i + 1);
      serveOne();
    }
    assertThat(endedOn).isEmpty();
  }

  @Test
  void requests_onAllThreads_thatFail_leaveSomebodyReading() {
    loop.start();
    CountDownLatch failing = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(MAX_THREADS);
    for (int i = 0; i < MAX_THREADS; i++) {
      kernel.send(
          () -> {
            begun.countDown();
            pass(failing);
            throw new Failure();
          });
    }
    pass(begun);
    failing.countDown();
    awaitLeaving(MAX_THREADS);
    serveOne();
    assertThat(endedOn).isEmpty();
  }

  @Test
  void recv_thatWasInterrupted_isCalledAgain() {
    kernel.sendError(-Errno.EINTR.intValue());
    kernel.sendError(-Errno.EAGAIN.intValue());
    loop.start();
    kernel.sendError(-Errno.EINTR.intValue());
    serveOne();
    awaitReaders(2);
    assertThat(leaving).hasValue(0);
    assertThat(kernel.served()).isEqualTo(1);
  }

  @Test
  void requests_whenNoMoreThreadsCanBeHad_areServedByThoseThatAreThere() {
    available = 2;
    loop.start();
    Burst both = new Burst(2);
    both.begin();
    Burst next = new Burst(2);
    next.send();
    both.end();
    next.awaitBegun();
    next.end();
    awaitReaders(2);
    available = 3;
    Burst three = new Burst(3);
    three.begin();
    three.end();
    assertThat(endedOn).isEmpty();
  }

  @Test
  void start_whenNoThreadCanBeHad_fails() {
    available = 0;
    assertThatThrownBy(loop::start).isInstanceOf(OutOfMemoryError.class);
    assertThat(endedOn).isEmpty();
  }

  private Thread newThread(Runnable work) {
    if (started.size() >= available) {
      throw new OutOfMemoryError("unable to create native thread");
    }
    Thread thread = new Thread(work);
    thread.setUncaughtExceptionHandler((failed, failure) -> uncaught.add(failure));
    started.add(thread);
    return thread;
  }

  private void serveOne() {
    Burst one = new Burst(1);
    one.begin();
    one.end();
  }

  private void closeGate() {
    gate = new CountDownLatch(1);
  }

  private void openGate() {
    gate.countDown();
  }

  private void awaitReaders(int readers) {
    awaitThat(() -> kernel.readers() == readers);
  }

  private void awaitLeaving(int threads) {
    awaitThat(() -> leaving.get() == threads);
  }

  private static void awaitThat(Callable<Boolean> condition) {
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(condition);
  }

  private static void pass(CountDownLatch latch) {
    try {
      assertThat(latch.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static Pointer pointer() {
    return Memory.allocateDirect(Runtime.getSystemRuntime(), Long.BYTES, true);
  }

  /** Requests that are served at once: all of them begin before one ends. */
  private final class Burst {
    private final int size;
    private final CountDownLatch begun;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final CountDownLatch over;
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    Burst(int size) {
      this.size = size;
      this.begun = new CountDownLatch(size);
      this.over = new CountDownLatch(size);
    }

    /** Returns when all are being served. */
    void begin() {
      send();
      awaitBegun();
    }

    void send() {
      for (int i = 0; i < size; i++) {
        kernel.send(
            () -> {
              threads.add(Thread.currentThread());
              begun.countDown();
              pass(ending);
              over.countDown();
            });
      }
    }

    void awaitBegun() {
      pass(begun);
    }

    /** Each may end as soon as it likes. */
    void open() {
      ending.countDown();
    }

    void end() {
      open();
      pass(over);
    }

    Thread servedOn() {
      return threads.get(0);
    }
  }
}
