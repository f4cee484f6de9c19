package colabfs.fs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RangesTest {
  @Test
  void overlaps_randomRanges_agreesWithBits() {
    Random random = new Random(7);
    Ranges ranges = new Ranges();
    BitSet bits = new BitSet();
    for (int i = 0; i < 5000; i++) {
      int start = random.nextInt(2000);
      int end = start + random.nextInt(10);
      boolean expected = start < end && bits.get(start, end).cardinality() > 0;
      assertThat(ranges.overlaps(start, end)).as("%d to %d", start, end).isEqualTo(expected);
      if (random.nextInt(20) == 0) {
        ranges.add(start, end);
        bits.set(start, end);
      }
      if (i % 1500 == 1499) {
        ranges.clear();
        bits.clear();
      }
    }
  }
}
