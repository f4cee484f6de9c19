package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.writeback.Records.Entry;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecordFileTest {
  private static final Entry ONE = Entry.of(1, "one");
  private static final Entry TWO = Entry.of(2, "");
  private static final Entry THREE = Entry.of(255, "three");

  @TempDir Path temp;
  private Path directory;
  private final UnreliableDisk disk = new UnreliableDisk();

  @BeforeEach
  void directory() {
    directory = temp.resolve("state/journal");
  }

  private RecordFile fileOf(Entry... entries) throws IOException {
    RecordFile file = Records.open(directory, disk).file();
    for (Entry entry : entries) {
      entry.appendTo(file);
    }
    return file;
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void records_reopened_areAllThereInOrder() throws IOException {
    try (RecordFile file = fileOf(ONE, TWO, THREE)) {
      assertThat(file.sizeBytes()).isEqualTo(40 + 3 * 17 + 3 + 5);
    }
    Records again = Records.open(directory, disk);
    assertThat(again.entries()).containsExactly(ONE, TWO, THREE);
    assertThat(again.report()).isNull();
    assertThat(again.cutBytes()).isZero();
    assertThat(names()).containsExactly("journal-1");
  }

  @Test
  void bytesOnDisk_areAsDocumented() throws IOException {
    fileOf(ONE).close();
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("journal-1")));
    byte[] header = new byte[40];
    bytes.get(header);
    assertThat(new String(header, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("colabfsJ");
    assertThat(ByteBuffer.wrap(header).getInt(8)).isEqualTo(1);
    assertThat(ByteBuffer.wrap(header).getInt(36)).isEqualTo(crc(ByteBuffer.wrap(header, 0, 36)));
    ByteBuffer checked = ByteBuffer.allocate(40 + 13 + 3);
    checked.put(header).putInt(3).putLong(1).put((byte) 1).put(ONE.payload().duplicate()).flip();
    assertThat(bytes.getInt()).isEqualTo(crc(checked.duplicate()));
    assertThat(bytes).isEqualTo(checked.position(40));
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  @Test
  void payload_ofSeveralBuffers_isReadBackAndTheBuffersStay() throws IOException {
    ByteBuffer head = ByteBuffer.wrap(new byte[] {9, 1, 2, 9}, 1, 2);
    ByteBuffer content = ByteBuffer.allocateDirect(300_000);
    content.put(200_000, (byte) 7);
    try (RecordFile file = fileOf(ONE)) {
      long position = file.append(3, head, content);
      ByteBuffer direct = ByteBuffer.allocateDirect(300_002);
      file.read(position, direct);
      assertThat(direct.flip().getShort(0)).isEqualTo((short) 0x0102);
      assertThat(direct.get(200_002)).isEqualTo((byte) 7);
      assertThat(head.remaining()).isEqualTo(2);
      assertThat(content.remaining()).isEqualTo(300_000);
    }
  }

  @Test
  void read_beyondTheLastRecord_fails() throws IOException {
    try (RecordFile file = fileOf(ONE)) {
      assertThatThrownBy(() -> file.read(file.sizeBytes() - 1, ByteBuffer.allocate(2)))
          .isInstanceOf(EOFException.class);
    }
  }

  @Test
  void append_ofTooMuch_isABugOfTheCaller() throws IOException {
    try (RecordFile file = fileOf()) {
      file.append(1, ByteBuffer.allocate(RecordFile.MAX_PAYLOAD_BYTES));
      assertThatThrownBy(
              () -> file.append(1, ByteBuffer.allocate(RecordFile.MAX_PAYLOAD_BYTES + 1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> file.append(256)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(Records.open(directory, disk).entries()).hasSize(1);
  }

  @Test
  void directoryAndFiles_areForTheUserAlone() throws IOException {
    fileOf(ONE).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    Path file = directory.resolve("journal-1");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Records.open(directory).file().close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void append_whileTheThreadIsInterrupted_works() throws IOException {
    try (RecordFile file = Records.open(directory).file()) {
      Thread.currentThread().interrupt();
      long position = ONE.appendTo(file);
      file.force();
      ByteBuffer payload = ByteBuffer.allocate(3);
      file.read(position, payload);
      try (RecordFile next = file.startNext(TWO::appendTo)) {
        assertThat(Thread.interrupted()).isTrue();
        THREE.appendTo(next);
      }
    }
    assertThat(Records.open(directory).entries()).containsExactly(TWO, THREE);
  }

  @Test
  void append_onAFullDisk_leavesTheLastWholeRecordAndGoesOnWhenThereIsRoom() throws IOException {
    try (RecordFile file = fileOf(ONE)) {
      long before = file.sizeBytes();
      disk.before(
          operation -> {
            if (operation.equals("write")) {
              throw new IOException("No space left on device");
            }
          });
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> Entry.random(new Random(1), 5000).appendTo(file))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("No space left on device");
        assertThat(file.sizeBytes()).isEqualTo(before);
        assertThat(directory.resolve("journal-1")).hasSize(before);
      }
      disk.before(operation -> {});
      TWO.appendTo(file);
    }
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE, TWO);
  }

  @Test
  void append_thatCannotCutBack_doesSoBeforeTheNext() throws IOException {
    Entry large = Entry.random(new Random(1), 5000);
    try (RecordFile file = fileOf(ONE)) {
      disk.before(
          operation -> {
            if (operation.equals("write") || operation.equals("truncate")) {
              throw new IOException("the disk fails");
            }
          });
      assertThatThrownBy(() -> large.appendTo(file)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> large.appendTo(file)).isInstanceOf(IOException.class);
      disk.before(operation -> {});
      TWO.appendTo(file);
      assertThat(directory.resolve("journal-1")).hasSize(file.sizeBytes());
    }
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE, TWO);
  }

  @Test
  void force_ofManyThreads_sharesSyncs() throws Exception {
    AtomicInteger syncs = new AtomicInteger();
    CountDownLatch firstRuns = new CountDownLatch(1);
    CountDownLatch firstMayEnd = new CountDownLatch(1);
    ExecutorService threads = Executors.newCachedThreadPool();
    try (RecordFile file = fileOf(ONE)) {
      disk.before(
          operation -> {
            if (operation.equals("sync") && syncs.incrementAndGet() == 1) {
              firstRuns.countDown();
              awaitUninterruptibly(firstMayEnd);
            }
          });
      List<Future<?>> forcing = new ArrayList<>();
      forcing.add(threads.submit(() -> forced(file)));
      assertThat(firstRuns.await(10, TimeUnit.SECONDS)).isTrue();
      TWO.appendTo(file);
      for (int i = 0; i < 8; i++) {
        forcing.add(threads.submit(() -> forced(file)));
      }
      assertThat(forcing.stream().noneMatch(Future::isDone)).isTrue();
      firstMayEnd.countDown();
      for (Future<?> each : forcing) {
        each.get(10, TimeUnit.SECONDS);
      }
      assertThat(syncs.get()).isEqualTo(2);
      file.force();
      assertThat(syncs.get()).isEqualTo(2);
    } finally {
      threads.shutdownNow();
    }
  }

  private static boolean forced(RecordFile file) throws IOException {
    file.force();
    return true;
  }

  private static void awaitUninterruptibly(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new IOException("nobody ended it");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void force_afterItFailed_failsUntilThereIsANewFile() throws IOException {
    try (RecordFile file = fileOf(ONE)) {
      disk.before(
          operation -> {
            if (operation.equals("sync")) {
              throw new IOException("Input/output error");
            }
          });
      assertThatThrownBy(file::force).hasRootCauseMessage("Input/output error");
      disk.before(operation -> {});
      assertThatThrownBy(file::force).hasRootCauseMessage("Input/output error");
      try (RecordFile next = file.startNext(ONE::appendTo)) {
        next.force();
        file.force();
      }
    }
  }

  @Test
  void force_ofAFileThatWasReopened_syncsWhatAnotherProcessAppended() throws IOException {
    fileOf(ONE).close();
    try (RecordFile file = fileOf()) {
      file.force();
    }
    disk.cutPower(new Random(3));
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE);
  }

  @Test
  void next_ofAProcessKilledBeforeItsNameWasSafe_isSafeOnceOpened() throws IOException {
    RecordFile file = fileOf(ONE);
    file.force();
    disk.before(
        operation -> {
          if (operation.equals("syncDirectory")) {
            throw new IOException("killed");
          }
        });
    file.startNext(TWO::appendTo).close();
    disk.before(operation -> {});
    RecordFile next = fileOf(THREE);
    next.force();
    disk.cutPower(
        new Random() {
          @Override
          public int nextInt(int bound) {
            return 0; // nothing that was not forced is left
          }
        });
    assertThat(Records.open(directory, disk).entries()).containsExactly(TWO, THREE);
  }

  @Test
  void next_takesThePlaceAndKeepsTheId() throws IOException {
    try (RecordFile file = fileOf(ONE, TWO)) {
      long position = THREE.appendTo(file);
      try (RecordFile next = file.startNext(TWO::appendTo)) {
        assertThat(next.id()).isEqualTo(file.id()).matches("[0-9a-f]{8}");
        assertThat(names()).containsExactly("journal-2");
        assertThatThrownBy(() -> ONE.appendTo(file)).isInstanceOf(IllegalStateException.class);
        ByteBuffer payload = ByteBuffer.allocate(5);
        file.read(position, payload);
        assertThat(payload.flip()).isEqualTo(THREE.payload());
        file.force();
        ONE.appendTo(next);
      }
    }
    assertThat(Records.open(directory, disk).entries()).containsExactly(TWO, ONE);
  }

  @Test
  void next_thatCannotBeFilled_leavesThisOneInUse() throws IOException {
    try (RecordFile file = fileOf(ONE)) {
      assertThatThrownBy(
              () ->
                  file.startNext(
                      next -> {
                        TWO.appendTo(next);
                        throw new IOException("No space left on device");
                      }))
          .hasMessage("No space left on device");
      assertThat(names()).containsExactly("journal-1");
      THREE.appendTo(file);
    }
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE, THREE);
  }

  @Test
  void append_whileItsSuccessorIsFilled_isABugOfTheCaller() throws IOException {
    try (RecordFile file = fileOf(ONE)) {
      assertThatThrownBy(() -> file.startNext(next -> TWO.appendTo(file)))
          .isInstanceOf(IllegalStateException.class);
      THREE.appendTo(file);
    }
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE, THREE);
  }

  @Test
  void next_ofWhichTheNameIsNotSafe_isUsedButNeverForced() throws IOException {
    RecordFile file = fileOf(ONE);
    disk.before(
        operation -> {
          if (operation.equals("syncDirectory")) {
            throw new IOException("Input/output error");
          }
        });
    RecordFile next = file.startNext(TWO::appendTo);
    disk.before(operation -> {});
    assertThatThrownBy(next::force).hasRootCauseMessage("Input/output error");
    THREE.appendTo(next);
    assertThatThrownBy(next::force).hasRootCauseMessage("Input/output error");
    assertThatThrownBy(file::force).hasRootCauseMessage("Input/output error");
    assertThat(names()).containsExactly("journal-1", "journal-2");
    assertThat(Records.open(directory, disk).entries()).containsExactly(TWO, THREE);
    assertThat(names()).containsExactly("journal-2");
  }

  private Path file() {
    return directory.resolve("journal-1");
  }

  private void overwrite(long position, byte[] with) throws IOException {
    try (var channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(with), position);
    }
  }

  @Test
  void tornTail_isCutWithoutAReport() throws IOException {
    RecordFile written = fileOf(ONE, TWO);
    long whole = written.sizeBytes();
    THREE.appendTo(written);
    written.close();
    try (var channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      channel.truncate(whole + 20);
    }
    Records again = Records.open(directory);
    assertThat(again.entries()).containsExactly(ONE, TWO);
    assertThat(again.report()).isNull();
    assertThat(again.cutBytes()).isEqualTo(20);
    assertThat(file()).hasSize(whole);
    THREE.appendTo(again.file());
    assertThat(Records.open(directory).entries()).containsExactly(ONE, TWO, THREE);
  }

  @Test
  void tailOfZeroes_isCutWithoutAReport() throws IOException {
    RecordFile written = fileOf(ONE);
    overwrite(written.sizeBytes(), new byte[5_000_000]);
    Records again = Records.open(directory);
    assertThat(again.entries()).containsExactly(ONE);
    assertThat(again.report()).isNull();
    assertThat(again.cutBytes()).isEqualTo(5_000_000);
  }

  @Test
  void damagedMiddle_isKeptAsideAndReported() throws IOException {
    RecordFile written = fileOf(ONE);
    long middle = written.sizeBytes();
    TWO.appendTo(written);
    THREE.appendTo(written);
    overwrite(middle + 16, new byte[] {77});
    byte[] damaged = Files.readAllBytes(file());
    Records again = Records.open(directory);
    assertThat(again.entries()).containsExactly(ONE);
    assertThat(again.file().id()).isEqualTo(written.id());
    String aside = names().get(0);
    assertThat(names()).hasSize(2);
    assertThat(aside).matches("damaged-[0-9]{8}T[0-9]{6}Z-journal-1");
    assertThat(Files.readAllBytes(directory.resolve(aside))).isEqualTo(damaged);
    assertThat(again.report())
        .contains("1 records before that place are kept")
        .contains(directory.resolve(aside).toString());
    THREE.appendTo(again.file());
    Records third = Records.open(directory);
    assertThat(third.entries()).containsExactly(ONE, THREE);
    assertThat(third.report()).isNull();
  }

  @Test
  void damagedHeader_isReportedAndTheJournalBeginsAnew() throws IOException {
    fileOf(ONE).close();
    overwrite(9, new byte[] {1});
    Records again = Records.open(directory);
    assertThat(again.entries()).isEmpty();
    assertThat(again.report()).contains("does not begin as a journal does");
    TWO.appendTo(again.file());
    assertThat(Records.open(directory).entries()).containsExactly(TWO);
    assertThat(names()).hasSize(2);
  }

  @Test
  void emptyFile_isReported() throws IOException {
    fileOf(ONE).close();
    Files.write(file(), new byte[0]);
    assertThat(Records.open(directory).report()).isNotNull();
  }

  @Test
  void fileOfALaterVersion_isRefusedAndLeftAlone() throws IOException {
    fileOf(ONE).close();
    byte[] bytes = Files.readAllBytes(file());
    ByteBuffer header = ByteBuffer.wrap(bytes);
    header.putInt(8, 2).putInt(36, crc(ByteBuffer.wrap(bytes, 0, 36)));
    Files.write(file(), bytes);
    assertThatThrownBy(() -> Records.open(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file().toString())
        .hasMessageContaining("format is 2");
    assertThat(Files.readAllBytes(file())).isEqualTo(bytes);
    assertThat(names()).containsExactly("journal-1");
  }

  @Test
  void recordThatMakesNoSense_countsAsDamage() throws IOException {
    fileOf(ONE, TWO, THREE).close();
    RecordFile.Recovered recovered =
        RecordFile.open(
            directory,
            (type, payload, position) -> {
              if (type == TWO.type()) {
                throw new IOException("no such event");
              }
            });
    assertThat(recovered.records()).isEqualTo(1);
    assertThat(recovered.report()).contains("no such event");
    recovered.file().close();
    assertThat(Records.open(directory).entries()).containsExactly(ONE);
  }

  @Test
  void recordsOfAnEarlierGeneration_areNeverTakenForGood() throws IOException {
    RecordFile first = fileOf(ONE, TWO, THREE);
    byte[] old = Files.readAllBytes(file());
    first.startNext(ONE::appendTo).close();
    Path second = directory.resolve("journal-2");
    Files.write(second, Arrays.copyOfRange(old, 40 + 20, old.length), StandardOpenOption.APPEND);
    Records again = Records.open(directory);
    assertThat(again.entries()).containsExactly(ONE);
    assertThat(again.report()).isNull();
  }

  @Test
  void olderGeneration_goesWhenTheNewestIsGood() throws IOException {
    fileOf(ONE).close();
    byte[] old = Files.readAllBytes(file());
    fileOf().startNext(TWO::appendTo).close();
    Files.write(file(), old);
    Files.write(directory.resolve("journal-3.new"), new byte[10]);
    assertThat(Records.open(directory).entries()).containsExactly(TWO);
    assertThat(names()).containsExactly("journal-2");
  }

  @Test
  void olderGeneration_isKeptAsideWhenTheNewestIsDamaged() throws IOException {
    fileOf(ONE).close();
    byte[] old = Files.readAllBytes(file());
    fileOf().startNext(TWO::appendTo).close();
    Files.write(file(), old);
    Files.write(directory.resolve("journal-2"), new byte[10]);
    Records again = Records.open(directory);
    assertThat(again.entries()).isEmpty();
    assertThat(again.report()).isNotNull();
    assertThat(names()).hasSize(3).filteredOn(name -> name.startsWith("damaged-")).hasSize(2);
  }

  @Test
  void damagedFile_onAFullDisk_staysAndIsRecoveredLater() throws IOException {
    RecordFile written = fileOf(ONE);
    long middle = written.sizeBytes();
    TWO.appendTo(written);
    THREE.appendTo(written);
    overwrite(middle, new byte[] {1, 2, 3, 4});
    byte[] damaged = Files.readAllBytes(file());
    disk.before(
        operation -> {
          if (operation.equals("write")) {
            throw new IOException("No space left on device");
          }
        });
    assertThatThrownBy(() -> Records.open(directory, disk))
        .hasMessageContaining("No space left on device");
    assertThat(names()).containsExactly("journal-1");
    assertThat(Files.readAllBytes(file())).isEqualTo(damaged);
    disk.before(operation -> {});
    assertThat(Records.open(directory, disk).entries()).containsExactly(ONE);
  }
}
