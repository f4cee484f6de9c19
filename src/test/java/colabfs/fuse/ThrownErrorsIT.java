package colabfs.fuse;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.it.posix.Command;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An exception or an error thrown inside any operation reaches the program as EIO, not as success.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ThrownErrorsIT {
  private interface Call {
    void run() throws Exception;
  }

  private static final Path NOWHERE = Path.of("/nonexistent");

  private Path served = NOWHERE;
  private Path mounted = NOWHERE;
  private @Nullable MountProcess mount;

  @BeforeAll
  void mount(@TempDir Path base) throws IOException {
    served = Files.createDirectory(base.resolve("served"));
    mounted = Files.createDirectory(base.resolve("mount"));
    Files.writeString(served.resolve("file"), "content");
    Files.createDirectory(served.resolve("sub"));
    Files.createSymbolicLink(served.resolve("link"), Path.of("file"));
    mount = MountProcess.mounted(MountProcess.start("throwing", served, mounted, Map.of()));
  }

  @AfterAll
  void unmount() throws IOException {
    if (mount != null) {
      mount.close();
    }
  }

  /** The system call that reaches each operation of the file system and of its open files. */
  private Map<String, Call> calls() {
    Path file = mounted.resolve("file");
    Map<String, Call> calls = new TreeMap<>();
    calls.put("getattr", () -> Files.size(file));
    calls.put("readdir", () -> shell("ls"));
    calls.put("readlink", () -> Files.readSymbolicLink(mounted.resolve("link")));
    calls.put("open", () -> FileChannel.open(file, READ).close());
    calls.put("create", () -> FileChannel.open(mounted.resolve("n1"), CREATE_NEW, WRITE).close());
    // libfuse asks for the attributes of what was just created through its handle
    calls.put("fgetattr", () -> FileChannel.open(mounted.resolve("n2"), CREATE_NEW, WRITE).close());
    calls.put("mkdir", () -> Files.createDirectory(mounted.resolve("n3")));
    calls.put("rmdir", () -> Files.delete(mounted.resolve("sub")));
    calls.put("unlink", () -> Files.delete(file));
    calls.put(
        "rename", () -> Files.move(file, mounted.resolve("n4"), StandardCopyOption.ATOMIC_MOVE));
    calls.put("symlink", () -> Files.createSymbolicLink(mounted.resolve("n5"), Path.of("file")));
    calls.put("link", () -> Files.createLink(mounted.resolve("n6"), file));
    calls.put("chmod", () -> Files.setAttribute(file, "unix:mode", 0600));
    calls.put("chown", () -> Files.setAttribute(file, "unix:uid", 0));
    calls.put("truncate", () -> shell("perl -e 'truncate(\"file\", 3) or die $!'"));
    calls.put("utimens", () -> Files.setLastModifiedTime(file, FileTime.fromMillis(0)));
    calls.put("statfs", () -> shell("stat -f ."));
    calls.put("access", () -> file.getFileSystem().provider().checkAccess(file, AccessMode.READ));
    calls.put("read", () -> onOpen(channel -> channel.read(ByteBuffer.allocate(4), 0)));
    calls.put("write", () -> onOpen(channel -> channel.write(ByteBuffer.allocate(4), 0)));
    calls.put("ftruncate", () -> onOpen(channel -> channel.truncate(2)));
    calls.put("fsync", () -> onOpen(channel -> channel.force(true)));
    calls.put("flush", () -> onOpen(channel -> {}));
    return calls;
  }

  private interface OnChannel {
    void run(FileChannel channel) throws IOException;
  }

  private void onOpen(OnChannel body) throws IOException {
    try (FileChannel channel = FileChannel.open(mounted.resolve("file"), READ, WRITE)) {
      body.run(channel);
    }
  }

  private void shell(String script) throws Exception {
    Command done = Command.sh(mounted, script);
    if (done.status() != 0) {
      throw new IOException(done.text());
    }
  }

  static Stream<String> operations() {
    return new ThrownErrorsIT().calls().keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("operations")
  void thrown_inAnOperation_isEioToTheProgram(String operation) throws Exception {
    Call call = calls().getOrDefault(operation, () -> {});
    Path trigger = Files.createFile(ThrowingFs.trigger(served, operation));
    try {
      assertThatThrownBy(call::run).hasMessageContaining("Input/output error");
    } finally {
      Files.delete(trigger);
    }
    assertThat(Files.readString(mounted.resolve("file"))).hasSize(7); // and nothing happened
  }

  @Test
  void thrown_inRelease_isNobodysError_andTheMountGoesOn() throws Exception {
    Path trigger = Files.createFile(ThrowingFs.trigger(served, "release"));
    try {
      assertThat(Files.readString(mounted.resolve("file"))).isEqualTo("content");
    } finally {
      Files.delete(trigger);
    }
    assertThat(Files.readString(mounted.resolve("file"))).isEqualTo("content");
  }
}
