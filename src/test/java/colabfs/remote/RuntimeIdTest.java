package colabfs.remote;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RuntimeIdTest {

  @ParameterizedTest(name = "[{index}] {0} {1} {2}, then {3} {4} {5}: {6}")
  @CsvSource({
    // machine, boot, key; the same later; what it is
    "m, b, k, m, b, k, SAME",
    "m, b, k, m, other, k, MAYBE", // started again, or a container made anew
    "m, b, k, other, b, k, NEW",
    "m, b, k, other, other, k, NEW",
    "m, b, k, m, b, other, NEW", // two containers of one image on one machine
    "m, b, k, m, other, other, NEW",
    "m, b, k, other, other, other, NEW",
    // parts that are unknown
    ", b, k, , b, k, SAME",
    ", b, k, m, b, k, SAME",
    "m, b, , m, b, k, SAME",
    ", b, k, , other, k, MAYBE",
    ", b, , , b, , MAYBE",
    "m, , k, m, b, k, MAYBE",
    "m, , k, m, , k, MAYBE",
    ", , k, , , k, MAYBE",
    ", , , , , , MAYBE",
    "m, , , other, , , NEW",
    ", , k, , , other, NEW",
    ", b, , , other, , MAYBE",
  })
  void comparedTo_isTheSameBothWays(
      String machine,
      String boot,
      String key,
      String laterMachine,
      String laterBoot,
      String laterKey,
      RuntimeId.Match expected) {
    RuntimeId earlier = new RuntimeId(machine, boot, key);
    RuntimeId later = new RuntimeId(laterMachine, laterBoot, laterKey);
    assertThat(later.comparedTo(earlier)).isEqualTo(expected);
    assertThat(earlier.comparedTo(later)).isEqualTo(expected);
  }
}
