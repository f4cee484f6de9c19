package colabfs.remote;

import static colabfs.remote.OpenFlag.CREATE;
import static colabfs.remote.OpenFlag.READ;
import static colabfs.remote.OpenFlag.TRUNCATE;
import static colabfs.remote.OpenFlag.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What the contract's tests need: the file system under test, what its server cannot do, and short
 * ways to ask. The tests are in {@link RemoteFileContract} and {@link RemoteFsContract}.
 */
abstract class RemoteContract {
  static final long SECOND = 1_000_000_000L;
  private static final int DEADLINE_SECONDS = 20;

  /** Before something is looked at that only the runtime itself can tell: a path through a link. */
  protected void settle() {}

  /** The file system under test: its root is empty, and the test's own. */
  protected abstract RemoteFs fs();

  /** Whether the server can make hard links. */
  protected boolean hasHardLinks() {
    return true;
  }

  /** Whether the server can tell how full it is. */
  protected boolean hasStatvfs() {
    return true;
  }

  /**
   * Whether the server's files are POSIX's. Java's own are not quite: they normalise a link's text,
   * a length does not extend them, an open file is looked at by its name, and what is below a file
   * is neither there nor missing.
   */
  protected boolean hasPosixFiles() {
    return true;
  }

  protected static RemotePath path(String text) {
    return RemotePath.of(text);
  }

  protected static <T> T get(CompletableFuture<T> asked) {
    try {
      return asked.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return fail(e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      return fail(e);
    }
  }

  /** The error that the call ends with; raw, as the port promises, not wrapped in another. */
  protected static Errno errno(CompletableFuture<?> asked) {
    Errno errno = errnoOrNull(asked);
    return errno == null ? fail("should have failed") : errno;
  }

  static @Nullable Errno errnoOrNull(CompletableFuture<?> asked) {
    try {
      Throwable failure =
          asked.handle((value, thrown) -> thrown).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      if (failure == null) {
        return null;
      }
      assertThat(failure).isInstanceOf(FsException.class);
      return ((FsException) failure).errno();
    } catch (ExecutionException | TimeoutException | InterruptedException e) {
      return fail(e);
    }
  }

  final CompletableFuture<RemoteFile> open(String name, OpenFlag first, OpenFlag... more) {
    Set<OpenFlag> flags = EnumSet.of(first, more);
    return fs().open(path(name), flags, 0644);
  }

  final void write(String name, String content) {
    write(name, content.getBytes(StandardCharsets.UTF_8));
  }

  final void write(String name, byte[] content) {
    RemoteFile file = get(open(name, WRITE, CREATE, TRUNCATE));
    get(file.write(0, ByteBuffer.wrap(content)));
    get(file.close());
  }

  final String text(String name) {
    return new String(bytes(name), StandardCharsets.UTF_8);
  }

  final byte[] bytes(String name) {
    RemoteFile file = get(open(name, READ));
    byte[] content = bytes(get(file.read(0, 4 << 20)));
    get(file.close());
    return content;
  }

  static String text(ByteBuffer buffer) {
    return new String(bytes(buffer), StandardCharsets.UTF_8);
  }

  static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  static ByteBuffer buffer(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(42).nextBytes(bytes);
    return bytes;
  }

  static FileAttrs attrsOf(List<DirEntry> entries, String name) {
    return entries.stream().filter(e -> e.name().equals(name)).findAny().orElseThrow().attrs();
  }
}
