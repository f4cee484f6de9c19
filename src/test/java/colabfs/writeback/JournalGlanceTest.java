package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class JournalGlanceTest {
  private static final int BYTES = 5000;

  @TempDir Path temp;

  /** Two files that were written, and never sent. */
  private Path journal() throws Exception {
    Path directory = temp.resolve("journal");
    try (WriteBack writeBack =
        WriteBack.openAtRest(
            new FakeRemoteFs(),
            RemoteTree.NONE,
            new RemoteIdentity(0, 0, Set.of(0)),
            // so long a rest that nothing is sent meanwhile
            new WriteBack.Settings(directory, Duration.ofDays(1), "here", WriteBack.Fsync.LOCAL),
            InstantSource.system(),
            1 << 20)) {
      for (String name : new String[] {"/a", "/b"}) {
        RemoteFile file =
            writeBack
                .files()
                .open(RemotePath.of(name), EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644)
                .get(20, TimeUnit.SECONDS);
        file.write(0, ByteBuffer.allocate(BYTES)).get(20, TimeUnit.SECONDS);
        file.close().get(20, TimeUnit.SECONDS);
      }
      assertThat(JournalGlance.at(directory)).isEqualTo(writeBack.figures());
    }
    return directory;
  }

  /** Closing may have begun another generation, to leave a small one. */
  private static Path newest(Path directory) throws IOException {
    Generations generations = new Generations(directory, new LocalDisk());
    List<Long> whole = generations.whole();
    return generations.path(whole.get(whole.size() - 1));
  }

  @Test
  void journal_isCounted_andStaysAsItIs() throws Exception {
    Path directory = journal();
    Path file = newest(directory);
    Files.write(file, new byte[] {1, 2, 3}, StandardOpenOption.APPEND); // torn off
    byte[] before = Files.readAllBytes(file);
    PendingFigures figures = JournalGlance.at(directory);
    assertThat(figures.changes()).isEqualTo(2);
    assertThat(figures.bytes()).isEqualTo(2 * BYTES);
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(newest(directory)).isEqualTo(file);
  }

  @Test
  void journal_thatIsDamaged_isToldSo() throws Exception {
    Path directory = journal();
    Path file = newest(directory);
    byte[] bytes = Files.readAllBytes(file);
    bytes[RecordFormat.HEADER_BYTES + 20] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> JournalGlance.at(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("good records behind bytes that are none");
  }

  @Test
  void directory_withoutAJournal_hasNothing() throws IOException {
    assertThat(JournalGlance.at(temp)).isEqualTo(new PendingFigures(0, 0, 0, 0));
  }
}
