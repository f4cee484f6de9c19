package colabfs.fs;

import static java.nio.charset.StandardCharsets.UTF_8;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.LinkState;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/** A file system over a runtime in memory, with a clock that stands still until told. */
final class TestMount {
  static final int LOCAL_UID = 1000;
  static final int LOCAL_GID = 1000;
  private static final Instant START = Instant.parse("2026-03-01T12:00:00.123456789Z");

  private volatile Instant now = START;
  private volatile boolean away;
  final FakeRemoteFs remote;
  final ColabFs fs;

  TestMount() {
    this(settings());
  }

  TestMount(FsSettings settings) {
    this(settings, null, new RemoteIdentity(0, 0, Set.of(0)));
  }

  TestMount(FsSettings settings, @Nullable RemoteFs whole, RemoteIdentity identity) {
    remote = new FakeRemoteFs(() -> now());
    fs = fileSystem(settings, whole, identity, Local.NOTHING);
  }

  /** What an earlier mount left here is known, and what this one learns is left. */
  TestMount(FakeRemoteFs runtime, Local local) {
    this(runtime, local, settings());
  }

  TestMount(FakeRemoteFs runtime, Local local, FsSettings settings) {
    remote = runtime;
    fs = fileSystem(settings, null, new RemoteIdentity(0, 0, Set.of(0)), local);
  }

  private ColabFs fileSystem(
      FsSettings settings, @Nullable RemoteFs whole, RemoteIdentity identity, Local local) {
    return new ColabFs(remote, whole, local, link(), identity, settings, this::now, this::nanoTime);
  }

  /** The runtime's link, which the test can have down while the port goes on answering. */
  private LinkState link() {
    LinkState link = remote.link();
    return new LinkState() {
      @Override
      public boolean isUp() {
        return !away && link.isUp();
      }

      @Override
      public void onChange(Consumer<Boolean> listener) {
        link.onChange(listener);
      }
    };
  }

  /**
   * The link is down, or up again, and the port answers all the same: as one does that holds
   * changes back, or a slow one.
   */
  void away(boolean isAway) {
    away = isAway;
  }

  static FsSettings settings() {
    return settings(false, false);
  }

  static FsSettings settings(boolean prefetch, boolean readOnly) {
    return new FsSettings(
        "/content",
        "/mnt/colab",
        readOnly,
        LOCAL_UID,
        LOCAL_GID,
        true,
        Duration.ofSeconds(20),
        100_000,
        32 << 20,
        prefetch,
        Duration.ofSeconds(2));
  }

  private long nanoTime() {
    return Duration.between(START, now).toNanos();
  }

  Instant now() {
    return now;
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  static RemotePath path(String text) {
    return RemotePath.of(text);
  }

  /** Makes or replaces a file as a program does: open, write, close. */
  void save(String path, String content) throws FsException {
    FileHandle file = fs.create(path(path), 0644, new OpenMode(false, true, false, true, false));
    write(file, 0, content);
    close(file);
  }

  FileHandle open(String path, OpenMode mode) throws FsException {
    return fs.open(path(path), mode);
  }

  FileHandle create(String path) throws FsException {
    return fs.create(path(path), 0644, OpenMode.READ_WRITE);
  }

  static void write(FileHandle file, long offset, String content) throws FsException {
    file.write(offset, ByteBuffer.wrap(content.getBytes(UTF_8)));
  }

  static void close(FileHandle file) throws FsException {
    try {
      file.flush();
    } finally {
      file.release();
    }
  }

  static String text(FileHandle file) throws FsException {
    return new String(bytes(file, 0, 1 << 20), UTF_8);
  }

  static byte[] bytes(FileHandle file, long offset, int length) throws FsException {
    ByteBuffer into = ByteBuffer.allocate(length);
    int got = file.read(offset, into);
    Assertions.assertThat(got).isEqualTo(into.position());
    return java.util.Arrays.copyOf(into.array(), got);
  }

  String read(String path) throws FsException {
    FileHandle file = open(path, OpenMode.READ);
    String text = text(file);
    close(file);
    return text;
  }

  List<String> names(String directory) throws FsException {
    return fs.readdir(path(directory)).stream().map(DirEntry::name).sorted().toList();
  }

  boolean exists(String path) throws FsException {
    try {
      fs.getattr(path(path));
      return true;
    } catch (FsException e) {
      if (e.errno() == Errno.ENOENT) {
        return false;
      }
      throw e;
    }
  }

  static void assertFails(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    Assertions.assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FsException.class, e -> Assertions.assertThat(e.errno()).isEqualTo(errno));
  }

  static byte[] pattern(int length) {
    byte[] bytes = new byte[length];
    new java.util.Random(length).nextBytes(bytes);
    return bytes;
  }
}
