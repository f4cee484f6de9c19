package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SftpAttrsTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void write_thenRead_isTheSame() throws Exception {
    AttrChange change =
        new AttrChange(
            5L << 32,
            04755,
            new AttrChange.Owner(1000, -2),
            new AttrChange.Times(7 * SECOND + 999, 0xffff_ffffL * SECOND));
    FileAttrs attrs = roundTrip(change);
    assertThat(attrs.sizeBytes()).isEqualTo(5L << 32);
    assertThat(attrs.permissions()).isEqualTo(04755);
    assertThat(attrs.uid()).isEqualTo(1000);
    assertThat(attrs.gid()).isEqualTo(-2);
    assertThat(attrs.atimeNanos()).isEqualTo(7 * SECOND);
    assertThat(attrs.mtimeNanos()).isEqualTo(0xffff_ffffL * SECOND);
    assertThat(attrs.links()).as("unknown").isZero();
  }

  /** Version 3 has 32 bits of seconds without a sign. */
  @Test
  void write_timesThatDoNotFit_areTheNearestThatDo() throws Exception {
    FileAttrs attrs = roundTrip(AttrChange.times(-5 * SECOND, Long.MAX_VALUE));
    assertThat(attrs.atimeNanos()).isZero();
    assertThat(attrs.mtimeNanos()).isEqualTo(0xffff_ffffL * SECOND);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-rw-r--r--    1 0        0            1234 Nov 21 03:00 name | 1",
        "drwxr-xr-x   12 root     root         4096 Nov 21  2025 name | 12",
        "-rw-rw-r--+   3 me       me              0 Nov 21 03:00 name | 3",
        "-rw-r--r--    0 me       me              0 Nov 21 03:00 name | 0",
        "-rw-r--r-- 99999999999999 me me 0 Nov 21 03:00 name | 2147483647",
        "-rw-r--r--    ? me       me              0 Nov 21 03:00 name | 0",
        "-rw-r--r--   12 | 0",
        "name | 0",
        "a name of 12 words 34 | 0",
        "'' | 0",
        "---------- | 0"
      })
  void linksIn_aLineForPeople_areReadIfItLooksLikeLs(String line, int expected) {
    assertThat(SftpAttrs.linksIn(line.getBytes(StandardCharsets.UTF_8))).isEqualTo(expected);
  }

  private static FileAttrs roundTrip(AttrChange change) throws Exception {
    ByteBuffer packet = SftpAttrs.write(SftpRequest.of(105), change).packet(0);
    packet.position(SftpRequest.HEADER_BYTES - 1);
    return SftpAttrs.read(new SftpReply(packet, true));
  }
}
