package colabfs.writeback;

import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.FakeRemoteFs;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteFsContract;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteTree;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Files with write-back keep the same contract as the runtime's own. */
class JournaledFsContractTest extends RemoteFsContract {
  private static final RemoteIdentity ROOT_LOGIN = new RemoteIdentity(0, 0, Set.of(0));

  @TempDir Path directory;

  private WriteBack writeBack;

  @BeforeEach
  void open() throws IOException {
    FakeRemoteFs runtime = new FakeRemoteFs();
    writeBack =
        WriteBack.open(
            runtime,
            tree(runtime),
            ROOT_LOGIN,
            new WriteBack.Settings(
                directory.resolve("journal"),
                WriteBack.Settings.DEFAULT_DEBOUNCE,
                "here",
                WriteBack.Fsync.LOCAL),
            InstantSource.system());
  }

  /** What brings changes to the runtime, besides SFTP. */
  RemoteTree tree(FakeRemoteFs runtime) {
    return RemoteTree.NONE;
  }

  @AfterEach
  void close() {
    writeBack.close();
  }

  @Override
  protected RemoteFs fs() {
    return writeBack.files();
  }

  /** Programs' paths never lead through links: the kernel follows them. */
  @Override
  protected void settle() {
    try {
      writeBack.flush(RemotePath.ROOT, Duration.ofSeconds(10), left -> {});
    } catch (FsException e) {
      throw new AssertionError(e);
    }
  }

  /** What the fake holds is in memory. */
  @Override
  protected long sparseOffset() {
    return 5L << 20;
  }
}
