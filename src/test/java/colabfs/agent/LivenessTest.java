package colabfs.agent;

import static colabfs.agent.Liveness.Verdict.ASK;
import static colabfs.agent.Liveness.Verdict.FINE;
import static colabfs.agent.Liveness.Verdict.NEVER_GREETED;
import static colabfs.agent.Liveness.Verdict.SILENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When the helper counts as gone, by a clock that the test moves. */
final class LivenessTest {
  private final long[] now = {0};
  private final Liveness liveness = new Liveness(AgentSettings.USUAL, () -> now[0]);

  @Test
  void aHelperThatIsNotAsked_mayBeSilent() {
    pass(1_000);
    assertThat(liveness.look(true, false)).isEqualTo(FINE);
  }

  @Test
  void aSilentHelper_isAsked_andGoneTwentySecondsLater() {
    assertThat(liveness.look(true, true)).isEqualTo(FINE);
    pass(6);
    assertThat(liveness.look(true, true)).isEqualTo(ASK);
    pass(20);
    assertThat(liveness.look(true, true)).isEqualTo(FINE);
    pass(1);
    assertThat(liveness.look(true, true)).isEqualTo(SILENT);
  }

  @Test
  void bytesInAnyDirection_areLife() {
    pass(6);
    assertThat(liveness.look(true, true)).isEqualTo(ASK);
    pass(19);
    liveness.moved();
    pass(19);
    assertThat(liveness.look(true, true)).isEqualTo(FINE);
  }

  @Test
  void anAnswer_beginsItAnew() {
    pass(6);
    assertThat(liveness.look(true, true)).isEqualTo(ASK);
    liveness.moved();
    liveness.answered();
    pass(6);
    assertThat(liveness.look(true, true)).isEqualTo(ASK);
  }

  @Test
  void aHelperThatNeverGreets_isGoneAfterThirtySeconds() {
    pass(30);
    assertThat(liveness.look(false, true)).isEqualTo(FINE);
    pass(1);
    assertThat(liveness.look(false, true)).isEqualTo(NEVER_GREETED);
  }

  private void pass(long seconds) {
    now[0] += Duration.ofSeconds(seconds).toNanos();
  }
}
