package colabfs.core;

/**
 * The reasons for which a file-system call can fail, by their POSIX names.
 *
 * <p>The numbers are Linux's (include/uapi/asm-generic/errno-base.h and errno.h); the {@code fuse}
 * room translates where a system numbers them differently.
 */
public enum Errno {
  EPERM(1, "operation not permitted"),
  ENOENT(2, "no such file or directory"),
  ESRCH(3, "no such process"),
  EINTR(4, "interrupted"),
  EIO(5, "input/output error"),
  EBADF(9, "bad file handle"),
  EAGAIN(11, "try again"),
  EACCES(13, "permission denied"),
  EBUSY(16, "device or resource busy"),
  EEXIST(17, "file exists"),
  EXDEV(18, "crosses a mount boundary"),
  ENOTDIR(20, "not a directory"),
  EISDIR(21, "is a directory"),
  EINVAL(22, "invalid argument"),
  EFBIG(27, "file too large"),
  ENOSPC(28, "no space left on the runtime"),
  EROFS(30, "read-only file system"),
  EMLINK(31, "too many links"),
  ENAMETOOLONG(36, "file name too long"),
  ENOTEMPTY(39, "directory not empty"),
  ELOOP(40, "too many levels of symbolic links"),
  EOPNOTSUPP(95, "operation not supported"),
  ENOTCONN(107, "not connected"),
  ETIMEDOUT(110, "timed out"),
  ESTALE(116, "stale file handle"),
  EDQUOT(122, "disk quota exceeded");

  private final int number;
  private final String text;

  Errno(int number, String text) {
    this.number = number;
    this.text = text;
  }

  /** The positive number that Linux gives this error. */
  public int number() {
    return number;
  }

  /** A few lower-case words for a person, without a full stop. */
  public String text() {
    return text;
  }
}
