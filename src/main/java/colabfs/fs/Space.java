package colabfs.fs;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How full the runtime's disk is, asked every few seconds at most; while the link is down, how full
 * it was. Threading: any thread.
 */
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

  /** What is known is not believed any more. */
  @GuardedBy("this")
  private boolean due;

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
      boolean believed = !due && now - askedNanos < BELIEVED.toNanos();
      if (known != null && (believed || environment.link().isDown())) {
        return known;
      }
    }
    try {
      return keep(ask(RemotePath.ROOT), now);
    } catch (FsException e) {
      FsStats last = last();
      if (last == null || !e.isConnectionFailure()) {
        throw e;
      }
      return last;
    }
  }

  /** Somebody else may have filled it. */
  synchronized void forget() {
    due = true;
  }

  private synchronized FsStats keep(FsStats answer, long askedAtNanos) {
    known = answer;
    askedNanos = askedAtNanos;
    due = false;
    return answer;
  }

  private synchronized @Nullable FsStats last() {
    return known;
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
