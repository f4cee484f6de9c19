package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.writeback.Records.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of random records, mutated at random: what comes out is the records before the first
 * mutation, and a report when good ones are found behind it. More of it with {@code
 * -Dcolabfs.journal.files=5000}, the same again with {@code -Dcolabfs.journal.seed}.
 */
final class RecordFileFuzzTest {
  private static final int FILES = Integer.getInteger("colabfs.journal.files", 60);
  private static final int MUTATIONS_OF_EACH = 25;

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

  /** A file and where its records are: record i from ends[i] to ends[i + 1]. */
  private static final class Original {
    private final byte[] bytes;
    private final List<Entry> entries;
    private final List<Integer> ends;

    Original(byte[] bytes, List<Entry> entries, List<Integer> ends) {
      this.bytes = bytes;
      this.entries = entries;
      this.ends = ends;
    }

    static Original random(Path directory, Random random) throws IOException {
      List<Entry> entries = new ArrayList<>();
      List<Integer> ends = new ArrayList<>();
      try (RecordFile file = Records.open(directory, new UnreliableDisk()).file()) {
        ends.add((int) file.sizeBytes());
        int count = random.nextInt(20);
        int longest = random.nextInt(10) == 0 ? 70_000 : 200;
        for (int i = 0; i < count; i++) {
          Entry entry = Entry.random(random, random.nextInt(longest));
          entry.appendTo(file);
          entries.add(entry);
          ends.add((int) file.sizeBytes());
        }
      }
      return new Original(Files.readAllBytes(directory.resolve("journal-1")), entries, ends);
    }

    byte[] record(int i) {
      return Arrays.copyOfRange(bytes, ends.get(i), ends.get(i + 1));
    }

    /** How many records are as they were in front of the first byte that differs. */
    int untouched(byte[] mutated) {
      int mismatch = Arrays.mismatch(bytes, mutated);
      int same = mismatch < 0 ? bytes.length : mismatch;
      int count = 0;
      while (count < entries.size() && ends.get(count + 1) <= same) {
        count++;
      }
      return count;
    }
  }

  @Test
  void mutatedFile_isRecoveredToAPrefixOrReported() throws IOException {
    long seed = Long.getLong("colabfs.journal.seed", System.nanoTime());
    System.out.println("RecordFileFuzzTest: seed " + seed);
    Random random = new Random(seed);
    Original other = Original.random(temp.resolve("other"), random);
    for (int i = 0; i < FILES; i++) {
      Original original = Original.random(temp.resolve("original-" + i), random);
      for (int j = 0; j < MUTATIONS_OF_EACH; j++) {
        byte[] mutated = original.bytes;
        StringBuilder how = new StringBuilder("seed " + seed + ", file " + i + ": ");
        for (int k = random.nextInt(3); k >= 0; k--) {
          mutated = mutate(mutated, original, other, random, how);
        }
        try {
          check(temp.resolve(i + "-" + j), original, mutated);
        } catch (AssertionError | IOException | RuntimeException e) {
          throw new AssertionError(how.toString(), e);
        }
      }
    }
  }

  private static void check(Path directory, Original original, byte[] mutated) throws IOException {
    LocalDisk.makeOwn(directory);
    Path file = directory.resolve("journal-1");
    Files.write(file, mutated);
    Records found = Records.open(directory, new UnreliableDisk());

    int untouched = original.untouched(mutated);
    boolean begins =
        Arrays.mismatch(mutated, original.bytes) < 0
            || Arrays.mismatch(mutated, original.bytes) >= RecordFormat.HEADER_BYTES;
    assertThat(found.entries()).isEqualTo(original.entries.subList(0, begins ? untouched : 0));
    if (!begins || lostRecordIsFurtherBehind(original, mutated, untouched)) {
      assertThat(found.report()).isNotNull();
    }
    if (begins) {
      assertThat(Files.readAllBytes(file))
          .isEqualTo(Arrays.copyOf(original.bytes, original.ends.get(untouched)));
    }
    assertThat(keptAside(directory))
        .satisfies(
            kept -> {
              if (found.report() == null) {
                assertThat(kept).isEmpty();
              } else {
                assertThat(kept).hasSize(1);
                assertThat(kept.get(0)).isEqualTo(mutated);
              }
            });

    Entry more = Entry.of(5, "more");
    more.appendTo(found.file());
    found.file().close();
    Records again = Records.open(directory, new UnreliableDisk());
    again.file().close();
    assertThat(again.report()).isNull();
    assertThat(again.entries().subList(0, again.entries().size() - 1)).isEqualTo(found.entries());
    assertThat(again.entries().get(again.entries().size() - 1)).isEqualTo(more);
  }

