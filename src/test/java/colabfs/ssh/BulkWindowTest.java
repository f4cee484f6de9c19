package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The window on simulated links: how much of the link it uses, and how long its queue gets. */
final class BulkWindowTest {
  private static final int MOST = SftpChannel.Limits.MOST_BYTES;

  /** Keeps the window's queue full, as a copy of a large file does. */
  private static final class Greedy {
    final SimulatedLink link;
    final BulkWindow window;
    int waiting;

    Greedy(SimulatedLink link) {
      this.link = link;
      this.window = new BulkWindow(link::now, Duration.ofSeconds(30));
    }

    void run(Duration time) {
      for (long ms = 0; ms < time.toMillis(); ms++) {
        while (waiting < 64) {
          submit();
        }
        link.pass(Duration.ofMillis(1));
      }
    }

    private void submit() {
      int bytes = window.requestBytes(MOST);
      waiting++;
      window.submit(
          bytes,
          new BulkWindow.Request() {
            @Override
            public CompletableFuture<Integer> start() {
              waiting--;
              return link.send(bytes);
            }

            @Override
            public void giveUp(FsException reason) {
              throw new AssertionError(reason);
            }
          });
    }

    /** Of what the link could move in that time. */
    double use(Duration time, double megabit) {
      long before = link.movedBytes();
      run(time);
      return (link.movedBytes() - before) * 8 / 1e6 / (megabit * time.toMillis() / 1e3);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "10, 30",
    "10, 80",
    "10, 200",
    "50, 30",
    "50, 80",
    "50, 200",
    "100, 30",
    "100, 80",
    "100, 200",
    "1000, 5",
    "2, 80"
  })
  void window_onALink_fillsIt_andKeepsItsQueueShort(double megabit, int roundTripMillis) {
    SimulatedLink link = new SimulatedLink(megabit, Duration.ofMillis(roundTripMillis));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofSeconds(2));
    assertThat(link.longestQueue()).isLessThan(Duration.ofMillis(1100));
    assertThat(greedy.use(Duration.ofSeconds(30), megabit)).isGreaterThan(0.93);
    long tolerated =
        Math.max(roundTripMillis * 3 / 4, 30) + (long) (2 * 32 * 1024 * 8 / megabit / 1e3);
    assertThat(link.longestQueue()).isLessThan(Duration.ofMillis(tolerated + 30));
  }

  @Test
  void window_at50MegabitAnd80Millis_isNearlyFullWithinAThirdOfASecond() {
    SimulatedLink link = new SimulatedLink(50, Duration.ofMillis(80));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofMillis(330));
    assertThat(greedy.use(Duration.ofMillis(300), 50)).isGreaterThan(0.85);
    assertThat(link.longestQueue()).isLessThan(Duration.ofMillis(250));
  }

  @Test
  void window_whenTheLinkGetsSlower_followsWithinSeconds() {
    SimulatedLink link = new SimulatedLink(50, Duration.ofMillis(80));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofSeconds(5));
    link.rate(10);
    greedy.run(Duration.ofSeconds(8));
    link.longestQueue();
    assertThat(greedy.use(Duration.ofSeconds(10), 10)).isGreaterThan(0.9);
    assertThat(link.longestQueue()).isLessThan(Duration.ofMillis(200));
  }

  @Test
  void window_whenTheLinkGetsFaster_followsWithinSeconds() {
    SimulatedLink link = new SimulatedLink(10, Duration.ofMillis(80));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofSeconds(5));
    link.rate(50);
    greedy.run(Duration.ofSeconds(5));
    assertThat(greedy.use(Duration.ofSeconds(5), 50)).isGreaterThan(0.9);
  }

  @Test
  void window_whenTheOtherMachineGetsBusy_stillFillsTheLink() {
    SimulatedLink link = new SimulatedLink(500, Duration.ofMillis(20));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofSeconds(2));
    link.lateness(Duration.ofMillis(12));
    greedy.run(Duration.ofSeconds(3));
    assertThat(greedy.use(Duration.ofSeconds(3), 500)).isGreaterThan(0.9);
  }

  @Test
  void window_afterIdleness_fillsTheLinkAtOnce() {
    SimulatedLink link = new SimulatedLink(50, Duration.ofMillis(80));
    Greedy greedy = new Greedy(link);
    greedy.run(Duration.ofSeconds(3));
    greedy.waiting = 1000;
    greedy.run(Duration.ofSeconds(60));
    greedy.waiting = 0;
    greedy.run(Duration.ofMillis(100));
    assertThat(greedy.use(Duration.ofMillis(500), 50)).isGreaterThan(0.85);
  }

  @Test
  void submit_oneThatFailsAtOnce_doesNotNestTheNext() {
    BulkWindow window = new BulkWindow(() -> 0L, Duration.ofSeconds(1));
    CompletableFuture<Integer> first = new CompletableFuture<>();
    List<Integer> started = new ArrayList<>();
    window.submit((int) BulkPace.FIRST_WINDOW_BYTES, request(first, started));
    window.submit((int) BulkPace.FIRST_WINDOW_BYTES, request(first, started));
    FsException gone = new FsException(Errno.ENOTCONN, "gone");
    for (int i = 0; i < 100_000; i++) {
      window.submit(MOST, request(CompletableFuture.failedFuture(gone), started));
    }
    assertThat(started).hasSize(2);
    first.completeExceptionally(gone);
    assertThat(started).hasSize(100_002);
  }

  @Test
  void submit_whileNothingMoves_isGivenUpWithTheOthers() {
    long[] now = {0};
    BulkWindow window = new BulkWindow(() -> now[0], Duration.ofSeconds(1));
    CompletableFuture<Integer> stuck = new CompletableFuture<>();
    List<Integer> started = new ArrayList<>();
    List<FsException> givenUp = new ArrayList<>();
    window.submit((int) BulkPace.FIRST_WINDOW_BYTES, request(stuck, started));
    window.submit((int) BulkPace.FIRST_WINDOW_BYTES, request(stuck, started));
    window.submit(
        MOST,
        new BulkWindow.Request() {
          @Override
          public @Nullable CompletableFuture<Integer> start() {
            throw new AssertionError("nobody answers");
          }

          @Override
          public void giveUp(FsException reason) {
            givenUp.add(reason);
          }
        });
    now[0] = Duration.ofSeconds(1).toNanos();
    stuck.completeExceptionally(new FsException(Errno.ETIMEDOUT, "no answer"));
    assertThat(givenUp).hasSize(1);
  }

  private static BulkWindow.Request request(
      CompletableFuture<Integer> answer, List<Integer> started) {
    return new BulkWindow.Request() {
      @Override
      public CompletableFuture<Integer> start() {
        started.add(1);
        return answer;
      }

      @Override
      public void giveUp(FsException reason) {
        throw new AssertionError(reason);
      }
    };
  }
}
