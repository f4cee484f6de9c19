package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The order of what is asked of the runtime when a file's content goes there. */
@Timeout(60)
final class UploadOrderTest {
  private static final RemotePath FILE = RemotePath.of("/f");

  private static final int LARGE = 3 << 20;
  private static final Duration REST = Duration.ofMillis(20);
  private static final long START_MILLIS = 1_000_000_000L;

  @TempDir Path directory;
  private final AtomicLong millis = new AtomicLong(START_MILLIS);
  private final FakeRemoteFs runtime = new FakeRemoteFs();
  private final Held held = new Held();

  /** A runtime that carries out and answers writes and changes of attributes when it is told to. */
  private final class Held {
    final List<String> asked = new CopyOnWriteArrayList<>();
    final ConcurrentLinkedDeque<Call> calls = new ConcurrentLinkedDeque<>();
    final AtomicLong written = new AtomicLong();
    volatile boolean holds = true;

    private record Call(
        String name, Supplier<CompletableFuture<?>> work, CompletableFuture<Object> answer) {

      void carryOut() {
        var unused =
            work.get()
                .whenComplete(
                    (value, failure) -> {
                      if (failure == null) {
                        answer.complete(value);
                      } else {
                        answer.completeExceptionally(failure);
                      }
                    });
      }
    }

    RemoteFs fs() {
      return proxy(
          RemoteFs.class,
          (self, method, arguments) -> {
            if (!method.getName().equals("lstat")) {
              asked.add(method.getName());
            }
            Object answer = method.invoke(runtime, arguments);
            return method.getName().equals("open")
                ? ((CompletableFuture<?>) answer).thenApply(file -> file((RemoteFile) file))
                : answer;
          });
    }

    private RemoteFile file(RemoteFile opened) {
      return proxy(
          RemoteFile.class,
          (self, method, arguments) -> {
            String name = method.getName();
            asked.add(name);
            if (name.equals("write")) {
              written.addAndGet(((ByteBuffer) arguments[1]).remaining());
            }
            if (!holds || !(name.equals("write") || name.equals("fsetattr"))) {
              return method.invoke(opened, arguments);
            }
            Call call =
                new Call(
                    name,
                    () -> {
                      try {
                        return (CompletableFuture<?>) method.invoke(opened, arguments);
                      } catch (ReflectiveOperationException e) {
                        return CompletableFuture.failedFuture(e);
                      }
                    },
                    new CompletableFuture<>());
            calls.add(call);
            return call.answer();
          });
    }

    /** Takes the first that waits, or the last, when there is one. */
    Call take(String name, boolean last) {
      Awaitility.await().until(() -> calls.stream().anyMatch(call -> call.name().equals(name)));
      var order = last ? calls.descendingIterator() : calls.iterator();
      while (order.hasNext()) {
        Call call = order.next();
        if (call.name().equals(name)) {
          calls.remove(call);
          return call;
        }
      }
      throw new AssertionError(name);
    }

    void release() {
      holds = false;
      while (!calls.isEmpty()) {
        calls.remove().carryOut();
      }
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private WriteBack open() throws IOException {
    return WriteBack.open(
        held.fs(),
        RemoteTree.NONE,
        new RemoteIdentity(0, 0, Set.of(0)),
        new WriteBack.Settings(directory, REST, "here", WriteBack.Fsync.LOCAL),
        () -> Instant.ofEpochMilli(millis.get()));
  }

  private static RemoteFile create(WriteBack writeBack, RemotePath path) throws Exception {
    return writeBack
        .files()
        .open(path, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE), 0644)
        .get(10, TimeUnit.SECONDS);
  }

  private static byte[] bytes(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static byte[] both(byte[] one, byte[] other) {
    return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
  }

  private void awaitOnly(String name) {
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(runtime.entries("/")).extracting(DirEntry::name).containsOnly(name));
  }

  private static void write(RemoteFile file, long offset, byte[] content) throws Exception {
    file.write(offset, ByteBuffer.wrap(content)).get(10, TimeUnit.SECONDS);
  }

  /** And lets it rest. */
  private void close(RemoteFile file) throws Exception {
    file.close().get(10, TimeUnit.SECONDS);
    millis.addAndGet(REST.toMillis());
  }

  private static void flush(WriteBack writeBack) throws Exception {
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
  }

