package colabfs.fs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class DiskShareTest {
  private static final int BLOCK = 128 << 10;
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5); // which may overflow
  private final DiskShare share = new DiskShare(nanos::get);

  @Test
  void burst_isTaken_andNoMore() {
    assertThat(taken()).isEqualTo(DiskShare.BURST_BYTES);
    assertThat(share.takes(1)).isFalse();
  }

  @Test
  @DisplayName(
      "Of a long stream, no more is kept for the next mount than 64 MiB and 32 MiB a second.")
  void afterTheBurst_theRateIsTaken() {
    long burst = taken();
    nanos.addAndGet(500_000_000);
    assertThat(burst).isPositive();
    assertThat(taken()).isEqualTo(DiskShare.BYTES_PER_SECOND / 2);
  }

  @Test
  void afterALongRest_itIsOneBurst() {
    long burst = taken();
    nanos.addAndGet(3_600_000_000_000L);
    assertThat(taken()).isEqualTo(burst);
  }

  private long taken() {
    long taken = 0;
    while (share.takes(BLOCK)) {
      taken += BLOCK;
    }
    return taken;
  }
}
