package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How full the runtime's disk is, asked every few seconds at most. Threading: any thread. */
final class Space {
  private static final Duration BELIEVED = Duration.ofSeconds(5);

  /** For a server that cannot tell: 1 TiB, half of it free, so that nobody refuses to write. */
  private static final FsStats UNKNOWN =
      new FsStats(4096, 1L << 28, 1L << 27, 1L << 27, 1L << 26, 1L << 25, 255);

  private final Environment environment;

  @GuardedBy("this")
  private @Nullable FsStats known;

  @GuardedBy("this")
  private long askedNanos;

  Space(Environment environment) {
    this.environment = environment;
  }

  /** Waits for the network when it was not asked of late. */
  FsStats statfs(RemotePath path) throws FsException {
    if (path.startsWith(RuntimeTrees.SIDE)) {
      return ask(path);
    }
    long now = environment.nanoTime().getAsLong();
    synchronized (this) {
      if (known != null && now - askedNanos < BELIEVED.toNanos()) {
        return known;
      }
    }
    FsStats answer = ask(RemotePath.ROOT);
    synchronized (this) {
      known = answer;
      askedNanos = now;
    }
    return answer;
  }

  synchronized void forget() {
    known = null;
  }

  private FsStats ask(RemotePath path) throws FsException {
    try {
      return environment.patience().await(environment.remote().statvfs(path));
    } catch (FsException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        return UNKNOWN;
      }
      throw e;
    }
  }
}
