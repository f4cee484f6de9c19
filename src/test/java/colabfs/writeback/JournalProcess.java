package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.writeback.Records.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Another process with a journal: says on a line what came of it, and ends with its input. */
final class JournalProcess {
  private static final String FULL = "No space left on device";

  private JournalProcess() {}

  /** The command that runs this. */
  static List<String> command(String what, Path directory) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx128m",
        "-XX:+UseSerialGC",
        "-cp",
        System.getProperty("java.class.path"),
        JournalProcess.class.getName(),
        what,
        directory.toString());
  }

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[1]);
    if (args[0].equals("fill")) {
      fill(directory);
      System.out.println("DONE");
      return;
    }
    try {
      JournalLock lock = JournalLock.take(directory);
      System.out.println("TAKEN by " + ProcessHandle.current().pid());
      var unused = System.in.read();
      lock.close();
    } catch (IOException e) {
      System.out.println("REFUSED: " + e.getMessage());
    }
  }

  /** The disk that the directory is on has little room, and nobody else writes to it. */
  private static void fill(Path disk) throws IOException {
    Path ballast = disk.resolve("ballast");
    Files.write(ballast, new byte[64 << 10]);
    Path directory = disk.resolve("journal");
    Random random = new Random(7);
    List<Entry> appended = new ArrayList<>();

    RecordFile file = Records.open(directory).file();
    for (int largest : new int[] {100_000, 20_000, 3_000, 10}) {
      fillUp(file, directory, largest, random, appended);
    }
    assertThatThrownBy(() -> file.startNext(next -> appendAll(next, appended)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(FULL);
    file.force();
    assertThat(Records.open(directory).entries()).isEqualTo(appended);
    Path second = disk.resolve("second");
    assertThatThrownBy(() -> Records.open(second)).isInstanceOf(IOException.class);

    Files.delete(ballast);
    Entry more = Entry.random(random, 3_000);
    more.appendTo(file);
    appended.add(more);
    List<Entry> kept = appended.subList(appended.size() - 2, appended.size());
    RecordFile next = file.startNext(filled -> appendAll(filled, kept));
    file.close();
    next.close();
    assertThat(Records.open(directory).entries()).isEqualTo(kept);
    assertThat(Records.open(second).entries()).isEmpty();
  }

  private static void fillUp(
      RecordFile file, Path directory, int largest, Random random, List<Entry> appended)
      throws IOException {
    while (true) {
      Entry entry = Entry.random(random, largest / 2 + random.nextInt(largest / 2));
      try {
        entry.appendTo(file);
        appended.add(entry);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining(FULL);
        assertThat(directory.resolve("journal-1")).hasSize(file.sizeBytes());
        return;
      }
    }
  }

  private static void appendAll(RecordFile file, List<Entry> entries) throws IOException {
    for (Entry entry : entries) {
      entry.appendTo(file);
    }
  }
}
