package colabfs.fs;

import static colabfs.fs.TestMount.assertFails;
import static colabfs.fs.TestMount.path;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.RemoteIdentity;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LinksTest {
  private final LinkText text = new LinkText("/content", "/mnt/colab");

  @ParameterizedTest
  @CsvSource({
    "/l, a, a",
    "/d/l, ../a, ../a",
    "/d/l, ./x//y/, ./x//y/",
    "/d/l, ../../a, ../.colabfs/root/a",
    "/d/l, ../../content/a, ../a",
    "/d/l, x/../../../../etc/passwd, ../.colabfs/root/etc/passwd",
    "/d/l, x/../y, y",
    "/l, .., .colabfs/root",
    "/l, ., .",
    "/l, /content, .",
    "/d/l, /content/d, .",
    "/d/e/l, /content/a/b, ../../a/b",
    "/l, /contents/a, .colabfs/root/contents/a",
    "/l, /etc/passwd, .colabfs/root/etc/passwd",
    "/d/l, /, ../.colabfs/root",
    "/.colabfs/root/usr/l, ../bin, ../bin",
    "/.colabfs/root/usr/l, ../../../etc, ../etc",
    "/.colabfs/root/usr/l, /content/a, ../../../a",
    "/.colabfs/root/usr/l, /usr/bin, bin"
  })
  @DisplayName("A link leads where it leads on the runtime, and never out of the mount.")
  void shown_staysInTheMount(String link, String stored, String shown) {
    assertThat(text.shown(path(link), stored)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({
    "/l, /mnt/colab/a/b, /content/a/b",
    "/l, /mnt/colab, /content",
    "/l, /mnt/colabs/a, /mnt/colabs/a",
    "/l, /usr/bin, /usr/bin",
    "/d/l, ../a, ../a",
    "/d/l, ../.colabfs/root/usr/bin, /usr/bin",
    "/d/l, /mnt/colab/.colabfs/root/usr/bin, /usr/bin"
  })
  @DisplayName("A link made with the mount point's path is stored with the runtime's path.")
  void stored_isTheRuntimesPath(String link, String given, String stored) {
    assertThat(text.stored(path(link), given)).isEqualTo(stored);
  }

  @Test
  @DisplayName("A mount of the runtime's own root shows every absolute link inside the mount.")
  void shown_ofWholeRoot_isInside() {
    LinkText whole = new LinkText("/", "/mnt");
    assertThat(whole.shown(path("/a/l"), "/etc/x")).isEqualTo("../etc/x");
    assertThat(whole.shown(path("/a/l"), "../../../etc/x")).isEqualTo("../etc/x");
    assertThat(whole.stored(path("/l"), "/mnt/etc")).isEqualTo("/etc");
    assertThat(whole.stored(path("/l"), "/mnt")).isEqualTo("/");
  }

  @Test
  @DisplayName("The runtime's own root is reached below .colabfs/root, which is not listed.")
  void wholeRuntime_isReachable() throws FsException {
    FakeRemoteFs whole = new FakeRemoteFs();
    whole.put("/etc/passwd", "root");
    TestMount mount =
        new TestMount(TestMount.settings(), whole, new RemoteIdentity(0, 0, Set.of(0)));
    mount.remote.put("/a", "x");
    assertThat(mount.names("/")).containsExactly("a");
    assertThat(mount.fs.getattr(path("/.colabfs")).isDirectory()).isTrue();
    assertThat(mount.names("/.colabfs")).containsExactly("root");
    assertThat(mount.names("/.colabfs/root")).containsExactly("etc");
    assertThat(mount.read("/.colabfs/root/etc/passwd")).isEqualTo("root");
    assertThat(mount.exists("/.colabfs/other")).isFalse();
    assertFails(
        Errno.EXDEV, () -> mount.fs.rename(RemotePath.of("/a"), RemotePath.of("/.colabfs/root/a")));
    assertFails(Errno.EPERM, () -> mount.fs.rmdir(path("/.colabfs")));
  }

  @Test
  @DisplayName("A link's text is asked for once, and again when the link is another.")
  void readlink_isCachedByVersion() throws FsException {
    TestMount mount = new TestMount();
    mount.remote.putLink("/l", "one");
    assertThat(mount.fs.readlink(path("/l"))).isEqualTo("one");
    mount.fs.readlink(path("/l"));
    assertThat(mount.remote.calls(FakeRemoteFs.Op.READLINK)).isEqualTo(1);
    mount.fs.invalidateAll();
    mount.fs.readlink(path("/l"));
    assertThat(mount.remote.calls(FakeRemoteFs.Op.READLINK)).isEqualTo(2);
    mount.fs.unlink(path("/l"));
    mount.fs.symlink("two", path("/l"));
    assertThat(mount.fs.readlink(path("/l"))).isEqualTo("two");
    assertThat(mount.fs.getattr(path("/l")).sizeBytes()).isEqualTo(3);
  }
}
