package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a name that the login makes now looks like, without asking. Threading: any thread. */
final class NewNames {
  private static final int SET_GROUP_ID = 02000;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final Environment environment;
  private final Lookups lookups;

  NewNames(Environment environment, Lookups lookups) {
    this.environment = environment;
    this.lookups = lookups;
  }

  /** The group is the directory's where that says so, else the login's. */
  FileAttrs attrs(RemotePath path, FileType type, int permissions) {
    FileAttrs above = parentOf(path);
    boolean inherits = above != null && (above.permissions() & SET_GROUP_ID) != 0;
    int bits = permissions & FileAttrs.PERMISSION_MASK;
    if (inherits && type == FileType.DIRECTORY) {
      bits |= SET_GROUP_ID;
    }
    long now = nowNanos();
    int gid = above != null && inherits ? above.gid() : environment.identity().gid();
    int uid = environment.identity().uid();
    return new FileAttrs(type, bits, uid, gid, 0, now, now, now, 0, 1);
  }

  /** Nanoseconds since the epoch. */
  long nowNanos() {
    return nanos(environment.clock().instant());
  }

  static long nanos(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), NANOS_PER_SECOND), instant.getNano());
  }

  private @Nullable FileAttrs parentOf(RemotePath path) {
    RemotePath parent = path.parent();
    try {
      return parent == null ? null : lookups.atHand(parent);
    } catch (FsException gone) {
      return null;
    }
  }
}
