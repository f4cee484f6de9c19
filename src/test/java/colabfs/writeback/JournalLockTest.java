package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class JournalLockTest {
  @TempDir Path temp;

  /** Another process that tries to take the directory. */
  private static final class Other implements AutoCloseable {
    final Process process;
    final BufferedReader lines;

    Other(Path directory) throws IOException {
      process = new ProcessBuilder(JournalProcess.command("lock", directory)).start();
      lines = process.inputReader(StandardCharsets.UTF_8);
    }

    String answer() throws IOException {
      return String.valueOf(lines.readLine());
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  @Test
  void directory_isTakenOnce_alsoWithinOneProcess() throws IOException {
    Path directory = temp.resolve("journal");
    String pid = Long.toString(ProcessHandle.current().pid());
    try (JournalLock lock = JournalLock.take(directory)) {
      assertThat(lock).isNotNull();
      assertThatThrownBy(() -> JournalLock.take(temp.resolve("./journal")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("process, " + pid)
          .hasMessageContaining("colabfs umount");
      // A second open and close of the file within the process would have dropped the lock.
      try (Other other = new Other(directory)) {
        assertThat(other.answer()).startsWith("REFUSED").contains("process " + pid + ",");
      }
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("lock"))))
        .isEqualTo("rw-------");
    JournalLock.take(directory).close();
  }

  @Test
  void lockClosedTwice_leavesItsSuccessorsAlone() throws IOException {
    JournalLock first = JournalLock.take(temp);
    first.close();
    try (JournalLock second = JournalLock.take(temp)) {
      assertThat(second).isNotNull();
      first.close();
      assertThatThrownBy(() -> JournalLock.take(temp)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void lock_ofAnotherProcess_namesItAndDiesWithIt() throws Exception {
    try (Other other = new Other(temp)) {
      assertThat(other.answer()).isEqualTo("TAKEN by " + other.process.pid());
      assertThatThrownBy(() -> JournalLock.take(temp))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("process " + other.process.pid());
      other.kill();
      JournalLock.take(temp).close();
    }
  }
}
