package colabfs.it.posix;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Calibrates the suite: a plain directory passes it. */
final class PlainDirectoryPosixIT extends AttributeSuite {
  @TempDir Path plain = Path.of("/nonexistent");

  @Override
  protected Path directory() {
    return plain;
  }
}
