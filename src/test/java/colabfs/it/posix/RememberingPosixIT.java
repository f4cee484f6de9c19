package colabfs.it.posix;

import colabfs.fuse.MountProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The suite on a mount of a plain directory of which the kernel remembers everything for long. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RememberingPosixIT extends AttributeSuite {
  private @Nullable MountProcess mount;
  private Path mountpoint = Path.of("/nonexistent");

  @BeforeAll
  void mount(@TempDir Path base) throws IOException {
    mountpoint = Files.createDirectory(base.resolve("mount"));
    mount = MountProcess.remembering(Files.createDirectory(base.resolve("served")), mountpoint);
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
}
