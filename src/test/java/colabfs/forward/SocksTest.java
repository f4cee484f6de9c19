package colabfs.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of RFC 1928 and of SOCKS 4 and 4a. */
final class SocksTest {
  private static final HexFormat HEX = HexFormat.of();
  private final ByteArrayOutputStream told = new ByteArrayOutputStream();

  @ParameterizedTest
  @CsvSource({
    "0401 1f90 0a000001 6d6500,               10.0.0.1, 8080",
    "0401 1f90 00000001 00 646200,            db, 8080",
    "0501 00 050100 01 0a000001 1f90,         10.0.0.1, 8080",
    "0502 0200 050100 03 02 6462 1f90,        db, 8080",
    "0501 00 050100 04 00000000000000000000000000000001 1f90, 0:0:0:0:0:0:0:1, 8080",
  })
  void connect_isRead(String bytes, String host, int port) throws IOException {
    Socks wanted = read(bytes);
    assertThat(wanted.host()).isEqualTo(host);
    assertThat(wanted.port()).isEqualTo(port);
  }

  @Test
  void answers_areInTheClientsVersion() throws IOException {
    Socks four = read("0401 1f90 0a000001 00");
    four.answer(told, Socks.Answer.GRANTED);
    four.answer(told, Socks.Answer.REFUSED);
    assertThat(HEX.formatHex(told.toByteArray())).isEqualTo("005a000000000000005b000000000000");
    told.reset();
    Socks five = read("0501 00 050100 03 02 6462 1f90");
    five.answer(told, Socks.Answer.REFUSED);
    assertThat(HEX.formatHex(told.toByteArray())).isEqualTo("0500" + "05050001000000000000");
  }

  @Test
  void clientThatWantsToLogIn_isTurnedAway() {
    assertThatThrownBy(() -> read("0501 02")).isInstanceOf(IOException.class);
    assertThat(HEX.formatHex(told.toByteArray())).isEqualTo("05ff");
  }

  @Test
  void otherCommands_areTurnedAway() {
    assertThatThrownBy(() -> read("0501 00 050200 03 02 6462 1f90"))
        .isInstanceOf(IOException.class);
    assertThat(HEX.formatHex(told.toByteArray())).isEqualTo("0500" + "05070001000000000000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "47455420",
        "0401",
        "0501 00 050100 03 00 1f90",
        "0501 00 050100 09 1f90",
        "0501 00 050100 03 02 6462 0000",
        "0501 00 050100 03 02 6420 1f90",
        "0501 00 040100"
      })
  void nonsense_isAnEndOfTheConnection(String bytes) {
    assertThatThrownBy(() -> read(bytes)).isInstanceOf(IOException.class);
  }

  @Test
  void nameWithoutAnEnd_isBounded() {
    String endless = "0401 1f90 0a000001" + "61".repeat(10_000);
    assertThatThrownBy(() -> read(endless)).hasMessageContaining("too long");
  }

  private Socks read(String hex) throws IOException {
    return Socks.read(new ByteArrayInputStream(HEX.parseHex(hex.replace(" ", ""))), told);
  }
}
