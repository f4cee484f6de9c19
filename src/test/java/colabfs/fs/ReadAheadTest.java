package colabfs.fs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class ReadAheadTest {
  private static final int READ = 128 << 10;
  private final ReadAhead ahead = new ReadAhead(4 << 20);

  @Test
  void plan_firstRead_fetchesNothingAhead() {
    assertThat(ahead.plan(0, READ)).isZero();
  }

  @Test
  void plan_inSequence_growsWhileTheReaderWaitsUpToTheBound() {
    long offset = 0;
    long window = 0;
    for (int i = 0; i < 40; i++) {
      long to = ahead.plan(offset, READ);
      offset += READ;
      window = Math.max(0, to - offset);
      ahead.waited();
    }
    assertThat(window).isEqualTo(4 << 20);
  }

  @Test
  void plan_slightlyShuffled_isStillInSequence() {
    long[] order = {0, 1, 3, 2, 5, 4, 7, 6, 9, 8};
    long last = 0;
    for (long block : order) {
      last = ahead.plan(block * READ, READ);
    }
    assertThat(last).isGreaterThan(10L * READ);
    assertThat(ahead.isRandom()).isFalse();
  }

  @Test
  void plan_jumpingAbout_fetchesNothingAhead() {
    Random random = new Random(3);
    int aheadPlans = 0;
    for (int i = 0; i < 200; i++) {
      aheadPlans += ahead.plan(random.nextInt(1 << 30), 4096) > 0 ? 1 : 0;
    }
    assertThat(aheadPlans).isLessThan(3);
  }
}