  private static boolean lostRecordIsFurtherBehind(
      Original original, byte[] mutated, int untouched) {
    for (int i = untouched; i < original.entries.size(); i++) {
      byte[] record = original.record(i);
      for (int at = original.ends.get(untouched); at + record.length <= mutated.length; at++) {
        if (mutated[at] == record[0]
            && Arrays.equals(mutated, at, at + record.length, record, 0, record.length)) {
          return true;
        }
      }
    }
    return false;
  }

  private static List<byte[]> keptAside(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      List<byte[]> kept = new ArrayList<>();
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith("damaged-")) {
          kept.add(Files.readAllBytes(file));
        }
      }
      return kept;
    }
  }

  private static byte[] mutate(
      byte[] bytes, Original original, Original other, Random random, StringBuilder how) {
    int from = random.nextInt(bytes.length + 1);
    int length = Math.min(bytes.length - from, random.nextInt(random.nextBoolean() ? 20 : 400));
    byte[] before = Arrays.copyOf(bytes, from);
    byte[] range = Arrays.copyOfRange(bytes, from, from + length);
    byte[] after = Arrays.copyOfRange(bytes, from + length, bytes.length);
    byte[] noise = new byte[1 + random.nextInt(300)];
    random.nextBytes(noise);
    int kind = random.nextInt(11);
    how.append(kind).append(" at ").append(from).append('+').append(length).append("; ");
    return switch (kind) {
      case 0 -> flipped(bytes, random);
      case 1 -> before;
      case 2 -> joined(before, after);
      case 3 -> joined(before, noise, range, after);
      case 4 -> joined(before, range, range, after);
      case 5 -> joined(before, new byte[length], after);
      case 6 -> joined(bytes, noise);
      case 7 -> joined(bytes, new byte[noise.length]);
      case 8 -> joined(before, Arrays.copyOf(noise, length), after);
      case 9 -> joined(bytes, someRecords(other, random));
      default -> withRecordsMoved(original, random);
    };
  }

  private static byte[] flipped(byte[] bytes, Random random) {
    byte[] flipped = bytes.clone();
    if (flipped.length > 0) {
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return flipped;
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  private static byte[] someRecords(Original of, Random random) {
    int from = of.ends.get(random.nextInt(of.ends.size()));
    return Arrays.copyOfRange(of.bytes, from, of.bytes.length);
  }

  /** Whole records swapped, dropped or doubled: each of them passes by itself. */
  private static byte[] withRecordsMoved(Original original, Random random) {
    List<byte[]> parts = new ArrayList<>();
    for (int i = 0; i < original.entries.size(); i++) {
      parts.add(original.record(i));
    }
    if (!parts.isEmpty()) {
      int one = random.nextInt(parts.size());
      int two = random.nextInt(parts.size());
      switch (random.nextInt(3)) {
        case 0 -> parts.set(one, parts.set(two, parts.get(one)));
        case 1 -> parts.subList(Math.min(one, two), Math.max(one, two)).clear();
        default -> parts.add(one, parts.get(two));
      }
    }
    parts.add(0, Arrays.copyOf(original.bytes, RecordFormat.HEADER_BYTES));
    return joined(parts.toArray(byte[][]::new));
  }
}
