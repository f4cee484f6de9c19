package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * The one place where a server's status becomes an {@link Errno}.
 *
 * <p>OpenSSH has few numbers (errno_to_portable in sftp-server.c): "no such file" is ENOENT,
 * ENOTDIR, ELOOP and EBADF; "permission denied" EACCES and EPERM; "bad message" EINVAL and
 * ENAMETOOLONG; "failure" all the rest. What they mean is told by the operation and by a second
 * look at the names ({@link SftpDiagnosis}).
 */
final class SftpErrors {

  /**
   * What a second look found; everything is unknown or missing in {@link #NONE}.
   *
   * @param at what has the name that the operation is on (for one that makes a name: that name)
   * @param target what has the name that a rename goes to
   * @param space of the file system
   * @param crossing whether a rename or link would leave the file system
   */
  record Evidence(
      @Nullable FileAttrs at,
      @Nullable FileAttrs target,
      @Nullable SftpSpace space,
      boolean crossing) {
    static final Evidence NONE = new Evidence(null, null, null, false);

    boolean readOnly() {
      return space != null && space.readOnly();
    }

    boolean full() {
      return space != null && space.isFull();
    }
  }

  private static final int PATH_MAX_BYTES = 4096;

  private SftpErrors() {}

  /** Whether a second look can tell more than the status does. */
  static boolean needsEvidence(SftpOp op, SftpStatus status) {
    return switch (status.code()) {
      case SftpConstants.SSH_FX_FAILURE -> op != SftpOp.READ && op != SftpOp.CLOSE;
      case SftpConstants.SSH_FX_NO_SUCH_FILE, SftpConstants.SSH_FX_NO_SUCH_PATH ->
          op == SftpOp.LIST || op == SftpOp.RMDIR || op.moves();
      case SftpConstants.SSH_FX_NOT_A_DIRECTORY -> op == SftpOp.RMDIR; // MINA's word for "nothing"
      default -> false;
    };
  }

  /** The failure of an operation without a second look; what is no status stays as it is. */
  static Throwable plain(SftpOp op, Object where, Throwable failure) {
    return failure instanceof SftpStatus status ? of(op, where, status, Evidence.NONE) : failure;
  }

  static FsException of(SftpOp op, Object where, SftpStatus status, Evidence evidence) {
    Errno errno = errno(op, where, status.code(), evidence);
    return new FsException(
        errno,
        "cannot %s %s: %s; the server says: %s"
            .formatted(op.words(), where, errno.text(), status.getMessage()));
  }

  private static Errno errno(SftpOp op, Object where, int status, Evidence evidence) {
    if (isTooLong(where)) {
      return Errno.ENAMETOOLONG; // servers have any number for it, and no such name can be there
    }
    return switch (status) {
      case SftpConstants.SSH_FX_NO_SUCH_FILE, SftpConstants.SSH_FX_NO_SUCH_PATH ->
          missing(op, evidence);
      case SftpConstants.SSH_FX_PERMISSION_DENIED ->
          op == SftpOp.SETATTR || op == SftpOp.FSETATTR || op == SftpOp.LINK
              ? Errno.EPERM
              : Errno.EACCES;
      case SftpConstants.SSH_FX_FAILURE -> failure(op, evidence);
      case SftpConstants.SSH_FX_BAD_MESSAGE, SftpConstants.SSH_FX_INVALID_FILENAME -> Errno.EINVAL;
      case SftpConstants.SSH_FX_OP_UNSUPPORTED -> Errno.EOPNOTSUPP;
      case SftpConstants.SSH_FX_INVALID_HANDLE -> Errno.EBADF;
      case SftpConstants.SSH_FX_FILE_ALREADY_EXISTS -> Errno.EEXIST;
      case SftpConstants.SSH_FX_WRITE_PROTECT -> Errno.EROFS;
      case SftpConstants.SSH_FX_NO_SPACE_ON_FILESYSTEM -> Errno.ENOSPC;
      case SftpConstants.SSH_FX_QUOTA_EXCEEDED -> Errno.EDQUOT;
      case SftpConstants.SSH_FX_LOCK_CONFLICT -> Errno.EBUSY;
      case SftpConstants.SSH_FX_DIR_NOT_EMPTY -> Errno.ENOTEMPTY;
      case SftpConstants.SSH_FX_NOT_A_DIRECTORY ->
          op == SftpOp.RMDIR ? missing(op, evidence) : Errno.ENOTDIR;
      case SftpConstants.SSH_FX_FILE_IS_A_DIRECTORY -> Errno.EISDIR;
      case SftpConstants.SSH_FX_LINK_LOOP -> Errno.ELOOP;
      case SftpConstants.SSH_FX_CANNOT_DELETE -> Errno.EACCES;
      case SftpConstants.SSH_FX_INVALID_PARAMETER, SftpConstants.SSH_FX_UNKNOWN_PRINCIPAL ->
          Errno.EINVAL;
      default -> Errno.EIO;
    };
  }

  private static Errno missing(SftpOp op, Evidence evidence) {
    if (op.isOnHandle()) {
      return Errno.EBADF;
    }
    FileAttrs at = evidence.at();
    if (at != null && op.moves()) {
      boolean targetInTheWay = evidence.target() != null && !evidence.target().isDirectory();
      return at.isDirectory() && targetInTheWay ? Errno.ENOTDIR : Errno.ENOENT;
    }
    return at == null ? Errno.ENOENT : Errno.ENOTDIR;
  }

  private static Errno failure(SftpOp op, Evidence evidence) {
    FileAttrs at = evidence.at();
    if (at != null && (op == SftpOp.UNLINK || op == SftpOp.OPEN) && at.isDirectory()) {
      return Errno.EISDIR;
    }
    boolean isMade = op == SftpOp.RENAME_NEW ? evidence.target() != null : op.makesName();
    if (at != null && isMade) {
      return Errno.EEXIST;
    }
    if (at == null && (op == SftpOp.LIST || op == SftpOp.RMDIR)) {
      return Errno.ENOENT;
    }
    if (at != null && !at.isDirectory() && (op == SftpOp.LIST || op == SftpOp.RMDIR)) {
      return Errno.ENOTDIR;
    }
    if (at != null && !at.isSymlink() && op == SftpOp.READLINK) {
      return Errno.EINVAL;
    }
    if (at != null && at.isSymlink() && op == SftpOp.SETATTR) {
      return Errno.EOPNOTSUPP;
    }
    if (evidence.crossing()) {
      return Errno.EXDEV;
    }
    if (evidence.readOnly()) {
      return Errno.EROFS;
    }
    if (op == SftpOp.RMDIR) {
      return Errno.ENOTEMPTY;
    }
    if (op == SftpOp.RENAME && evidence.target() != null) {
      return onto(at, evidence.target());
    }
    return evidence.full() ? Errno.ENOSPC : Errno.EIO;
  }

  /** What rename(2) says of a target that is in the way. */
  private static Errno onto(@Nullable FileAttrs from, FileAttrs target) {
    if (from == null) {
      return Errno.ENOENT;
    }
    if (from.isDirectory()) {
      return target.isDirectory() ? Errno.ENOTEMPTY : Errno.ENOTDIR;
    }
    return target.isDirectory() ? Errno.EISDIR : Errno.EIO;
  }

  private static boolean isTooLong(Object where) {
    return where instanceof RemotePath path
        && (path.nameLengthBytes() > RemotePath.NAME_MAX_BYTES
            || path.toString().length() >= PATH_MAX_BYTES);
  }
}
