package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.exec.LogsSince;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SinceTextTest {
  private static final ZoneId ZONE = ZoneId.of("+02:00");

  @ParameterizedTest
  @CsvSource({"90s, PT90S", "10m, PT10M", "2h, PT2H", "1d, P1D", "0s, PT0S"})
  void numberWithUnit_isATimeBeforeNow(String text, Duration before) {
    assertThat(SinceText.read(text, ZONE)).isEqualTo(new LogsSince(null, before));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-21T10:00, 2026-11-21T08:00:00Z",
    "2026-11-21 10:00:30, 2026-11-21T08:00:30Z",
    "2026-11-21T10:00Z, 2026-11-21T10:00:00Z",
    "2026-11-21T10:00+01:00, 2026-11-21T09:00:00Z",
    "2026-11-21, 2026-11-20T22:00:00Z",
  })
  void timeWithoutZone_isOfHere(String text, Instant time) {
    assertThat(SinceText.read(text, ZONE)).isEqualTo(new LogsSince(time, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "10x", "-10m", "yesterday", "2026-13-01", "2026-11-21T25:00"})
  void anythingElse_isAMistake(String text) {
    assertThatThrownBy(() -> SinceText.read(text, ZONE)).isInstanceOf(DateTimeException.class);
  }

  @Test
  void moreDaysThanATimeHolds_isAMistakeAndNoCrash() {
    assertThat(SinceText.read("999999999d", ZONE).before()).isNotNull();
  }
}
