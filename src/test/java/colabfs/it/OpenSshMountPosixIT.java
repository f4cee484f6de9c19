package colabfs.it;

import colabfs.it.posix.AttributeSuite;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The suite through a whole mount, served by a process of its own, onto a real OpenSSH server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OpenSshMountPosixIT extends AttributeSuite {
  private @Nullable MountedRuntime runtime;
  private Path mountpoint = Path.of("/nonexistent");

  @BeforeAll
  void mount(@TempDir Path base) throws IOException, InterruptedException {
    MountedRuntime mounted = new MountedRuntime(base);
    runtime = mounted;
    mountpoint = mounted.init().mount().mountpoint;
  }

  @AfterAll
  void unmount() throws IOException {
    if (runtime != null) {
      runtime.close();
    }
  }

  @Override
  protected Path directory() {
    return mountpoint;
  }
}
