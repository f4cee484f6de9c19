package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PathWalkTest {
  @TempDir Path temporary;
  private Path directory;
  private Path mount;

  @BeforeEach
  void make() throws IOException {
    directory = temporary.toRealPath();
    mount = Files.createDirectory(directory.resolve("mnt"));
  }

  private Path resolve(String path) {
    return PathWalk.resolve(Path.of(path), List.of(mount));
  }

  @Test
  void links_outsideOfAMount_areFollowed() throws IOException {
    Files.createSymbolicLink(directory.resolve("in"), Path.of("mnt/src"));
    Files.createSymbolicLink(directory.resolve("absolute"), directory.resolve("in"));
    assertThat(resolve(directory + "/absolute/./a//b")).isEqualTo(mount.resolve("src/a/b"));
  }

  @Test
  void links_inAMount_areNotLookedAt() throws IOException {
    Files.createSymbolicLink(mount.resolve("out"), Path.of("/"));
    assertThat(resolve(mount + "/out/etc")).isEqualTo(mount.resolve("out/etc"));
  }

  @Test
  void mountPointThatIsALinkItself_isNotLookedAt() throws IOException {
    Path odd = Files.createSymbolicLink(directory.resolve("odd"), Path.of("/"));
    assertThat(PathWalk.resolve(odd.resolve("f"), List.of(odd))).isEqualTo(odd.resolve("f"));
  }

  @Test
  void dotDot_leadsWhereTheLinkLeads_andOutOfTheMount() throws IOException {
    Path elsewhere = Files.createDirectories(directory.resolve("x/y"));
    Files.createSymbolicLink(directory.resolve("link"), elsewhere);
    assertThat(resolve(directory + "/link/..")).isEqualTo(directory.resolve("x"));
    assertThat(resolve(mount + "/a/../../other")).isEqualTo(directory.resolve("other"));
    assertThat(resolve("/../..")).isEqualTo(Path.of("/"));
  }

  @Test
  void circle_ends() throws IOException {
    Files.createSymbolicLink(directory.resolve("one"), Path.of("two"));
    Files.createSymbolicLink(directory.resolve("two"), Path.of("one"));
    assertThat(resolve(directory + "/one/x")).isEqualTo(directory.resolve("one/x"));
  }

  @Test
  void relativePath_isBelowTheWorkingDirectory() {
    assertThat(resolve("pom.xml").isAbsolute()).isTrue();
  }
}
