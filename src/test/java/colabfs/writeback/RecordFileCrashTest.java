package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.writeback.Records.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills and power cuts at any step of random work, with nothing lost that was promised: after a
 * kill everything that was appended is there, after a power cut everything that was forced. More of
 * it with {@code -Dcolabfs.journal.lives=1000}, the same again with {@code -Dcolabfs.journal.seed}.
 */
final class RecordFileCrashTest {
  private static final int LIVES = Integer.getInteger("colabfs.journal.lives", 8);
  private static final int ROUNDS = 50;
  private static final int MOST_STEPS = 60;

  /** Held, as a logger that nobody holds forgets its level. */
  private static final Logger LOG = Logger.getLogger("colabfs.writeback");

  @TempDir Path temp;

  @BeforeAll
  static void silence() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void speak() {
    LOG.setLevel(null);
  }

  /** One life of a journal over many crashes. */
  private static final class Life {
    final Path directory;
    final Random random;
    final UnreliableDisk disk = new UnreliableDisk();

    /** What the file may hold after a power cut: from what was forced last to what it holds. */
    final List<List<Entry>> possible = new ArrayList<>(List.of(List.of()));

    boolean powerWasCut;

    Life(Path directory, long seed) {
      this.directory = directory;
      this.random = new Random(seed);
    }

    List<Entry> now() {
      return possible.get(possible.size() - 1);
    }

    void crashOnce() throws IOException {
      if (random.nextInt(3) == 0) {
        crashWhileOpening();
      }
      disk.before(operation -> {});
      List<List<Entry>> allowed =
          powerWasCut
              ? possible
              : possible.subList(Math.max(0, possible.size() - 2), possible.size());
      Records found = Records.open(directory, disk);
      assertThat(allowed).contains(found.entries());
      assertThat(found.report())
          .satisfies(report -> assertThat(report == null || powerWasCut).isTrue());
      if (powerWasCut) {
        possible.clear();
      }
      possible.add(found.entries());
      disk.dieAt(random.nextInt(MOST_STEPS));
      RecordFile file = found.file();
      try {
        while (true) {
          file = stepped(file);
        }
      } catch (IOException e) {
        assertThat(disk.isDead()).as("%s", e).isTrue();
      }
      file.close();
      powerWasCut = random.nextBoolean();
      if (powerWasCut) {
        disk.cutPower(random);
      }
    }

    private void crashWhileOpening() throws IOException {
      disk.dieAt(random.nextInt(12));
      try {
        Records.open(directory, disk).file().close();
      } catch (IOException e) {
        assertThat(disk.isDead()).as("%s", e).isTrue();
      }
      if (random.nextBoolean()) {
        powerWasCut = true;
        disk.cutPower(random);
      }
    }

    /**
     * What is done is in {@code possible} before it is tried: a crash finds it done or not done.
     */
    private RecordFile stepped(RecordFile file) throws IOException {
      int choice = random.nextInt(10);
      if (choice < 7) {
        Entry entry = Entry.random(random, random.nextInt(300));
        List<Entry> then = new ArrayList<>(now());
        then.add(entry);
        possible.add(then);
        entry.appendTo(file);
        return file;
      }
      if (choice < 9) {
        file.force();
        possible.subList(0, possible.size() - 1).clear();
        return file;
      }
      List<Entry> kept = now().stream().filter(entry -> random.nextBoolean()).toList();
      possible.add(kept);
      RecordFile next =
          file.startNext(
              filled -> {
                for (Entry entry : kept) {
                  entry.appendTo(filled);
                }
              });
      file.close();
      if (!disk.isDead()) { // else its name may not be safe, and it could not be forced any more
        possible.subList(0, possible.size() - 1).clear();
      }
      return next;
    }
  }

  @Test
  void randomWork_crashedAtAnyStep_keepsItsPromises() throws IOException {
    long seed = Long.getLong("colabfs.journal.seed", System.nanoTime());
    System.out.println("RecordFileCrashTest: seed " + seed);
    Random seeds = new Random(seed);
    for (int life = 0; life < LIVES; life++) {
      long lifeSeed = seeds.nextLong();
      Life lived = new Life(temp.resolve("life-" + life), lifeSeed);
      for (int round = 0; round < ROUNDS; round++) {
        try {
          lived.crashOnce();
        } catch (AssertionError | IOException | RuntimeException e) {
          throw new AssertionError("seed " + seed + ", life " + life + ", round " + round, e);
        }
      }
    }
  }

  @Test
  void next_killedAtEachStep_leavesOneOfBoth() throws IOException {
    Entry old = Entry.of(1, "old");
    Entry fresh = Entry.of(2, "fresh");
    boolean died = true;
    for (int last = 0; died; last++) {
      Path directory = temp.resolve("killed-at-" + last);
      UnreliableDisk disk = new UnreliableDisk();
      RecordFile file = Records.open(directory, disk).file();
      old.appendTo(file);
      disk.dieAt(last);
      try {
        file.startNext(fresh::appendTo).close();
      } catch (IOException e) {
        assertThat(disk.isDead()).isTrue();
      }
      died = disk.isDead();
      Records found = Records.open(directory);
      assertThat(found.entries()).isIn(List.of(old), List.of(fresh));
      assertThat(found.report()).isNull();
      assertThat(directory.toFile().list()).hasSize(1);
      assertThat(last).isLessThan(20);
    }
  }
}
