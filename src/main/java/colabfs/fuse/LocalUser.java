package colabfs.fuse;

/** Who mounts: the numbers of {@code getuid(2)} and {@code getgid(2)}. */
public record LocalUser(int uid, int gid) {
  /** Whether this user mounts and unmounts without the help of {@code fusermount}. */
  boolean isRoot() {
    return uid == 0;
  }
}
