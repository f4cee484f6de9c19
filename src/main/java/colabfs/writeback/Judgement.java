package colabfs.writeback;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemotePermissions;
import org.jspecify.annotations.Nullable;

/**
 * Whether the runtime would take a change, by what is known of the names and of the login: so that
 * almost all that is accepted arrives. No state.
 */
final class Judgement {
  private static final int SET_GROUP_ID = 02000;

  private final RemoteIdentity identity;
  private final RemotePermissions permissions;

  Judgement(RemoteIdentity identity) {
    this.identity = identity;
    this.permissions = new RemotePermissions(identity);
  }

  void open(RemotePath path, FileAttrs attrs, boolean toRead) throws FsException {
    if (attrs.isDirectory()) {
      throw failure(Errno.EISDIR, path);
    }
    if (attrs.isSymlink()) {
      throw failure(Errno.ELOOP, path);
    }
    int mask = RemotePermissions.WRITE | (toRead ? RemotePermissions.READ : 0);
    if (!permissions.allows(attrs, mask)) {
      throw failure(Errno.EACCES, path);
    }
  }

  /** Something is made in that directory. */
  FileAttrs make(RemotePath path, @Nullable FileAttrs parent) throws FsException {
    if (parent == null) {
      throw failure(Errno.ENOENT, path);
    }
    if (!parent.isDirectory()) {
      throw failure(Errno.ENOTDIR, path);
    }
    if (path.nameLengthBytes() > RemotePath.NAME_MAX_BYTES) {
      throw failure(Errno.ENAMETOOLONG, path);
    }
    if (!permissions.mayChangeEntries(parent)) {
      throw failure(Errno.EACCES, path);
    }
    return parent;
  }

  /** Attributes of what is made in that directory. */
  FileAttrs made(
      RemotePath path, @Nullable FileAttrs parent, FileType type, int permissions, long nowNanos)
      throws FsException {
    FileAttrs above = make(path, parent);
    boolean inherits = (above.permissions() & SET_GROUP_ID) != 0;
    int bits = permissions & FileAttrs.PERMISSION_MASK;
    if (inherits && type == FileType.DIRECTORY) {
      bits |= SET_GROUP_ID;
    }
    int gid = inherits ? above.gid() : identity.gid();
    return new FileAttrs(type, bits, identity.uid(), gid, 0, nowNanos, nowNanos, nowNanos, 0, 1);
  }

  /** Something goes from that directory. */
  FileAttrs remove(RemotePath path, @Nullable FileAttrs attrs, @Nullable FileAttrs parent)
      throws FsException {
    if (attrs == null || parent == null) {
      throw failure(Errno.ENOENT, path);
    }
    if (!permissions.mayChangeEntries(parent)) {
      throw failure(Errno.EACCES, path);
    }
    if (!permissions.mayRemove(parent, attrs)) {
      throw failure(Errno.EPERM, path);
    }
    return attrs;
  }

  /** Something comes to a name. */
  void moveTo(
      RemotePath from,
      FileAttrs attrs,
      RemotePath to,
      @Nullable FileAttrs over,
      @Nullable FileAttrs parent)
      throws FsException {
    var unused = make(to, parent);
    if (to.startsWith(from)) {
      throw failure(Errno.EINVAL, to);
    }
    if (over != null) {
      if (parent != null && !permissions.mayRemove(parent, over)) {
        throw failure(Errno.EPERM, to);
      }
      if (over.isDirectory() && !attrs.isDirectory()) {
        throw failure(Errno.EISDIR, to);
      }
      if (!over.isDirectory() && attrs.isDirectory()) {
        throw failure(Errno.ENOTDIR, to);
      }
      if (from.startsWith(to)) {
        throw failure(Errno.ENOTEMPTY, to);
      }
    }
  }

  void link(RemotePath existing, FileAttrs attrs) throws FsException {
    if (attrs.isDirectory()) {
      throw failure(Errno.EPERM, existing);
    }
  }

  void change(RemotePath path, FileAttrs attrs, AttrChange change) throws FsException {
    if (attrs.isSymlink() && (change.permissions() != null || change.sizeBytes() != null)) {
      throw failure(Errno.EOPNOTSUPP, path);
    }
    boolean owns = permissions.mayChangeMode(attrs);
    AttrChange.Owner owner = change.owner();
    boolean givesAway =
        owner != null
            && (owner.uid() != attrs.uid()
                || (owner.gid() != attrs.gid() && !identity.gids().contains(owner.gid())));
    if ((change.permissions() != null || change.times() != null || owner != null) && !owns) {
      throw failure(Errno.EPERM, path);
    }
    if (givesAway && !identity.isRoot()) {
      throw failure(Errno.EPERM, path);
    }
    if (change.sizeBytes() != null) {
      open(path, attrs, false);
    }
  }

  private static FsException failure(Errno errno, RemotePath path) {
    return new FsException(errno, path + ": " + errno.text());
  }
}
