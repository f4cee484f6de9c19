package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class KeepAliveTest {
  private long nanos = 1;
  private long received;
  private int asked;
  private @Nullable Duration dead;

  private final KeepAlive keepAlive =
      new KeepAlive(
          new KeepAlive.Wire() {
            @Override
            public void ask() {
              asked++;
            }

            @Override
            public void dead(Duration silence) {
              assertThat(dead).isNull();
              dead = silence;
            }
          },
          () -> received,
          () -> received,
          () -> nanos);

  @Test
  void peerThatAnswers_isAskedEveryFewSecondsAndLives() {
    for (int i = 0; i < 60; i++) {
      keepAlive.tick();
      pass(Duration.ofMillis(50));
      keepAlive.answered();
      pass(Duration.ofMillis(950));
    }
    assertThat(asked).isEqualTo(20);
    assertThat(dead).isNull();
    assertThat(keepAlive.roundTrip()).isEqualTo(Duration.ofMillis(50));
  }

  @Test
  void peerThatFallsSilent_isDeadWithin15Seconds_toldOnce() {
    keepAlive.tick();
    keepAlive.answered();
    long silentSince = nanos;
    while (dead == null && nanos - silentSince < Duration.ofSeconds(60).toNanos()) {
      pass(KeepAlive.TICK);
      keepAlive.tick();
    }
    assertThat(Duration.ofNanos(nanos - silentSince)).isLessThanOrEqualTo(Duration.ofSeconds(15));
    assertThat(dead).isNotNull();
    pass(Duration.ofSeconds(60));
    keepAlive.tick();
  }

  @Test
  void bytesOfAnyKind_areASignOfLife() {
    keepAlive.tick(); // asked; the answer is stuck behind a long transfer
    for (int i = 0; i < 60; i++) {
      pass(Duration.ofSeconds(1));
      received += 100_000;
      keepAlive.tick();
    }
    assertThat(dead).isNull();
    for (int i = 0; i < 11; i++) {
      pass(Duration.ofSeconds(1));
      keepAlive.tick();
    }
    assertThat(dead).isNotNull();
  }

  @Test
  void roundTrip_whileTheLinkIsBusy_isNotTaken() {
    keepAlive.tick();
    pass(Duration.ofMillis(80));
    keepAlive.answered();
    pass(KeepAlive.INTERVAL);
    keepAlive.tick();
    received += 1 << 20;
    pass(Duration.ofMillis(700));
    keepAlive.answered();
    assertThat(keepAlive.roundTrip()).isEqualTo(Duration.ofMillis(80));
  }

  private void pass(Duration time) {
    nanos += time.toNanos();
  }
}
