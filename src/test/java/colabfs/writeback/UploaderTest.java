package colabfs.writeback;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.core.DirEntry;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
        (RemoteFs)
            Proxy.newProxyInstance(
                RemoteFs.class.getClassLoader(),
                new Class<?>[] {RemoteFs.class},
                (proxy, method, arguments) ->
                    // the first upload's file is made late, as later requests may overtake it
                    method.getName().equals("open") && opening.compareAndSet(false, true)
                        ? gate.thenCompose(go -> opened(arguments))
                        : method.invoke(runtime, arguments));
    try (WriteBack writeBack =
        WriteBack.open(
            remote,
            new RemoteIdentity(0, 0, Set.of(0)),
            new WriteBack.Settings(directory, Duration.ZERO, "here", WriteBack.Fsync.LOCAL),
            InstantSource.system())) {
      save(writeBack.files(), "/removed");
      Awaitility.await().untilTrue(opening);
      writeBack.files().unlink(RemotePath.of("/removed")).get(10, TimeUnit.SECONDS);
      save(writeBack.files(), "/kept");
      writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
      gate.complete(null);
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(runtime.entries("/")).extracting(DirEntry::name).containsOnly("kept"));
    }
  }

  @SuppressWarnings("unchecked")
  private CompletableFuture<RemoteFile> opened(Object[] arguments) {
    return runtime.open(
        (RemotePath) arguments[0], (Set<OpenFlag>) arguments[1], (Integer) arguments[2]);
  }

  private static void save(RemoteFs files, String path) throws Exception {
    RemoteFile file =
        files
            .open(
                RemotePath.of(path),
                EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE),
                0644)
            .get(10, TimeUnit.SECONDS);
    file.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3})).get(10, TimeUnit.SECONDS);
    file.close().get(10, TimeUnit.SECONDS);
  }
}
