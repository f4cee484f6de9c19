package colabfs.restore;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.RemotePath;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RestoreRulesTest {
  private final RestoreRules rules =
      new RestoreRules(
          List.of("# a comment", "*.log", "!keep.log", "/only-here", "build/", "a/**/z", "[broken"),
          10);

  @Test
  void patterns_areThoseOfGitignore() {
    assertThat(excluded("/x.log")).isTrue();
    assertThat(excluded("/d/x.log")).isTrue();
    assertThat(excluded("/d/keep.log")).isFalse();
    assertThat(excluded("/only-here")).isTrue();
    assertThat(excluded("/d/only-here")).isFalse();
    assertThat(excluded("/build")).isFalse();
    assertThat(rules.excludes(RemotePath.of("/d/build"), true)).isTrue();
    assertThat(excluded("/a/b/c/z")).isTrue();
    assertThat(excluded("/other")).isFalse();
  }

  @Test
  void laterPattern_winsOverTheIgnoreFile() {
    RestoreRules both = new RestoreRules(List.of("!x.log"), 10).after("*.log\r\n");
    assertThat(both.excludes(RemotePath.of("/x.log"), false)).isFalse();
    assertThat(both.excludes(RemotePath.of("/y.log"), false)).isTrue();
  }

  @Test
  void limit_isTheLargestSize() {
    assertThat(rules.isTooLarge(10)).isFalse();
    assertThat(rules.isTooLarge(11)).isTrue();
  }

  private boolean excluded(String path) {
    return rules.excludes(RemotePath.of(path), false);
  }
}
