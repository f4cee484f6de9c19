package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class MountTableTest {
  @Test
  void escapes_areUndone() {
    assertThat(MountTable.unescape("/a\\040b\\134c\\011d/ü")).isEqualTo("/a b\\c\td/ü");
    assertThat(MountTable.unescape("/plain")).isEqualTo("/plain");
  }

  @Test
  void whatIsNoFuseMount_isNone() {
    assertThat(MountTable.hasFuse(Path.of("/proc"))).isFalse();
    assertThat(MountTable.hasFuse(Path.of("/no/such/place"))).isFalse();
  }
}