  @Test
  void attributes_areSentBehindTheLastOfTheContent_beforeThatIsAnswered() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, 600_000));
      close(file);
      Held.Call set = held.take("fsetattr", false);
      assertThat(held.asked).containsSubsequence("write", "write", "write", "fsetattr");
      assertThat(held.calls).hasSize(3).allMatch(call -> call.name().equals("write"));
      held.take("write", false).carryOut();
      held.take("write", false).carryOut();
      held.take("write", false).carryOut();
      assertThat(held.asked).doesNotContain("renameNew", "rename");
      set.carryOut();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, 600_000));
      assertThat(held.asked.stream().filter("fsetattr"::equals)).hasSize(1);
    }
  }

  @Test
  void attributes_thatAreAnsweredBeforeTheContent_areSentAgain() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, 600_000));
      close(file);
      held.take("fsetattr", false).carryOut();
      held.release(); // writes that set the time of the runtime
      flush(writeBack);
      FileAttrs there = runtime.lstat(FILE).get();
      assertThat(there.mtimeNanos()).isEqualTo(START_MILLIS * 1_000_000);
    }
  }

  @Test
  void writeThatFailsInTheMiddle_thoughTheAttributesWereSet_leavesTheOldFile() throws Exception {
    held.holds = false;
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, 10));
      close(file);
      flush(writeBack);
      held.holds = true;
      held.asked.clear();
      RemoteFile again = create(writeBack, FILE);
      write(again, 0, bytes(2, 600_000));
      close(again);
      Held.Call set = held.take("fsetattr", false);
      Held.Call failing = held.take("write", false);
      set.carryOut();
      held.release();
      failing.answer().completeExceptionally(new FsException(Errno.ENOSPC, "full"));
      Awaitility.await().until(() -> writeBack.figures().refused() > 0);
      assertThat(held.asked).doesNotContain("renameNew", "rename");
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, 10));
    }
  }

  @Test
  void largeNewFile_isOnItsWayBeforeItRests_andShowsOnlyAfterwards() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      held.take("write", false).carryOut();
      held.release();
      write(file, LARGE, bytes(2, LARGE));
      Awaitility.await().until(() -> held.written.get() == Draft.AHEAD_BYTES);
      assertThat(held.asked).doesNotContain("renameNew", "fsetattr");
      close(file);
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(both(bytes(1, LARGE), bytes(2, LARGE)));
      assertThat(held.written).hasValue(2L * LARGE);
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsChangedWhileItIsSent_sendsWhatIsNew() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      close(file);
      held.take("fsetattr", false).carryOut(); // all of it is on its way
      RemoteFile again =
          writeBack.files().open(FILE, EnumSet.of(OpenFlag.WRITE), 0).get(10, TimeUnit.SECONDS);
      write(again, 10, bytes(2, 100));
      write(again, LARGE, bytes(3, 100));
      writeBack.files().setattr(FILE, AttrChange.permissions(0600)).get(10, TimeUnit.SECONDS);
      close(again);
      held.release();
      flush(writeBack);
      byte[] wanted = both(bytes(1, LARGE), bytes(3, 100));
      Arrays.fill(wanted, 10, 110, (byte) 2);
      assertThat(runtime.content("/f")).isEqualTo(wanted);
      assertThat(runtime.lstat(FILE).get().permissions()).isEqualTo(0600);
      assertThat(held.written).hasValue(LARGE + 200L);
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsWrittenOver_waitsForWhatItLiesOver() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      Held.Call first = held.take("write", false);
      write(file, 0, bytes(2, LARGE));
      close(file);
      millis.addAndGet(1000);
      held.release();
      first.carryOut();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(2, LARGE));
    }
  }

  @Test
  void largeNewFile_thatIsRenamed_takesAlongWhatWasSent() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, RemotePath.of("/.part"));
      write(file, 0, bytes(1, LARGE));
      held.take("write", false).carryOut();
      held.release();
      Awaitility.await().until(() -> held.written.get() == Draft.AHEAD_BYTES);
      file.close().get(10, TimeUnit.SECONDS);
      writeBack.files().rename(RemotePath.of("/.part"), FILE).get(10, TimeUnit.SECONDS);
      millis.addAndGet(REST.toMillis());
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE));
      assertThat(held.written).hasValue(LARGE);
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsMovedOutOfADirectoryThatGoes_leavesNothing() throws Exception {
    runtime.mkdir(RemotePath.of("/d"), 0755).get();
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, RemotePath.of("/d/f"));
      write(file, 0, bytes(1, LARGE));
      Held.Call late = held.take("write", false);
      file.close().get(10, TimeUnit.SECONDS);
      writeBack.files().rename(RemotePath.of("/d/f"), FILE).get(10, TimeUnit.SECONDS);
      writeBack.files().rmdir(RemotePath.of("/d")).get(10, TimeUnit.SECONDS);
      millis.addAndGet(REST.toMillis());
      Awaitility.await().until(() -> held.asked.contains("fsetattr"));
      held.release();
      late.carryOut();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE));
      assertThat(writeBack.conflicts()).isEmpty();
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsCutAndGetsAHole_isSentAnew() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      Held.Call late = held.take("write", false);
      file.fsetattr(AttrChange.size(0)).get(10, TimeUnit.SECONDS);
      write(file, LARGE, bytes(2, 100));
      close(file);
      held.release();
      late.carryOut();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(both(new byte[LARGE], bytes(2, 100)));
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsCutShort_isThatLong() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      millis.addAndGet(REST.toMillis());
      held.take("fsetattr", false).carryOut(); // all of it is on its way
      file.fsetattr(AttrChange.size(LARGE / 2 + 1)).get(10, TimeUnit.SECONDS);
      held.release();
      close(file);
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE / 2 + 1));
      assertThat(held.written).hasValue(LARGE);
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatIsRemovedWhileItIsSent_leavesNothing() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      Held.Call late = held.take("write", false);
      writeBack.files().unlink(FILE).get(10, TimeUnit.SECONDS);
      close(file);
      held.release();
      late.carryOut();
      flush(writeBack);
      Awaitility.await().untilAsserted(() -> assertThat(runtime.entries("/")).isEmpty());
    }
  }

  @Test
  void largeNewFile_ofWhichAWriteFailsBeforeItRests_isSentAnewThen() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      Held.Call failing = held.take("write", false);
      failing.answer().completeExceptionally(new FsException(Errno.ENOSPC, "full"));
      held.release();
      Awaitility.await().until(() -> held.asked.contains("close"));
      close(file);
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE));
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_ofWhichAWriteFails_isKept_andSentAnewWhenItIsRetried() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      close(file);
      Held.Call set = held.take("fsetattr", false);
      Held.Call failing = held.take("write", true);
      held.release();
      set.carryOut();
      failing.answer().completeExceptionally(new FsException(Errno.ENOSPC, "full"));
      Awaitility.await().until(() -> writeBack.figures().refused() > 0);
      assertThat(held.asked).doesNotContain("renameNew", "rename");
      writeBack.retry();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE));
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_thatALostLinkCutOff_isThereInTheEnd() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      held.take("write", false).carryOut();
      runtime.disconnect();
      held.release();
      close(file);
      runtime.reconnect();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, LARGE));
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_ofAKilledMount_isThereAfterTheNext() throws Exception {
    try (WriteBack killed = open()) {
      RemoteFile file = create(killed, RemotePath.of("/.part"));
      write(file, 0, bytes(1, LARGE));
      held.take("write", false).carryOut();
      killed.files().rename(RemotePath.of("/.part"), FILE).get(10, TimeUnit.SECONDS);
      write(file, LARGE, bytes(2, LARGE));
    }
    held.release();
    try (WriteBack next = open()) {
      flush(next);
      assertThat(runtime.content("/f")).isEqualTo(both(bytes(1, LARGE), bytes(2, LARGE)));
      awaitOnly("f");
    }
  }

  @Test
  void largeNewFile_whereSomebodyElseMadeOne_landsBesideIt() throws Exception {
    try (WriteBack writeBack = open()) {
      RemoteFile file = create(writeBack, FILE);
      write(file, 0, bytes(1, LARGE));
      held.take("write", false).carryOut();
      held.release();
      RemoteFile theirs =
          runtime.open(FILE, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE), 0644).get();
      theirs.write(0, ByteBuffer.wrap(bytes(9, 9))).get();
      close(file);
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(9, 9));
      assertThat(writeBack.conflicts()).hasSize(1);
      assertThat(runtime.entries("/")).hasSize(2);
    }
  }
}
