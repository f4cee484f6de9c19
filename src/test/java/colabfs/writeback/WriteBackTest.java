package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.FakeRemoteFs.Op;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What programs are told, and what the journal costs. */
@Timeout(60)
final class WriteBackTest {
  private static final int SAVE_BYTES = 100_000;
  private static final int COMPACT_BYTES = 1 << 20;

  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();

  private WriteBack open(WriteBack.Fsync fsync) throws IOException {
    WriteBack writeBack =
        WriteBack.openAtRest(
            runtime,
            RemoteTree.NONE,
            new RemoteIdentity(0, 0, Set.of(0)),
            new WriteBack.Settings(directory, Duration.ZERO, "here", fsync),
            InstantSource.system(),
            COMPACT_BYTES);
    writeBack.begin();
    return writeBack;
  }

  private static RemoteFile create(WriteBack writeBack, String path) throws Exception {
    return get(
        writeBack
            .files()
            .open(
                RemotePath.of(path),
                EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE),
                0644));
  }

  private static <T> T get(CompletableFuture<T> answer) throws Exception {
    return answer.get(20, TimeUnit.SECONDS);
  }

  private static ByteBuffer bytes(int seed, int count) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  private static void flush(WriteBack writeBack) throws FsException {
    writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(20), left -> {});
  }

  @Test
  @DisplayName(
      "What the runtime refused of a file that is still open is told at its close or fsync, once.")
  void whatTheRuntimeRefusedOfAnOpenFile_isTheOutcome_once() throws Exception {
    try (WriteBack writeBack = open(WriteBack.Fsync.LOCAL)) {
      runtime.failNext(Op.OPEN, Errno.EDQUOT);
      RemoteFile file = create(writeBack, "/f");
      get(file.write(0, bytes(1, 10)));
      Awaitility.await().until(() -> writeBack.figures().refused() > 0);
      assertThat(file.outcome())
          .failsWithin(Duration.ZERO)
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EDQUOT));
      assertThat(file.outcome()).isCompleted();
      get(file.close());
      writeBack.retry();
      flush(writeBack);
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, 10).array());
    }
  }

  @Test
  @DisplayName("The owner that a new file is given arrives with it.")
  void ownerOfANewFile_arrives() throws Exception {
    try (WriteBack writeBack = open(WriteBack.Fsync.LOCAL)) {
      RemoteFile file = create(writeBack, "/f");
      get(file.write(0, bytes(1, 10)));
      get(file.close());
      get(writeBack.files().setattr(RemotePath.of("/f"), AttrChange.owner(1234, 567)));
      flush(writeBack);
      assertThat(runtime.attrs("/f").uid()).isEqualTo(1234);
      assertThat(runtime.attrs("/f").gid()).isEqualTo(567);
    }
  }

  @Test
  @DisplayName(
      "With fsync=remote, fsync returns when the runtime has the file, or with its refusal.")
  void fsyncThatWaitsForTheRuntime_endsWhenItHasTheFile() throws Exception {
    try (WriteBack writeBack = open(WriteBack.Fsync.REMOTE)) {
      RemoteFile file = create(writeBack, "/f");
      runtime.holdRequests();
      get(file.write(0, bytes(1, 10)));
      CompletableFuture<Void> fsync = file.fsync();
      Awaitility.await()
          .until(
              () -> {
                boolean done = fsync.isDone();
                boolean there = runtime.exists("/f") && runtime.content("/f").length == 10;
                assertThat(done && !there).isFalse();
                runtime.releaseOne();
                return done;
              });
      assertThat(fsync).isCompleted();
      assertThat(runtime.content("/f")).isEqualTo(bytes(1, 10).array());
      assertThat(runtime.calls(Op.FSYNC)).isEqualTo(1);
      runtime.release();
    }
  }

  @Test
  void fsyncThatWaitsForTheRuntime_tellsWhatItRefuses() throws Exception {
    try (WriteBack writeBack = open(WriteBack.Fsync.REMOTE)) {
      runtime.failNext(Op.OPEN, Errno.EACCES);
      RemoteFile file = create(writeBack, "/f");
      get(file.write(0, bytes(1, 10)));
      assertThat(file.fsync())
          .failsWithin(Duration.ofSeconds(20))
          .withThrowableOfType(ExecutionException.class)
          .havingCause()
          .isInstanceOfSatisfying(
              FsException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EACCES));
    }
  }

  @Test
  @DisplayName("The journal stays small though something is always pending.")
  void journalThatIsNeverIdle_staysSmall_andKeepsWhatIsPending() throws Exception {
    byte[] pending = bytes(7, 3 * SAVE_BYTES).array();
    try (WriteBack writeBack = open(WriteBack.Fsync.LOCAL)) {
      runtime.failNext(Op.OPEN, Errno.EDQUOT);
      RemoteFile refused = create(writeBack, "/refused");
      get(refused.write(0, ByteBuffer.wrap(pending)));
      Awaitility.await().until(() -> writeBack.figures().refused() > 0);
      long largest = 0;
      for (int save = 0; save < 100; save++) {
        RemoteFile file = create(writeBack, "/saved");
        get(file.write(0, bytes(save, SAVE_BYTES)));
        get(file.close());
        RemotePath saved = RemotePath.of("/saved");
        Awaitility.await()
            .until(() -> writeBack.list().stream().noneMatch(each -> each.path().equals(saved)));
        largest = Math.max(largest, journalBytes());
      }
      assertThat(largest).isGreaterThan(COMPACT_BYTES / 2);
      Awaitility.await().until(() -> journalBytes() < 3L * COMPACT_BYTES);
      assertThat(get(refused.read(0, pending.length)).array()).isEqualTo(pending);
      get(refused.close());
    }
    try (WriteBack again = open(WriteBack.Fsync.LOCAL)) {
      assertThat(again.report()).isNull();
      again.retry();
      flush(again);
      assertThat(runtime.content("/refused")).isEqualTo(pending);
      assertThat(runtime.content("/saved")).isEqualTo(bytes(99, SAVE_BYTES).array());
    }
  }

  private long journalBytes() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  @Test
  @DisplayName("What is read while the journal is made smaller is what was written.")
  void readsWhileTheJournalIsMadeSmaller_giveWhatWasWritten() throws Exception {
    try (WriteBack writeBack = open(WriteBack.Fsync.LOCAL)) {
      runtime.failNext(Op.OPEN, Errno.EDQUOT);
      RemoteFile kept = create(writeBack, "/kept");
      get(kept.write(0, bytes(0, SAVE_BYTES)));
      Awaitility.await().until(() -> writeBack.figures().refused() > 0); // so it stays
      List<Integer> wrong = new CopyOnWriteArrayList<>();
      CompletableFuture<Void> saving =
          CompletableFuture.runAsync(
              () -> {
                for (int save = 1; save < 60; save++) {
                  try {
                    RemoteFile file = create(writeBack, "/saved");
                    get(file.write(0, bytes(save, SAVE_BYTES)));
                    if (!Arrays.equals(
                        get(file.read(0, SAVE_BYTES)).array(), bytes(save, SAVE_BYTES).array())) {
                      wrong.add(save);
                    }
                    get(file.close());
                    writeBack.flush(RemotePath.of("/saved"), Duration.ofSeconds(20), left -> {});
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                }
              });
      while (!saving.isDone()) {
        assertThat(get(kept.read(0, SAVE_BYTES)).array()).isEqualTo(bytes(0, SAVE_BYTES).array());
      }
      saving.get(1, TimeUnit.SECONDS);
      assertThat(wrong).isEmpty();
    }
  }
}
