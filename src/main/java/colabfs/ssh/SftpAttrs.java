package colabfs.ssh;

import colabfs.core.AttrChange;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import java.net.ProtocolException;
import org.apache.sshd.sftp.common.SftpConstants;

/** The attributes of SFTP version 3, both ways: whole seconds, no inode, no number of links. */
final class SftpAttrs {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long MAX_SECONDS = 0xffff_ffffL;

  /** What an entry of {@code ls -l} begins with: ten letters of mode, then the number of links. */
  private static final int MODE_LETTERS = 10;

  private SftpAttrs() {}

  static FileAttrs read(SftpReply reply) throws ProtocolException {
    int flags = reply.int32();
    long size = has(flags, SftpConstants.SSH_FILEXFER_ATTR_SIZE) ? reply.int64() : 0;
    if (size < 0) {
      throw new ProtocolException("a file of a negative size");
    }
    int uid = 0;
    int gid = 0;
    if (has(flags, SftpConstants.SSH_FILEXFER_ATTR_UIDGID)) {
      uid = reply.int32();
      gid = reply.int32();
    }
    int mode = has(flags, SftpConstants.SSH_FILEXFER_ATTR_PERMISSIONS) ? reply.int32() : 0;
    long atime = 0;
    long mtime = 0;
    if (has(flags, SftpConstants.SSH_FILEXFER_ATTR_ACMODTIME)) {
      atime = reply.uint32() * NANOS_PER_SECOND;
      mtime = reply.uint32() * NANOS_PER_SECOND;
    }
    if (has(flags, SftpConstants.SSH_FILEXFER_ATTR_EXTENDED)) {
      for (long more = reply.uint32(); more > 0; more--) {
        reply.skipString();
        reply.skipString();
      }
    }
    return new FileAttrs(
        FileType.ofMode(mode),
        mode & FileAttrs.PERMISSION_MASK,
        uid,
        gid,
        size,
        atime,
        mtime,
        mtime,
        0,
        0);
  }

  /** No attributes: the server's defaults. */
  static SftpRequest writeNone(SftpRequest request) {
    return request.uint32(0);
  }

  static SftpRequest writePermissions(SftpRequest request, int permissions) {
    return write(request, AttrChange.permissions(permissions));
  }

  static SftpRequest write(SftpRequest request, AttrChange change) {
    Long size = change.sizeBytes();
    Integer permissions = change.permissions();
    AttrChange.Owner owner = change.owner();
    AttrChange.Times times = change.times();
    int flags = size == null ? 0 : SftpConstants.SSH_FILEXFER_ATTR_SIZE;
    flags |= owner == null ? 0 : SftpConstants.SSH_FILEXFER_ATTR_UIDGID;
    flags |= permissions == null ? 0 : SftpConstants.SSH_FILEXFER_ATTR_PERMISSIONS;
    flags |= times == null ? 0 : SftpConstants.SSH_FILEXFER_ATTR_ACMODTIME;
    request.uint32(flags);
    if (size != null) {
      request.uint64(size);
    }
    if (owner != null) {
      request.uint32(owner.uid()).uint32(owner.gid());
    }
    if (permissions != null) {
      request.uint32(permissions);
    }
    if (times != null) {
      request.uint32(seconds(times.atimeNanos())).uint32(seconds(times.mtimeNanos()));
    }
    return request;
  }

  /**
   * The number of links that a listing's line for people tells, if it looks like one of {@code ls
   * -l}; else 0.
   */
  static int linksIn(byte[] longName) {
    int at = MODE_LETTERS;
    if (longName.length <= at || "-dlpscbD".indexOf(longName[0]) < 0) {
      return 0;
    }
    while (at < longName.length && longName[at] != ' ') {
      at++; // a mark of more access rights, as "+" or "."
    }
    while (at < longName.length && longName[at] == ' ') {
      at++;
    }
    long links = 0;
    while (at < longName.length && longName[at] >= '0' && longName[at] <= '9') {
      links = Math.min(links * 10 + longName[at] - '0', Integer.MAX_VALUE);
      at++;
    }
    boolean isField = at < longName.length && longName[at] == ' ';
    return isField ? (int) links : 0;
  }

  private static boolean has(int flags, int flag) {
    return (flags & flag) != 0;
  }

  private static long seconds(long nanos) {
    return Math.max(0, Math.min(Math.floorDiv(nanos, NANOS_PER_SECOND), MAX_SECONDS));
  }
}
