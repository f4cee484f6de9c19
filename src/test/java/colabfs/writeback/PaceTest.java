package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class PaceTest {
  private static final long LARGE = 10 * Pace.LARGE_FILE_BYTES;
  private static final int MEGABYTE = 1 << 20;

  private final Pace pace = new Pace(Runnable::run);

  @Test
  void fileUpToTheThreshold_isNeverHeldBack() {
    assertThat(pace.answer(Pace.LARGE_FILE_BYTES, Pace.LARGE_FILE_BYTES, MEGABYTE)).isCompleted();
  }

  @Test
  void largeFile_ofWhichLittleWaits_isNotHeldBack() {
    assertThat(pace.answer(LARGE, Pace.PART_BYTES, MEGABYTE)).isCompleted();
  }

  @Test
  void largeFile_ofWhichMuchWaits_goesOnAsFastAsItIsSent() {
    CompletableFuture<Void> first = pace.answer(LARGE, LARGE, 2 * MEGABYTE);
    CompletableFuture<Void> second = pace.answer(LARGE, LARGE, MEGABYTE);
    pace.sent(MEGABYTE);
    assertThat(first).isNotDone();
    pace.sent(MEGABYTE);
    assertThat(first).isCompleted();
    assertThat(second).isNotDone();
    pace.sent(MEGABYTE);
    assertThat(second).isCompleted();
  }

  @Test
  void whatWasSentBefore_isNoCredit() {
    pace.sent(100 * MEGABYTE);
    assertThat(pace.answer(LARGE, LARGE, MEGABYTE)).isNotDone();
  }

  @Test
  @DisplayName(
      "Whoever writes a large file goes on as fast as it is sent, and freely while the link is down.")
  void lostLink_letsEverybodyGoOn_untilItStandsAgain() {
    CompletableFuture<Void> held = pace.answer(LARGE, LARGE, MEGABYTE);
    pace.sending(false);
    assertThat(held).isCompleted();
    assertThat(pace.answer(LARGE, LARGE, MEGABYTE)).isCompleted();
    pace.sending(true);
    assertThat(pace.answer(LARGE, LARGE, MEGABYTE)).isNotDone();
  }
}
