package colabfs.fs;

import static colabfs.fs.TestMount.path;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations on a mount and on a plain map, which must agree after each; lost connections,
 * changes behind the mount's back, and times without a link, in which changes are taken all the
 * same, among them. A failure names its seed and step.
 */
final class ModelTest {
  private static final int STEPS = 1500;
  private static final int AWAY_EACH = 300;
  private static final int AWAY_FOR = 120;
  private static final int MAX_BYTES = 400_000;
  private static final List<String> NAMES = List.of("a", "b", "c", "d");

  /** A file as it should be; handles keep it when its name is gone. */
  private static final class Plain {
    byte[] content = new byte[0];
    boolean directory;
    boolean unnamed;

    /** On which connection the first of its handles was opened; later ones share it. */
    int connection;

    void write(int offset, byte[] bytes) {
      content = Arrays.copyOf(content, Math.max(content.length, offset + bytes.length));
      System.arraycopy(bytes, 0, content, offset, bytes.length);
    }
  }

  private record Open(FileHandle handle, Plain plain, OpenMode mode) {}

  private int connection;
  private boolean away;

  private TestMount mount = new TestMount();
  private Random random = new Random();
  private final Map<String, Plain> plains = new TreeMap<>();
  private final List<Open> opens = new ArrayList<>();
  private final List<String> history = new ArrayList<>();
  private String step = "";

  /** More of them with {@code -Dcolabfs.model.seeds=1000}. */
  static LongStream seeds() {
    return LongStream.rangeClosed(1, Long.getLong("colabfs.model.seeds", 20));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  @DisplayName("A mount behaves like a plain map of files, whatever is done to it in which order.")
  void mount_randomOperations_agreesWithModel(long seed) throws Exception {
    random = new Random(seed);
    mount = new TestMount(TestMount.settings(seed % 2 == 0, false));
    for (int i = 0; i < STEPS; i++) {
      try {
        step = "nothing";
        if (i % AWAY_EACH == AWAY_EACH - AWAY_FOR) {
          goAway();
        } else if (i % AWAY_EACH == 0) {
          comeBack();
        }
        step();
        history.add(i + " " + step);
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "seed " + seed + ", step " + i + ": " + step + "\nafter " + history, e);
      }
    }
    for (Open open : List.copyOf(opens)) {
      close(open);
    }
    assertThat(mount.remote.openHandles()).isZero();
    checkRuntime();
  }

  private void step() throws FsException {
    int dice = random.nextInt(100);
    if (dice < 12) {
      create();
    } else if (dice < 22) {
      open();
    } else if (dice < 42) {
      write();
    } else if (dice < 62) {
      read();
    } else if (dice < 67) {
      truncate();
    } else if (dice < 75) {
      rename();
    } else if (dice < 79) {
      unlink();
    } else if (dice < 82) {
      directories();
    } else if (dice < 88) {
      look();
    } else if (dice < 95) {
      finish();
    } else if (dice < 97) {
      cut();
    } else {
      foreign();
    }
    mount.pass(Duration.ofMillis(random.nextInt(700)));
  }

  /** All was looked at, and then some time passes. */
  private void goAway() throws FsException {
    step = "go away";
    for (Map.Entry<String, Plain> plain : plains.entrySet()) {
      mount.fs.getattr(path(plain.getKey()));
      if (plain.getValue().directory) {
        mount.names(plain.getKey());
      }
    }
    mount.names("/");
    mount.away(true);
    away = true;
    mount.pass(Duration.ofSeconds(30));
  }

  private void comeBack() {
    mount.away(false);
    away = false;
  }

  private String somePath() {
    String name = "/" + NAMES.get(random.nextInt(NAMES.size()));
    return random.nextInt(3) == 0 ? "/dir" + random.nextInt(2) + name : name;
  }

  private boolean parentExists(String path) {
    RemotePath parent = path(path).parent();
    return parent == null || parent.isRoot() || plains.containsKey(parent.toString());
  }

  private void create() throws FsException {
    String path = somePath();
    Plain plain = plains.get(path);
    OpenMode mode = new OpenMode(true, true, false, random.nextBoolean(), random.nextInt(4) == 0);
    step = "create " + path + " " + mode;
    Errno expected =
        !parentExists(path)
            ? Errno.ENOENT
            : plain != null && mode.exclusive() ? Errno.EEXIST : null;
    if (expected != null || opens.size() > 5) {
      if (expected != null) {
        TestMount.assertFails(expected, () -> mount.fs.create(path(path), 0644, mode));
      }
      return;
    }
    FileHandle handle = mount.fs.create(path(path), 0644, mode);
    if (plain == null) {
      plain = new Plain();
      plains.put(path, plain);
    } else if (mode.truncate()) {
      plain.content = new byte[0];
    }
    opened(handle, plain, mode);
  }

