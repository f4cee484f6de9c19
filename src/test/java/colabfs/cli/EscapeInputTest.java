package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EscapeInputTest {
  private final AtomicInteger left = new AtomicInteger();
  private final StringBuilder said = new StringBuilder();

  @ParameterizedTest
  @CsvSource({
    "a~.b, a~.b",
    "~~x, ~x",
    "~~~, ~~",
    "~x, ~x",
    "ls ~, ls ~",
    "ls;~~;x, ls;~;x",
    "~;x, ~;x",
    "~;~~, ~;~",
    "~?x, x",
  })
  void keys_arePassedOnAsWithSsh(String typed, String passed) throws IOException {
    for (int piece : new int[] {1, 2, 100}) {
      assertThat(read(typed.replace(';', '\r'), piece)).isEqualTo(passed.replace(';', '\r'));
    }
    assertThat(left).hasValue(0);
  }

  @Test
  void tildeAndDot_leave_andNothingBehindThemIsPassedOn() throws IOException {
    assertThat(read("ls\r~.rm -r x\r", 100)).isEqualTo("ls\r");
    assertThat(left).hasValue(1);
  }

  @Test
  void tildeAndQuestionMark_help() throws IOException {
    assertThat(read("~?", 1)).isEmpty();
    assertThat(said).contains("~.").contains("\r\n").doesNotContainPattern("[^\r]\n");
  }

  @Test
  void beforeItHasBegun_tildesAreTildes() throws IOException {
    InputStream in = input("~.~?", 100);
    assertThat(in.readAllBytes()).asString(StandardCharsets.US_ASCII).isEqualTo("~.~?");
    assertThat(left).hasValue(0);
  }

  private String read(String typed, int piece) throws IOException {
    EscapeInput in = input(typed, piece);
    in.begin();
    StringBuilder all = new StringBuilder();
    byte[] buffer = new byte[piece];
    int n = in.read(buffer);
    while (n >= 0) {
      all.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
      n = in.read(buffer);
    }
    return all.toString();
  }

  /** What is typed comes in pieces. */
  private EscapeInput input(String typed, int piece) {
    InputStream keys =
        new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)) {
          @Override
          public synchronized int read(byte[] into, int offset, int length) {
            return super.read(into, offset, Math.min(piece, length));
          }

          @Override
          public int read(byte[] into) {
            return read(into, 0, into.length);
          }
        };
    return new EscapeInput(keys, left::incrementAndGet, said::append);
  }
}
