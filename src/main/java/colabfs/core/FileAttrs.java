package colabfs.core;

/**
 * What {@code lstat} tells of one file, as it is on the runtime.
 *
 * @param type what it is
 * @param permissions the low twelve bits of {@code st_mode}
 * @param uid owner, the runtime's number
 * @param gid group, the runtime's number
 * @param sizeBytes length; of a link, the length of its target
 * @param atimeNanos last access, nanoseconds since the epoch
 * @param mtimeNanos last change of the content, nanoseconds since the epoch (whole seconds where
 *     SFTP brought it)
 * @param ctimeNanos last change of the attributes, nanoseconds since the epoch; equal to {@code
 *     mtimeNanos} where unknown
 * @param inode the runtime's inode number, or 0 where unknown (SFTP does not carry it)
 * @param links number of hard links, or 0 where unknown (over SFTP only a listing tells)
 */
public record FileAttrs(
    FileType type,
    int permissions,
    int uid,
    int gid,
    long sizeBytes,
    long atimeNanos,
    long mtimeNanos,
    long ctimeNanos,
    long inode,
    int links) {

  /** The bits of {@code st_mode} that are not the type. */
  public static final int PERMISSION_MASK = 07777;

  public boolean isDirectory() {
    return type == FileType.DIRECTORY;
  }

  public boolean isRegular() {
    return type == FileType.REGULAR;
  }

  public boolean isSymlink() {
    return type == FileType.SYMLINK;
  }

  /** The whole {@code st_mode}: type and permissions. */
  public int mode() {
    return type.modeBits() | permissions;
  }

  public FileAttrs withSize(long newSizeBytes) {
    return new FileAttrs(
        type,
        permissions,
        uid,
        gid,
        newSizeBytes,
        atimeNanos,
        mtimeNanos,
        ctimeNanos,
        inode,
        links);
  }

  public FileAttrs withTimes(long newAtimeNanos, long newMtimeNanos, long newCtimeNanos) {
    return new FileAttrs(
        type,
        permissions,
        uid,
        gid,
        sizeBytes,
        newAtimeNanos,
        newMtimeNanos,
        newCtimeNanos,
        inode,
        links);
  }

  public FileAttrs withPermissions(int newPermissions) {
    return new FileAttrs(
        type,
        newPermissions & PERMISSION_MASK,
        uid,
        gid,
        sizeBytes,
        atimeNanos,
        mtimeNanos,
        ctimeNanos,
        inode,
        links);
  }

  public FileAttrs withOwner(int newUid, int newGid) {
    return new FileAttrs(
        type,
        permissions,
        newUid,
        newGid,
        sizeBytes,
        atimeNanos,
        mtimeNanos,
        ctimeNanos,
        inode,
        links);
  }

  public FileAttrs withIdentity(long newInode, int newLinks) {
    return new FileAttrs(
        type,
        permissions,
        uid,
        gid,
        sizeBytes,
        atimeNanos,
        mtimeNanos,
        ctimeNanos,
        newInode,
        newLinks);
  }
}
