package colabfs.remote;

import colabfs.core.FileAttrs;

/**
 * What the login on the runtime may do, as far as mode bits say: other rights lists, read-only file
 * systems and the runtime's own rules are only known to the server. Attributes are the runtime's,
 * not as shown.
 *
 * <p>Threading: any thread, no state.
 */
public final class RemotePermissions {
  public static final int READ = 4;
  public static final int WRITE = 2;
  public static final int EXECUTE = 1;

  private static final int ANY_EXECUTE = 0111;
  private static final int STICKY = 01000;
  private static final int OWNER_SHIFT = 6;
  private static final int GROUP_SHIFT = 3;

  private final RemoteIdentity identity;

  public RemotePermissions(RemoteIdentity identity) {
    this.identity = identity;
  }

  /** Whether all of the mask's rights are there. */
  public boolean allows(FileAttrs attrs, int mask) {
    if (identity.isRoot()) {
      return (mask & EXECUTE) == 0
          || attrs.isDirectory()
          || (attrs.permissions() & ANY_EXECUTE) != 0;
    }
    int shift = 0;
    if (isOwner(attrs)) {
      shift = OWNER_SHIFT;
    } else if (attrs.gid() == identity.gid() || identity.gids().contains(attrs.gid())) {
      shift = GROUP_SHIFT;
    }
    return ((attrs.permissions() >> shift) & mask) == mask;
  }

  /** Whether names may be made in the directory; to remove one may take more. */
  public boolean mayChangeEntries(FileAttrs directory) {
    return directory.isDirectory() && allows(directory, WRITE | EXECUTE);
  }

  /**
   * Whether the entry may be removed from the directory, renamed or replaced: in a sticky directory
   * only by the owner of one of them (unlink(2), EPERM).
   */
  public boolean mayRemove(FileAttrs directory, FileAttrs entry) {
    boolean isSticky = (directory.permissions() & STICKY) != 0;
    return mayChangeEntries(directory)
        && (!isSticky || mayChangeMode(entry) || mayChangeMode(directory));
  }

  /** Whether permissions and times may be set: by the owner and by root (chmod(2)). */
  public boolean mayChangeMode(FileAttrs attrs) {
    return identity.isRoot() || isOwner(attrs);
  }

  private boolean isOwner(FileAttrs attrs) {
    return attrs.uid() == identity.uid();
  }
}
