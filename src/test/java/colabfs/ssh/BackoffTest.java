package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class BackoffTest {

  @Test
  void pauses_doubleUpToTheLongest() {
    Backoff backoff = new Backoff(constant(0));
    assertThat(backoff.next()).isEqualTo(Duration.ofMillis(200));
    assertThat(backoff.next()).isEqualTo(Duration.ofMillis(400));
    for (int i = 0; i < 10; i++) {
      backoff.next();
    }
    assertThat(backoff.next()).isEqualTo(Duration.ofSeconds(10));
    backoff.reset();
    assertThat(backoff.next()).isEqualTo(Duration.ofMillis(200));
  }

  @Test
  void pauses_areShortenedAtRandom_neverToNothing() {
    Backoff backoff = new Backoff(new Random(1));
    for (int i = 0; i < 200; i++) {
      assertThat(backoff.next()).isBetween(Duration.ofMillis(100), Duration.ofSeconds(10));
    }
    Backoff most = new Backoff(constant(Long.MAX_VALUE));
    assertThat(most.next()).isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void longest_isWhatOnlyTimeCanMend() {
    Backoff backoff = new Backoff(constant(0));
    assertThat(backoff.longest()).isEqualTo(Duration.ofSeconds(10));
  }

  private static RandomGenerator constant(long value) {
    return () -> value == 0 ? 0 : -1L;
  }
}