  private void open() throws FsException {
    String path = somePath();
    Plain plain = plains.get(path);
    boolean write = random.nextBoolean();
    OpenMode mode =
        new OpenMode(
            true, write, write && random.nextInt(3) == 0, write && random.nextInt(5) == 0, false);
    step = "open " + path + " " + mode;
    if (plain == null) {
      TestMount.assertFails(Errno.ENOENT, () -> mount.fs.open(path(path), mode));
    } else if (opens.size() <= 5) {
      opened(mount.fs.open(path(path), mode), plain, mode);
      if (mode.truncate()) {
        plain.content = new byte[0];
      }
    }
  }

  private void write() throws FsException {
    if (opens.isEmpty()) {
      return;
    }
    Open open = opens.get(random.nextInt(opens.size()));
    if (!open.mode().write()) {
      return;
    }
    int offset = random.nextInt(random.nextBoolean() ? MAX_BYTES : open.plain().content.length + 1);
    byte[] bytes = new byte[1 + random.nextInt(random.nextInt(4) == 0 ? 150_000 : 3000)];
    random.nextBytes(bytes);
    step = "write " + pathOf(open.plain()) + " " + bytes.length + " at " + offset;
    int at = open.mode().append() ? open.plain().content.length : offset;
    if (at + bytes.length > 3 * MAX_BYTES) {
      return;
    }
    assertThat(open.handle().write(offset, ByteBuffer.wrap(bytes))).isEqualTo(bytes.length);
    open.plain().write(at, bytes);
    assertThat(open.handle().fgetattr().sizeBytes()).isEqualTo(open.plain().content.length);
  }

  private void read() throws FsException {
    if (opens.isEmpty()) {
      return;
    }
    Open open = opens.get(random.nextInt(opens.size()));
    byte[] content = open.plain().content;
    int offset = random.nextInt(content.length + 10);
    int length = 1 + random.nextInt(random.nextInt(3) == 0 ? 300_000 : 5000);
    step =
        "read " + pathOf(open.plain()) + " " + length + " at " + offset + " of " + content.length;
    byte[] got = TestMount.bytes(open.handle(), offset, length);
    int from = Math.min(offset, content.length);
    byte[] expected = Arrays.copyOfRange(content, from, Math.min(content.length, from + length));
    assertThat(got).hasSameSizeAs(expected);
    assertThat(Arrays.mismatch(got, expected)).as("first wrong byte").isEqualTo(-1);
  }

  private void truncate() throws FsException {
    String path = somePath();
    Plain plain = plains.get(path);
    int size = random.nextInt(MAX_BYTES);
    step = "truncate " + path + " to " + size;
    if (plain == null) {
      TestMount.assertFails(Errno.ENOENT, () -> mount.fs.truncate(path(path), size));
      return;
    }
    mount.fs.truncate(path(path), size);
    plain.content = Arrays.copyOf(plain.content, size);
  }

  private void rename() throws FsException {
    String from = somePath();
    String to = somePath();
    if (random.nextInt(6) == 0) {
      from = "/dir" + random.nextInt(2);
      to = "/dir" + random.nextInt(2);
    }
    step = "rename " + from + " " + to;
    Plain moved = plains.get(from);
    if (moved == null || !parentExists(to)) {
      String gone = from;
      String nowhere = to;
      TestMount.assertFails(Errno.ENOENT, () -> mount.fs.rename(path(gone), path(nowhere)));
      return;
    }
    if (from.equals(to) || needsItsName(to)) {
      return;
    }
    if (moved.directory && plains.containsKey(to) && hasEntries(to)) {
      String source = from;
      String target = to;
      TestMount.assertFails(Errno.ENOTEMPTY, () -> mount.fs.rename(path(source), path(target)));
      return;
    }
    mount.fs.rename(path(from), path(to));
    Plain replaced = plains.remove(to);
    if (replaced != null) {
      replaced.unnamed = true;
    }
    Map<String, Plain> moving = new TreeMap<>();
    for (String path : List.copyOf(plains.keySet())) {
      if (path(path).startsWith(path(from))) {
        Plain plain = plains.remove(path);
        if (plain != null) {
          moving.put(path(path).rebase(path(from), path(to)).toString(), plain);
        }
      }
    }
    plains.putAll(moving);
  }

