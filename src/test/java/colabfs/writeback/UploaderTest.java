package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bringing changes to the runtime: single cases that once went wrong. */
@Timeout(60)
final class UploaderTest {
  @TempDir Path directory;
  private final FakeRemoteFs runtime = new FakeRemoteFs();

  @Test
  void fileRemovedHereDuringItsUpload_leavesNoTemporaryFile() throws Exception {
    CompletableFuture<Void> gate = new CompletableFuture<>();
    AtomicBoolean opening = new AtomicBoolean();
    RemoteFs remote =
        runtimeBut(
            (method, arguments) ->
                // the first upload's file is made late, as later requests may overtake it
                method.getName().equals("open") && opening.compareAndSet(false, true)
                    ? gate.thenCompose(go -> opened(arguments))
                    : asked(method, arguments));
    try (WriteBack writeBack = open(remote, InstantSource.system())) {
      save(writeBack.files(), "/removed", 3);
      Awaitility.await().untilTrue(opening);
      writeBack.files().unlink(RemotePath.of("/removed")).get(10, TimeUnit.SECONDS);
      save(writeBack.files(), "/kept", 3);
      writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
      gate.complete(null);
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(runtime.entries("/")).extracting(DirEntry::name).containsOnly("kept"));
    }
  }

  @Test
  @SuppressWarnings("FutureReturnValueIgnored") // what the proxy returns is waited for
  void killAfterAnUploadArrived_whileLaterWritesWaited_isNoConflict() throws Exception {
    AtomicLong seconds = new AtomicLong(1000);
    InstantSource clock = () -> Instant.ofEpochSecond(seconds.get());
    AtomicBoolean first = new AtomicBoolean(true);
    AtomicBoolean renamed = new AtomicBoolean();
    RemoteFs remote =
        runtimeBut(
            (method, arguments) -> {
              if (method.getName().equals("lstat") && renamed.get()) {
                return new CompletableFuture<>(); // so that nobody hears that it arrived
              }
              CompletableFuture<?> answer = asked(method, arguments);
              renamed.compareAndSet(false, !first.get() && method.getName().equals("rename"));
              return answer;
            });
    try (WriteBack killed = open(remote, clock)) {
      save(killed.files(), "/f", 3);
      killed.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
      first.set(false);
      seconds.addAndGet(10);
      save(killed.files(), "/f", 5);
      Awaitility.await().untilTrue(renamed);
      seconds.addAndGet(10);
      save(killed.files(), "/f", 7);
    }
    try (WriteBack next = open(runtime, clock)) {
      next.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
      assertThat(next.conflicts()).isEmpty();
      assertThat(runtime.content("/f")).hasSize(7);
      Awaitility.await()
          .untilAsserted(
              () -> assertThat(runtime.entries("/")).extracting(DirEntry::name).containsOnly("f"));
    }
  }

  @Test
  void directoryThatTookTheNameOfAnEmptiedOne_hasWhatIsInIt() throws Exception {
    for (String path : List.of("/emptied", "/full")) {
      runtime.mkdir(RemotePath.of(path), 0755).get();
      save(runtime, path + "/f", 3);
    }
    CompletableFuture<Void> gate = new CompletableFuture<>();
    RemoteFs remote =
        runtimeBut(
            (method, arguments) ->
                method.getName().equals("unlink")
                    ? gate.thenCompose(go -> runtime.unlink((RemotePath) arguments[0]))
                    : asked(method, arguments));
    try (WriteBack writeBack = open(remote, InstantSource.system())) {
      RemoteFs files = writeBack.files();
      RemotePath file = RemotePath.of("/emptied/f");
      files.unlink(file).get(10, TimeUnit.SECONDS);
      files.rename(RemotePath.of("/full"), RemotePath.of("/emptied")).get(10, TimeUnit.SECONDS);
      CompletableFuture<FileAttrs> found = files.lstat(file);
      CompletableFuture<List<DirEntry>> listed = files.list(RemotePath.of("/emptied"));
      gate.complete(null);
      assertThat(found).succeedsWithin(Duration.ofSeconds(10));
      assertThat(listed.get(10, TimeUnit.SECONDS)).extracting(DirEntry::name).containsOnly("f");
    }
  }

  @Test
  void killAfterARenameArrived_theFileIsReadBeforeItIsKnown() throws Exception {
    save(runtime, "/a", 3);
    CompletableFuture<Void> renamedHere = new CompletableFuture<>();
    AtomicBoolean renamed = new AtomicBoolean();
    RemoteFs unheard =
        runtimeBut(
            (method, arguments) -> {
              if (method.getName().equals("open")) { // so that the rename overtakes the content
                return renamedHere.thenCompose(go -> opened(arguments));
              }
              if (method.getName().equals("lstat") && renamed.get()) {
                return new CompletableFuture<FileAttrs>(); // nobody hears that it arrived
              }
              CompletableFuture<?> answer = asked(method, arguments);
              renamed.compareAndSet(false, runtime.exists("/b"));
              return answer;
            });
    try (WriteBack killed = open(unheard, InstantSource.system())) {
      save(killed.files(), "/a", 5);
      killed.files().rename(RemotePath.of("/a"), RemotePath.of("/b")).get(10, TimeUnit.SECONDS);
      renamedHere.complete(null);
      Awaitility.await().untilTrue(renamed);
    }
    CompletableFuture<Void> gate = new CompletableFuture<>();
    RemoteFs slow =
        runtimeBut(
            (method, arguments) ->
                method.getName().equals("lstat")
                    ? gate.thenCompose(go -> runtime.lstat((RemotePath) arguments[0]))
                    : asked(method, arguments));
    try (WriteBack next = open(slow, InstantSource.system())) {
      RemoteFile file =
          next.files()
              .open(RemotePath.of("/b"), EnumSet.of(OpenFlag.READ), 0)
              .get(10, TimeUnit.SECONDS);
      CompletableFuture<ByteBuffer> read = file.read(0, 10);
      gate.complete(null);
      assertThat(read.get(10, TimeUnit.SECONDS).remaining()).isEqualTo(5);
      file.close().get(10, TimeUnit.SECONDS);
    }
  }

  /** How one call is answered. */
  private interface Answer {
    CompletableFuture<?> to(Method method, Object[] arguments) throws Exception;
  }

  private CompletableFuture<?> asked(Method method, Object[] arguments) throws Exception {
    return (CompletableFuture<?>) method.invoke(runtime, arguments);
  }

  private static RemoteFs runtimeBut(Answer answer) {
    return (RemoteFs)
        Proxy.newProxyInstance(
            RemoteFs.class.getClassLoader(),
            new Class<?>[] {RemoteFs.class},
            (proxy, method, arguments) -> answer.to(method, arguments));
  }

  private WriteBack open(RemoteFs remote, InstantSource clock) throws IOException {
    return WriteBack.open(
        remote,
        RemoteTree.NONE,
        new RemoteIdentity(0, 0, Set.of(0)),
        new WriteBack.Settings(directory, Duration.ZERO, "here", WriteBack.Fsync.LOCAL),
        clock);
  }

  @SuppressWarnings("unchecked")
  private CompletableFuture<RemoteFile> opened(Object[] arguments) {
    return runtime.open(
        (RemotePath) arguments[0], (Set<OpenFlag>) arguments[1], (Integer) arguments[2]);
  }

  private static void save(RemoteFs files, String path, int bytes) throws Exception {
    RemoteFile file =
        files
            .open(
                RemotePath.of(path),
                EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE),
                0644)
            .get(10, TimeUnit.SECONDS);
    file.write(0, ByteBuffer.wrap(new byte[bytes])).get(10, TimeUnit.SECONDS);
    file.close().get(10, TimeUnit.SECONDS);
  }
}
