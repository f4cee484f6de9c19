package colabfs.it.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.fuse.MountProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The suite through the kernel, libfuse and the adapter, onto a plain directory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PassThroughPosixIT extends AttributeSuite {
  private @Nullable MountProcess mount;
  private Path mountpoint = Path.of("/nonexistent");

  @BeforeAll
  void mount(@TempDir Path base) throws IOException {
    mountpoint = Files.createDirectory(base.resolve("mount"));
    mount = MountProcess.passThrough(Files.createDirectory(base.resolve("served")), mountpoint);
  }

  @AfterAll
  void unmount() throws IOException {
    if (mount != null) {
      mount.close();
    }
  }

  @Override
  protected Path directory() {
    return mountpoint;
  }

  @Test
  void xattr_isNotSupported() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    UserDefinedFileAttributeView view =
        Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
    for (int i = 0; i < 2; i++) { // the second time the kernel answers by itself
      assertThatThrownBy(() -> view.write("name", ByteBuffer.wrap(new byte[] {1})))
          .hasMessageContaining("Operation not supported");
      assertThatThrownBy(() -> view.read("name", ByteBuffer.allocate(9)))
          .hasMessageContaining("Operation not supported");
    }
  }

  @Test
  void mknod_makesRegularFilesOnly() throws Exception {
    assertThat(Command.sh(dir, "mkfifo pipe").text()).contains("Operation not permitted");
    assertThat(Files.exists(dir.resolve("pipe"))).isFalse();
  }
}