  /** Open since before the link went, or without it: found by its name only, which must not go. */
  private boolean needsItsName(String path) {
    Plain plain = plains.get(path);
    return plain != null && isOpen(plain) && (away || plain.connection != connection);
  }

  private boolean isOpen(@Nullable Plain plain) {
    return opens.stream().anyMatch(open -> open.plain() == plain);
  }

  private void opened(FileHandle handle, Plain plain, OpenMode mode) {
    if (!isOpen(plain)) {
      plain.connection = connection;
    }
    opens.add(new Open(handle, plain, mode));
  }

  private String pathOf(Plain plain) {
    return plains.entrySet().stream()
        .filter(entry -> entry.getValue() == plain)
        .map(Map.Entry::getKey)
        .findAny()
        .orElse("(no name)");
  }

  private boolean hasEntries(String directory) {
    return plains.keySet().stream().anyMatch(path -> path.startsWith(directory + "/"));
  }

  private void unlink() throws FsException {
    String path = somePath();
    step = "unlink " + path;
    if (needsItsName(path)) {
      return;
    }
    Plain plain = plains.remove(path);
    if (plain == null) {
      TestMount.assertFails(Errno.ENOENT, () -> mount.fs.unlink(path(path)));
      return;
    }
    mount.fs.unlink(path(path));
    plain.unnamed = true;
  }

  private void directories() throws FsException {
    String path = "/dir" + random.nextInt(2);
    if (!plains.containsKey(path)) {
      step = "mkdir " + path;
      mount.fs.mkdir(path(path), 0755);
      Plain plain = new Plain();
      plain.directory = true;
      plains.put(path, plain);
    } else if (hasEntries(path)) {
      step = "rmdir full " + path;
      TestMount.assertFails(Errno.ENOTEMPTY, () -> mount.fs.rmdir(path(path)));
    } else {
      step = "rmdir " + path;
      mount.fs.rmdir(path(path));
      plains.remove(path);
    }
  }

  private void look() throws FsException {
    String path = somePath();
    step = "look at " + path;
    Plain plain = plains.get(path);
    if (plain == null) {
      assertThat(mount.exists(path)).isFalse();
    } else {
      FileAttrs attrs = mount.fs.getattr(path(path));
      assertThat(attrs.sizeBytes()).isEqualTo(plain.content.length);
    }
    step = "list";
    assertThat(mount.names("/"))
        .isEqualTo(
            plains.keySet().stream()
                .filter(known -> known.lastIndexOf('/') == 0)
                .map(known -> known.substring(1))
                .toList());
  }

  private void finish() throws FsException {
    if (opens.isEmpty()) {
      return;
    }
    Open open = opens.get(random.nextInt(opens.size()));
    step = "finish " + pathOf(open.plain()) + " " + open.mode();
    if (random.nextInt(3) == 0) {
      open.handle().flush();
    } else {
      close(open);
    }
  }

  private void close(Open open) throws FsException {
    opens.remove(open);
    TestMount.close(open.handle());
  }

  /** The link goes and comes back; an open file without a name cannot be found again. */
  private void cut() throws FsException {
    step = "cut";
    for (Open open : List.copyOf(opens)) {
      if (open.plain().unnamed) {
        close(open);
      }
    }
    mount.remote.disconnect();
    mount.remote.reconnect();
    connection++;
  }

  /** Somebody else replaces a file that nobody has open, or makes one. */
  private void foreign() {
    String path = somePath();
    Plain plain = plains.get(path);
    if (!parentExists(path) || isOpen(plain) || away) {
      return;
    }
    step = "foreign change of " + path;
    byte[] bytes = new byte[random.nextInt(MAX_BYTES)];
    random.nextBytes(bytes);
    mount.pass(Duration.ofSeconds(3));
    mount.remote.put(path, bytes);
    mount.fs.invalidateAll();
    Plain known = plain == null ? new Plain() : plain;
    known.content = bytes;
    plains.put(path, known);
  }

  private void checkRuntime() {
    plains.forEach(
        (path, plain) -> {
          if (!plain.directory) {
            assertThat(Arrays.equals(mount.remote.content(path), plain.content)).as(path).isTrue();
          }
        });
  }
}
