package colabfs.cache.disk;

import static colabfs.cache.disk.Kept.OLD;
import static colabfs.cache.disk.Kept.attrs;
import static colabfs.cache.disk.Kept.bytes;
import static colabfs.cache.disk.Kept.file;
import static colabfs.cache.disk.Kept.open;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.cache.KeptNames;
import colabfs.core.DirEntry;
import colabfs.core.RemotePath;
import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class DiskCacheTest {
  private static final RemotePath DIR = RemotePath.of("/d");

  @TempDir Path directory;

  private void keep(String path, byte[] content) {
    try (DiskCache cache = open(directory)) {
      file(cache, path, content.length).keep(0, content);
    }
  }

  @Test
  void block_isThereInTheNextProcess_inItsVersionOnly() {
    byte[] content = bytes(1, 1000);
    keep("/a", content);
    try (DiskCache cache = open(directory)) {
      assertThat(file(cache, "/a", 1000).block(0, 1000, false)).isEqualTo(content);
      assertThat(file(cache, "/a", 1000).holds(0, 1000, false)).isTrue();
      assertThat(file(cache, "/a", 1000).isDoubtful()).isFalse();
      assertThat(file(cache, "/a", 1000).block(0, 999, true)).isNull();
      assertThat(file(cache, "/a", 1000).block(1, 1000, true)).isNull();
      assertThat(file(cache, "/a", 1001).block(0, 1000, true)).isNull();
      assertThat(file(cache, "/b", 1000).block(0, 1000, true)).isNull();
      assertThat(cache.contents().file(RemotePath.of("/a"), 1000, OLD + 1).block(0, 1000, true))
          .isNull();
    }
  }

  @Test
  void forgottenContent_isNeverThereAgain() {
    keep("/a", bytes(1, 1000));
    try (DiskCache cache = open(directory)) {
      var before = file(cache, "/a", 1000);
      cache.contents().forget(RemotePath.of("/a"));
      before.keep(0, bytes(1, 1000));
      assertThat(before.isVoid()).isTrue();
      assertThat(before.block(0, 1000, true)).isNull();
      assertThat(file(cache, "/a", 1000).block(0, 1000, true)).isNull();
      file(cache, "/a", 1000).keep(0, bytes(2, 1000));
    }
    try (DiskCache cache = open(directory)) {
      assertThat(file(cache, "/a", 1000).block(0, 1000, true)).isEqualTo(bytes(2, 1000));
    }
  }

  @Test
  void renamedTree_takesItsContentsAlong() {
    keep("/d/e/a", bytes(1, 10));
    keep("/d", bytes(2, 10));
    keep("/d0", bytes(3, 10));
    keep("/x/gone", bytes(4, 10));
    try (DiskCache cache = open(directory)) {
      cache.contents().renamed(DIR, RemotePath.of("/x"), true);
      assertThat(file(cache, "/x/e/a", 10).block(0, 10, false)).isEqualTo(bytes(1, 10));
      assertThat(file(cache, "/x", 10).block(0, 10, false)).isEqualTo(bytes(2, 10));
      assertThat(file(cache, "/d0", 10).block(0, 10, false)).isEqualTo(bytes(3, 10));
      assertThat(file(cache, "/x/gone", 10).block(0, 10, true)).isNull();
      assertThat(file(cache, "/d/e/a", 10).block(0, 10, true)).isNull();
      cache.contents().forgetTree(RemotePath.of("/x"));
      assertThat(file(cache, "/x/e/a", 10).block(0, 10, true)).isNull();
    }
  }

  @Test
  void retimedContent_isOfTheOtherTime() {
    keep("/a", bytes(1, 10));
    try (DiskCache cache = open(directory)) {
      cache.contents().retimed(RemotePath.of("/a"), 10, OLD, 77);
      assertThat(file(cache, "/a", 10).block(0, 10, true)).isNull();
      assertThat(cache.contents().file(RemotePath.of("/a"), 10, 77).block(0, 10, false))
          .isEqualTo(bytes(1, 10));
    }
  }

  @Test
  @DisplayName(
      "What was read of a file that had changed in the seconds before is read again in the next"
          + " mount, unless nobody can be asked.")
  void youngContent_isDoubtful_untilItIsReadAgain() {
    long now = Instant.now().getEpochSecond();
    try (DiskCache cache = open(directory)) {
      cache.contents().file(DIR, 10, now).keep(0, bytes(1, 10));
    }
    try (DiskCache cache = open(directory)) {
      var young = cache.contents().file(DIR, 10, now);
      assertThat(young.isDoubtful()).isTrue();
      assertThat(young.block(0, 10, false)).isNull();
      assertThat(young.holds(0, 10, false)).isFalse();
      assertThat(young.block(0, 10, true)).isEqualTo(bytes(1, 10));
    }
  }

  @Test
  void contentOfAnotherRuntime_isDoubtful() {
    keep("/a", bytes(1, 10));
    try (DiskCache cache = open(directory)) {
      cache.servedBy(new RuntimeId("2".repeat(32), "other", "SHA256:other"));
      assertThat(file(cache, "/a", 10).block(0, 10, false)).isNull();
      cache.await();
      assertThat(file(cache, "/a", 10).block(0, 10, false)).isNull();
      assertThat(file(cache, "/a", 10).block(0, 10, true)).isEqualTo(bytes(1, 10));
      file(cache, "/a", 10).keep(0, bytes(2, 10));
      cache.await();
      assertThat(file(cache, "/a", 10).block(0, 10, false)).isEqualTo(bytes(2, 10));
    }
  }

  @Test
  void cache_staysWithinItsBound_andKeepsWhatIsRead() {
    long max = 24L << 20;
    int length = 100_000;
    try (DiskCache cache = requireNonNull(open(directory, max, 0))) {
      for (int i = 0; i < 1000; i++) {
        file(cache, "/f" + i, length).keep(0, bytes(i, length));
        assertThat(file(cache, "/f0", length).block(0, length, false))
            .satisfiesAnyOf(
                bytes -> assertThat(bytes).isNull(),
                bytes -> assertThat(bytes).isEqualTo(bytes(0, length)));
        cache.await();
        if (i % 50 == 0) {
          assertThat(cache.bytes()).isLessThan(max + (9L << 20)); // looked at every 8 MB
        }
      }
      assertThat(file(cache, "/f0", length).block(0, length, false)).isEqualTo(bytes(0, length));
      assertThat(file(cache, "/f999", length).block(0, length, false))
          .isEqualTo(bytes(999, length));
      assertThat(file(cache, "/f1", length).block(0, length, false)).isNull();
      assertThat(file(cache, "/f500", length).block(0, length, false)).isNull();
    }
    assertThat(size()).isLessThan(max);
  }

  private long size() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void secondProcess_hasNone_untilTheFirstIsDone() {
    try (DiskCache cache = open(directory)) {
      assertThat(cache).isNotNull();
      assertThat(open(directory, 1 << 20, 0)).isNull();
    }
    keep("/a", bytes(1, 10));
    try (DiskCache cache = open(directory)) {
      assertThat(file(cache, "/a", 10).block(0, 10, false)).isEqualTo(bytes(1, 10));
    }
  }

  @Test
  void almostFullDisk_isLeftAlone_andGivenRoom() throws IOException {
    keep("/a", bytes(1, 300_000));
    long free = Files.getFileStore(directory).getUsableSpace();
    try (DiskCache cache = requireNonNull(open(directory, 1L << 30, 2 * free + (1L << 40)))) {
      file(cache, "/b", 10).keep(0, bytes(2, 10));
      cache.tickAndWait();
      file(cache, "/b", 10).keep(0, bytes(2, 10));
      cache.await();
      assertThat(file(cache, "/b", 10).block(0, 10, true)).isNull();
      assertThat(file(cache, "/a", 300_000).block(0, 300_000, true)).isNull();
    }
  }

  @Test
  void whatWasWrittenBeforeThisMachineStarted_isThrownAway_ifItsProcessWasKilled()
      throws IOException {
    keep("/a", bytes(1, 10));
    Files.writeString(directory.resolve("open"), "another boot");
    try (DiskCache cache = open(directory)) {
      assertThat(file(cache, "/a", 10).block(0, 10, true)).isNull();
    }
  }

  @Test
  void files_areForTheUserAlone() throws IOException {
    keep("/a", bytes(1, 10));
    try (DiskCache cache = open(directory);
        Stream<Path> files = Files.list(directory)) {
      assertThat(cache).isNotNull();
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as(file.toString())
            .isEqualTo("rw-------");
      }
    }
  }

  // Names.

  private static KeptNames.Entries entries(boolean whole, String... names) {
    return new KeptNames.Entries(
        whole, Stream.of(names).map(name -> new DirEntry(name, attrs(name.length()))).toList());
  }

  @Test
  void names_areThereInTheNextProcess() {
    try (DiskCache cache = open(directory)) {
      cache.names().changedRoot(attrs(7));
      cache.names().changed(RemotePath.ROOT, () -> entries(true, "d", "\u00e4 \n"));
      cache.names().changed(DIR, () -> entries(false, "x"));
      cache.names().changed(RemotePath.of("/gone"), () -> entries(true));
      cache.names().removed(RemotePath.of("/gone"));
      cache.links().keep(DIR, "target", 6, 5);
      assertThat(cache.names().directory(DIR)).isEqualTo(entries(false, "x"));
    }
    try (DiskCache cache = open(directory)) {
      assertThat(cache.names().root()).isEqualTo(attrs(7));
      assertThat(cache.names().directory(RemotePath.ROOT))
          .isEqualTo(entries(true, "d", "\u00e4 \n"));
      assertThat(cache.names().directory(DIR)).isEqualTo(entries(false, "x"));
      assertThat(cache.names().directory(RemotePath.of("/gone"))).isNull();
      assertThat(cache.links().text(DIR, 6, 5)).isEqualTo("target");
      assertThat(cache.links().text(DIR, 6, 4)).isNull();
    }
  }

  @Test
  void namesOfATree_moveAndGoWithIt() {
    List<String> directories = List.of("/d", "/d/e", "/d0", "/x/old", "/y");
    try (DiskCache cache = open(directory)) {
      directories.forEach(
          path ->
              cache
                  .names()
                  .changed(
                      RemotePath.of(path),
                      () -> entries(true, path.substring(1).replace('/', '-'))));
    }
    try (DiskCache cache = open(directory)) {
      cache.names().movedTree(DIR, RemotePath.of("/x"));
      cache.names().removedTree(RemotePath.of("/y"));
    }
    try (DiskCache cache = open(directory)) {
      assertThat(cache.names().directory(RemotePath.of("/x"))).isEqualTo(entries(true, "d"));
      assertThat(cache.names().directory(RemotePath.of("/x/e"))).isEqualTo(entries(true, "d-e"));
      assertThat(cache.names().directory(RemotePath.of("/d0"))).isEqualTo(entries(true, "d0"));
      for (String gone : List.of("/d", "/d/e", "/x/old", "/y")) {
        assertThat(cache.names().directory(RemotePath.of(gone))).as(gone).isNull();
      }
    }
  }
}
