package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.remote.RemoteIdentity;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class OpeningTest {

  @Test
  void identity_isReadFromTheLastLines() {
    assertThat(Opening.parseIdentity("0\n0\n0 27 44\n"))
        .isEqualTo(new RemoteIdentity(0, 0, Set.of(0, 27, 44)));
    assertThat(Opening.parseIdentity("Welcome to Colab!\n\n1000\r\n100\r\n100 4\r\n"))
        .isEqualTo(new RemoteIdentity(1000, 100, Set.of(100, 4)));
  }

  @Test
  void identity_thatIsNone_isNull() {
    assertThat(Opening.parseIdentity("")).isNull();
    assertThat(Opening.parseIdentity("0\n0\n")).isNull();
    assertThat(Opening.parseIdentity("id: not found\nid: not found\nid: not found\n")).isNull();
  }
}
