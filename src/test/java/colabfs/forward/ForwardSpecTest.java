package colabfs.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.forward.ForwardSpec.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ForwardSpecTest {

  @ParameterizedTest
  @CsvSource({
    "8888,                  -L 8888:localhost:8888",
    "80:db:5432,            -L 80:db:5432",
    "127.0.0.1:80:db:5432,  -L 80:db:5432",
    "0.0.0.0:80:db:5432,    -L 0.0.0.0:80:db:5432",
    "*:80:db:5432,          -L 0.0.0.0:80:db:5432",
    "':80:db:5432',         -L 0.0.0.0:80:db:5432",
    "0:db:5432,             -L 0:db:5432",
    "[::1]:80:[fe80::1]:81, -L [::1]:80:[fe80::1]:81",
  })
  void local_isReadAndWrittenAsItIsTyped(String typed, String shown) {
    ForwardSpec spec = ForwardSpec.parse(Kind.LOCAL, typed);
    assertThat(spec).hasToString(shown);
    assertThat(ForwardSpec.parse(Kind.LOCAL, shown.substring(3))).isEqualTo(spec);
  }

  @Test
  void remote_listensForTheRuntimesOwnPrograms() {
    ForwardSpec spec = ForwardSpec.parse(Kind.REMOTE, "9000");
    assertThat(spec.bind()).isEqualTo("localhost");
    assertThat(spec.isOpenToOthers()).isFalse();
    assertThat(spec).hasToString("-R 9000:localhost:9000");
  }

  @Test
  void dynamic_hasNoTarget() {
    assertThat(ForwardSpec.parse(Kind.DYNAMIC, "1080")).hasToString("-D 1080");
    ForwardSpec open = ForwardSpec.parse(Kind.DYNAMIC, "0.0.0.0:1080");
    assertThat(open).hasToString("-D 0.0.0.0:1080");
    assertThat(open.isOpenToOthers()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "-1",
        "0",
        "65536",
        "80:db",
        "80::81",
        "80:db:0",
        "80:db:x",
        "a:b:c:d:e",
        "1 2",
        "80:a b:81",
        "99999999999"
      })
  void nonsense_isRefusedWithAnExample(String typed) {
    assertThatThrownBy(() -> ForwardSpec.parse(Kind.LOCAL, typed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(".*(such as -L 8888|ports are).*");
  }

  @Test
  void dynamicWithATarget_isRefused() {
    assertThatThrownBy(() -> ForwardSpec.parse(Kind.DYNAMIC, "1:b:2"))
        .hasMessageContaining("-D 1080");
  }
}
