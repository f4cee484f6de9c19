package colabfs.core;

import org.jspecify.annotations.Nullable;

/**
 * A change of attributes; what is null stays as it is.
 *
 * @param sizeBytes new length: truncates or extends with zeroes
 * @param permissions new low twelve bits of the mode
 * @param owner new owner and group
 * @param times new times
 */
public record AttrChange(
    @Nullable Long sizeBytes,
    @Nullable Integer permissions,
    @Nullable Owner owner,
    @Nullable Times times) {

  /** Owner and group, the runtime's numbers; both are always sent, as SFTP knows no half. */
  public record Owner(int uid, int gid) {}

  /**
   * Times in nanoseconds since the epoch; both are always sent, since a server ignores one alone.
   */
  public record Times(long atimeNanos, long mtimeNanos) {}

  public static AttrChange size(long sizeBytes) {
    return new AttrChange(sizeBytes, null, null, null);
  }

  public static AttrChange permissions(int permissions) {
    return new AttrChange(null, permissions & FileAttrs.PERMISSION_MASK, null, null);
  }

  public static AttrChange owner(int uid, int gid) {
    return new AttrChange(null, null, new Owner(uid, gid), null);
  }

  public static AttrChange times(long atimeNanos, long mtimeNanos) {
    return new AttrChange(null, null, null, new Times(atimeNanos, mtimeNanos));
  }
}
