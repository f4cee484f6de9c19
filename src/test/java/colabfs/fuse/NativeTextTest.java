package colabfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NativeTextTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "plain", "\u00fc\u65e5\ud83d\ude00", "\ufffd really there"})
  void decode_utf8_givesTheText(String text) throws FsException {
    assertThat(NativeText.decode(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
  }

  @Test
  void decode_notUtf8_isEinval() {
    assertThatThrownBy(() -> NativeText.decode(new byte[] {'a', (byte) 0xfc}))
        .isInstanceOfSatisfying(
            FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/tmp", "/tmp/two words", "/tmp/100%/a+b", "/tmp/new\nline"})
  void bytesOf_aPath_areItsBytes(String path) {
    assertThat(new String(NativeText.bytesOf(Path.of(path)), StandardCharsets.UTF_8))
        .isEqualTo(path);
  }
}
