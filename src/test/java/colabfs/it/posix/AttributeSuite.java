package colabfs.it.posix;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link PosixSuite} and more: links, attributes, names, locks, mapping, many at once. */
public abstract class AttributeSuite extends PosixSuite {
  @Test
  void symlinks_relativeAndDangling() throws IOException {
    Files.writeString(dir.resolve("file"), "content");
    Files.createDirectory(dir.resolve("sub"));
    Path link = Files.createSymbolicLink(dir.resolve("sub/link"), Path.of("../file"));
    assertThat(Files.readSymbolicLink(link)).isEqualTo(Path.of("../file"));
    assertThat(Files.readString(link)).isEqualTo("content");
    assertThat(Files.size(dir.resolve("sub/link"))).isEqualTo(7);
    assertThat((Long) Files.getAttribute(link, "size", NOFOLLOW_LINKS))
        .isEqualTo("../file".length());
    Path dangling = Files.createSymbolicLink(dir.resolve("dangling"), Path.of("nowhere"));
    assertThat(Files.isSymbolicLink(dangling)).isTrue();
    assertThatThrownBy(() -> Files.readString(dangling)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> Files.createSymbolicLink(link, Path.of("x")))
        .isInstanceOf(FileAlreadyExistsException.class);
    Files.delete(dangling);
    assertThat(Files.isSymbolicLink(dangling)).isFalse();
  }

  @Test
  void symlinks_inACircle_areEloop() throws IOException {
    Files.createSymbolicLink(dir.resolve("a"), Path.of("b"));
    Files.createSymbolicLink(dir.resolve("b"), Path.of("a"));
    assertThatThrownBy(() -> FileChannel.open(dir.resolve("a"), READ).close())
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("Too many levels of symbolic links");
  }

