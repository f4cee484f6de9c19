package colabfs.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RemotePathTest {

  @ParameterizedTest
  @CsvSource({
    "/,/",
    "//,/",
    "/a,/a",
    "/a/,/a",
    "//a///b//,/a/b",
    "/.git/config,/.git/config",
    "/..a,/..a"
  })
  void of_absoluteText_isNormal(String text, String expected) {
    assertThat(RemotePath.of(text)).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "/..", "/a/..", "/../a", "/.", "/a/./b", "/a\0b"})
  void of_textThatIsNoNormalPath_isRefused(String text) {
    assertThatThrownBy(() -> RemotePath.of(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "a\0"})
  void child_textThatIsNoName_isRefused(String name) {
    assertThatThrownBy(() -> RemotePath.ROOT.child(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void parentAndName_ofDeepPath_takeItApart() {
    RemotePath path = RemotePath.of("/a/b/c");
    assertThat(path.parent()).isEqualTo(RemotePath.of("/a/b"));
    assertThat(path.name()).isEqualTo("c");
    assertThat(path.depth()).isEqualTo(3);
    assertThat(RemotePath.of("/a").parent()).isEqualTo(RemotePath.ROOT);
    assertThat(RemotePath.ROOT.parent()).isNull();
    assertThat(RemotePath.ROOT.name()).isEmpty();
    assertThat(RemotePath.ROOT.depth()).isZero();
  }

  @Test
  void startsWith_siblingWithTheSamePrefix_isFalse() {
    assertThat(RemotePath.of("/ab").startsWith(RemotePath.of("/a"))).isFalse();
    assertThat(RemotePath.of("/a/b").startsWith(RemotePath.of("/a"))).isTrue();
    assertThat(RemotePath.of("/a").startsWith(RemotePath.of("/a"))).isTrue();
    assertThat(RemotePath.of("/a").startsWith(RemotePath.ROOT)).isTrue();
  }

  @Test
  void rebase_belowARenamedDirectory_movesAlong() {
    RemotePath moved = RemotePath.of("/a/x/y").rebase(RemotePath.of("/a"), RemotePath.of("/b/c"));
    assertThat(moved).isEqualTo(RemotePath.of("/b/c/x/y"));
    assertThat(RemotePath.of("/a").rebase(RemotePath.of("/a"), RemotePath.of("/b")))
        .isEqualTo(RemotePath.of("/b"));
  }

  @Test
  void nameLengthBytes_umlauts_countsBytes() {
    assertThat(RemotePath.of("/äö").nameLengthBytes()).isEqualTo(4);
  }
}
