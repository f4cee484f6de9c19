package colabfs.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A plain directory stands for the mount: how a process holds it is the same. */
@Timeout(60)
final class HoldersTest {
  @TempDir Path directory;

  @Test
  void workingDirectory_isNamed() throws Exception {
    Process process = start(directory, "echo x; exec sleep 60");
    assertThat(Holders.of(directory.toRealPath()))
        .extracting(Holders.Holder::toString)
        .containsExactly("sleep (pid %d, its working directory)".formatted(process.pid()));
    process.destroyForcibly().waitFor();
    assertThat(Holders.of(directory.toRealPath())).isEmpty();
  }

  @Test
  void openFile_isNamed() throws Exception {
    Path file = Files.createFile(directory.toRealPath().resolve("a file"));
    Process process = start(Path.of("/"), "exec 5< '" + file + "'; echo x; exec sleep 60");
    assertThat(Holders.of(directory.toRealPath()))
        .containsExactly(new Holders.Holder(process.pid(), "sleep", "an open file: " + file));
    process.destroyForcibly().waitFor();
  }

  @Test
  void directoryWithALongerName_isAnother() throws Exception {
    Path other = Files.createDirectory(directory.resolve("mnt2"));
    Process process = start(other, "echo x; exec sleep 60");
    assertThat(Holders.of(directory.toRealPath().resolve("mnt"))).isEmpty();
    process.destroyForcibly().waitFor();
  }

  private static Process start(Path where, String line) throws IOException {
    Process process = new ProcessBuilder("/bin/sh", "-c", line).directory(where.toFile()).start();
    assertThat(process.getInputStream().read()).isEqualTo('x');
    return process;
  }
}