  @Test
  void hardLinks_shareTheContent() throws IOException {
    Path first = Files.writeString(dir.resolve("first"), "one");
    Path second = Files.createLink(dir.resolve("second"), first);
    Files.writeString(second, "changed");
    assertThat(Files.readString(first)).isEqualTo("changed");
    Files.delete(first);
    assertThat(Files.readString(second)).isEqualTo("changed");
    assertThatThrownBy(() -> Files.createLink(second, dir.resolve("nothing")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void chmod_isSeen_onFilesAndDirectories() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    Path sub = Files.createDirectory(dir.resolve("sub"));
    for (int mode : new int[] {0644, 0600, 0755, 0400, 0777}) {
      Files.setAttribute(file, "unix:mode", mode);
      assertThat((Integer) Files.getAttribute(file, "unix:mode") & 07777).isEqualTo(mode);
    }
    Files.setAttribute(sub, "unix:mode", 0750);
    assertThat((Integer) Files.getAttribute(sub, "unix:mode") & 07777).isEqualTo(0750);
  }

  @Test
  void umask_appliesToWhatIsMade() throws Exception {
    Command made = Command.sh(dir, "umask 027; : > file; mkdir sub; stat -c %a file sub");
    assertThat(made.text()).isEqualTo("640\n750\n");
  }

  @Test
  void chown_toOneself_works() throws Exception {
    Command done = Command.sh(dir, ": > file && chown $(id -u):$(id -g) file && stat -c %u file");
    assertThat(done.text()).isEqualTo(Command.sh(dir, "id -u").text());
  }

  @Test
  void utimens_keepsNanoseconds() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    FileTime mtime = FileTime.from(Instant.ofEpochSecond(1_600_000_000L, 123_456_789));
    FileTime atime = FileTime.from(Instant.ofEpochSecond(1_500_000_000L, 987_654_321));
    BasicFileAttributeView view = Files.getFileAttributeView(file, BasicFileAttributeView.class);
    view.setTimes(mtime, atime, null);
    assertThat(view.readAttributes().lastModifiedTime()).isEqualTo(mtime);
    assertThat(view.readAttributes().lastAccessTime()).isEqualTo(atime);
  }

  @Test
  void utimens_nowAndOmit() throws Exception {
    Path file = Files.createFile(dir.resolve("file"));
    Command.sh(dir, "touch -d @1000000000.5 file; touch -a file");
    assertThat(Files.getLastModifiedTime(file).toInstant())
        .isEqualTo(Instant.ofEpochSecond(1_000_000_000L, 500_000_000));
    FileTime atime = (FileTime) Files.getAttribute(file, "lastAccessTime");
    assertThat(atime.toInstant())
        .isBetween(
            Instant.now().minus(Duration.ofMinutes(2)), Instant.now().plus(Duration.ofMinutes(2)));
    Command.sh(dir, "touch -d @1000000000 file; touch -m -d @1100000000.25 file");
    assertThat(((FileTime) Files.getAttribute(file, "lastAccessTime")).toInstant())
        .isEqualTo(Instant.ofEpochSecond(1_000_000_000L));
    assertThat(Files.getLastModifiedTime(file).toInstant())
        .isEqualTo(Instant.ofEpochSecond(1_100_000_000L, 250_000_000));
  }

  @Test
  void write_movesMtime() throws Exception {
    Path file = Files.createFile(dir.resolve("file"));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
    Files.writeString(file, "new");
    assertThat(Files.getLastModifiedTime(file).toInstant())
        .isAfter(Instant.now().minus(Duration.ofMinutes(2)));
  }

  /** Bytes as printf's escapes: umlaut, CJK, emoji, newline, blanks, a leading dash, a quote. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\303\\244\\303\\266\\303\\274",
        "\\346\\227\\245\\346\\234\\254",
        "\\360\\237\\230\\200.txt",
        "two\\nlines",
        "  blanks  ",
        "-dash",
        "quote\\047\\042\\044",
        ".hidden",
        "..two",
        "back\\134slash"
      })
  void names_areBytes_whateverTheLocale(String escaped) throws Exception {
    String name = "name=\"$(printf '" + escaped.replace("-dash", "\\055dash") + "')\"; ";
    Command made = Command.sh(dir, name + "printf text > \"./$name\" && cat < \"./$name\"");
    assertThat(made.text()).isEqualTo("text");
    byte[] listed = Command.sh(dir, "find . -mindepth 1 -print0").output();
    byte[] wanted = Command.sh(dir, name + "printf './%s\\000' \"$name\"").output();
    assertThat(listed).isEqualTo(wanted);
    assertThat(Command.sh(dir, name + "mv -- \"$name\" plain && ls").text()).isEqualTo("plain\n");
    Command.sh(dir, name + "ln -s -- \"$name\" link");
    assertThat(Command.sh(dir, "readlink -n link").output())
        .isEqualTo(Command.sh(dir, name + "printf %s \"$name\"").output());
  }

  @Test
  void names_of255Bytes_work_andOf256_areEnametoolong() throws Exception {
    String longest = "a".repeat(255);
    Files.writeString(dir.resolve(longest), "text");
    try (var names = Files.list(dir)) {
      assertThat(names.map(p -> p.getFileName().toString())).containsExactly(longest);
    }
    String tooLong = longest + "a";
    assertThatThrownBy(() -> Files.createFile(dir.resolve(tooLong)))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("File name too long");
    assertThatThrownBy(() -> Files.createDirectory(dir.resolve(tooLong)))
        .hasMessageContaining("File name too long");
    // 85 times three bytes are 255, 86 are 258
    String three = "\\346\\227\\245";
    assertThat(Command.sh(dir, ": > \"$(printf '" + three.repeat(85) + "')\"").status()).isZero();
    assertThat(Command.sh(dir, ": > \"$(printf '" + three.repeat(86) + "')\"").text())
        .contains("File name too long");
  }

  @Test
  void readdir_of5000_isComplete_evenWhileOthersComeAndGo() throws Exception {
    for (int i = 0; i < 5000; i++) {
      Files.createFile(dir.resolve("file" + i));
    }
    List<String> seen = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(dir)) {
      for (Path entry : stream) {
        seen.add(entry.getFileName().toString());
        if (seen.size() % 1000 == 0) {
          Files.createFile(dir.resolve("other" + seen.size()));
          Files.delete(dir.resolve("other" + seen.size()));
        }
      }
    }
    seen.removeIf(name -> name.startsWith("other"));
    assertThat(seen).hasSize(5000).doesNotHaveDuplicates();
  }

  @Test
  void readdir_tellsTypes() throws Exception {
    Files.createFile(dir.resolve("file"));
    Files.createDirectory(dir.resolve("sub"));
    Files.createSymbolicLink(dir.resolve("link"), Path.of("file"));
    String found = Command.sh(dir, "find . -mindepth 1 -printf '%f %y\\n' | sort").text();
    assertThat(found).isEqualTo("file f\nlink l\nsub d\n");
  }

  @Test
  void readdir_throughAHandleFromBeforeARename() throws Exception {
    Files.createDirectories(dir.resolve("old/sub"));
    String script =
        "opendir D, 'old' or die; rename 'old', 'new' or die; rewinddir D;"
            + " print grep {!/^\\.+$/} readdir D";
    assertThat(Command.run(dir, Map.of(), "perl", "-e", script).text()).isEqualTo("sub");
  }

  @Test
  void inode_isTheSameInListingAndStat() throws Exception {
    Files.createFile(dir.resolve("file"));
    String listed = Command.sh(dir, "ls -i file | cut -d' ' -f1; stat -c %i file").text();
    String[] two = listed.split("\n", -1);
    assertThat(two[0]).isEqualTo(two[1]).isNotEqualTo("0");
  }

  @Test
  void mmap_readsAndWrites() throws IOException {
    Path file = Files.write(dir.resolve("file"), new byte[300_000]);
    try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
      var map = channel.map(FileChannel.MapMode.READ_WRITE, 0, 300_000);
      map.put(0, (byte) 'a');
      map.put(299_999, (byte) 'z');
      map.force();
    }
    byte[] content = Files.readAllBytes(file);
    assertThat(content[0]).isEqualTo((byte) 'a');
    assertThat(content[299_999]).isEqualTo((byte) 'z');
    try (FileChannel channel = FileChannel.open(file, READ)) {
      var map = channel.map(FileChannel.MapMode.READ_ONLY, 0, 300_000);
      assertThat(map.get(299_999)).isEqualTo((byte) 'z');
    }
  }

  @Test
  void flock_isSeenByAnotherProcess() throws Exception {
    Command held =
        Command.sh(
            dir,
            ": > lock; exec 9<lock; flock -n 9 || exit 3; flock -n lock true; echo $?;"
                + " flock -u 9; flock -n lock true; echo $?");
    assertThat(held.text()).isEqualTo("1\n0\n");
  }

  @Test
  void fcntlLock_isSeenByAnotherProcess() throws Exception {
    Path file = Files.createFile(dir.resolve("lock"));
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      FileLock lock = channel.lock();
      assertThat(lockedByOther(file)).isFalse();
      lock.release();
      assertThat(lockedByOther(file)).isTrue();
    }
  }

  private boolean lockedByOther(Path file) throws Exception {
    Command done =
        Command.run(
            dir,
            Map.of(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            LockMain.class.getName(),
            file.toString());
    return done.status() == 0;
  }

  @Test
  void statvfs_answers() throws Exception {
    var store = Files.getFileStore(dir);
    assertThat(store.getTotalSpace()).isPositive();
    assertThat(store.getUsableSpace()).isBetween(0L, store.getTotalSpace());
    assertThat(Command.sh(dir, "stat -f -c %l .").text().strip()).isEqualTo("255");
  }

  @Test
  void access_knowsWhatCanBeExecuted() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    Files.setAttribute(file, "unix:mode", 0644);
    assertThat(Files.isReadable(file)).isTrue();
    assertThat(Files.isWritable(file)).isTrue();
    assertThat(Files.isExecutable(file)).isFalse();
    Files.setAttribute(file, "unix:mode", 0755);
    assertThat(Files.isExecutable(file)).isTrue();
    assertThatThrownBy(
            () ->
                file.getFileSystem()
                    .provider()
                    .checkAccess(dir.resolve("nothing"), AccessMode.READ))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void script_runsFromIt() throws Exception {
    Files.writeString(dir.resolve("script"), "#!/bin/sh\necho ran\n", StandardCharsets.UTF_8);
    Files.setAttribute(dir.resolve("script"), "unix:mode", 0755);
    assertThat(Command.sh(dir, "./script").text()).isEqualTo("ran\n");
  }

  @Test
  void fsync_ofFileAndDirectory_succeeds() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "text");
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      channel.force(true);
      channel.force(false);
    }
    try (FileChannel channel = FileChannel.open(dir, READ)) {
      channel.force(true);
    }
  }

  @Test
  void writers_onManyThreads_doNotMix() throws Exception {
    int writers = 8;
    int rounds = 30;
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Future<Path>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        String mark = Integer.toString(i);
        running.add(
            pool.submit(
                () -> {
                  Path file = dir.resolve("writer" + mark);
                  for (int round = 1; round <= rounds; round++) {
                    Files.writeString(file, mark.repeat(round * 997));
                    assertThat(Files.readString(file)).isEqualTo(mark.repeat(round * 997));
                  }
                  return file;
                }));
      }
      for (Future<Path> one : running) {
        assertThat(Files.size(one.get())).isEqualTo(rounds * 997L);
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void writers_onOneFile_eachInItsOwnRange_loseNothing() throws Exception {
    int writers = 6;
    int bytesEach = 200_000;
    Path file = Files.createFile(dir.resolve("file"));
    ExecutorService pool = Executors.newFixedThreadPool(writers);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        int number = i;
        running.add(
            pool.submit(
                () -> {
                  try (FileChannel channel = FileChannel.open(file, WRITE)) {
                    for (int at = 0; at < bytesEach; at += 1000) {
                      channel.write(
                          bytes(Integer.toString(number).repeat(1000)),
                          (long) number * bytesEach + at);
                    }
                  }
                  return number;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } finally {
      pool.shutdown();
    }
    byte[] content = Files.readAllBytes(file);
    assertThat(content).hasSize(writers * bytesEach);
    for (int at = 0; at < content.length; at += 500) {
      assertThat(content[at]).isEqualTo((byte) ('0' + at / bytesEach));
    }
  }
}
