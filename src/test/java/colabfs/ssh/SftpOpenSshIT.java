package colabfs.ssh;

import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteFsContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract on OpenSSH's own server, spoken to through its standard input and output. */
final class SftpOpenSshIT {

  abstract static class OnOpenSsh extends RemoteFsContract {
    @TempDir Path directory;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    SftpChannel names;
    SftpChannel bulk;
    private RemoteFs fs;

    @BeforeEach
    void connect() throws Exception {
      names = open();
      bulk = open();
      fs = fs(names, bulk, directory.toRealPath().toString());
    }

    private SftpChannel open() throws Exception {
      return SftpChannel.open(StreamLink.ofOpenSsh(), timer, Duration.ofSeconds(20))
          .get(20, TimeUnit.SECONDS);
    }

    abstract RemoteFs fs(SftpChannel names, SftpChannel bulk, String root);

    @AfterEach
    void disconnect() {
      names.close();
      bulk.close();
      timer.shutdown();
    }

    @Override
    protected RemoteFs fs() {
      return fs;
    }
  }

  /** As it is. */
  @Nested
  final class WithExtensions extends OnOpenSsh {
    @Override
    RemoteFs fs(SftpChannel names, SftpChannel bulk, String root) {
      return new SftpFs(names, bulk, root);
    }
  }

  /** As a server that knows nothing but version 3, on one channel for everything. */
  @Nested
  final class WithoutExtensions extends OnOpenSsh {
    @Override
    RemoteFs fs(SftpChannel names, SftpChannel bulk, String root) {
      return new SftpFs(names, names, root, Set.of());
    }

    @Override
    protected boolean hasHardLinks() {
      return false;
    }

    @Override
    protected boolean hasStatvfs() {
      return false;
    }
  }
}
