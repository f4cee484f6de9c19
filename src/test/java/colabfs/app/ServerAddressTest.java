package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerAddressTest {

  @Test
  void lastLineThatIsAnAddress_counts() {
    assertThat(ServerAddress.parse("hello\n1.2.3.4 5 6.7.8.9 10\n127.0.0.1 4711 172.28.0.12 22\n"))
        .isEqualTo(new ServerAddress.Place("172.28.0.12", 22));
    assertThat(ServerAddress.parse("::1 4711 fe80::1%eth0 2222\n"))
        .isEqualTo(new ServerAddress.Place("fe80::1%eth0", 2222));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "1.2.3.4 5 6.7.8.9", "1 2 $(reboot) 4", "1 2 3.4.5.6 99999"})
  void nonsense_isNoAddress(String text) {
    assertThat(ServerAddress.parse(text)).isNull();
  }
}
