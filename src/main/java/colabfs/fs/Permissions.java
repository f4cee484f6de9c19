package colabfs.fs;

import colabfs.core.FileAttrs;
import colabfs.remote.RemoteIdentity;

/** What the login on the runtime may do with a file, as its mode bits say. No state. */
final class Permissions {
  static final int READ = 4;
  static final int WRITE = 2;
  static final int EXECUTE = 1;

  private static final int ANY_EXECUTE = 0111;
  private static final int OWNER_SHIFT = 6;
  private static final int GROUP_SHIFT = 3;

  private final RemoteIdentity identity;

  Permissions(RemoteIdentity identity) {
    this.identity = identity;
  }

  /** Whether all of the mask's rights are there; attributes are the runtime's, not as shown. */
  boolean allows(FileAttrs attrs, int mask) {
    if (identity.isRoot()) {
      return (mask & EXECUTE) == 0
          || attrs.isDirectory()
          || (attrs.permissions() & ANY_EXECUTE) != 0;
    }
    int shift = 0;
    if (attrs.uid() == identity.uid()) {
      shift = OWNER_SHIFT;
    } else if (attrs.gid() == identity.gid() || identity.gids().contains(attrs.gid())) {
      shift = GROUP_SHIFT;
    }
    return ((attrs.permissions() >> shift) & mask) == mask;
  }
}
