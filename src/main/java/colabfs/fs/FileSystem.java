package colabfs.fs;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import java.util.List;

/**
 * A mounted file system, one method a system call. Attributes are as the mount shows them: owners
 * are local numbers, links are local text, inode numbers are never 0.
 *
 * <p>Threading: any thread; calls wait for the network up to the mount's bound and then end with an
 * error. Errors: every failure is an {@link FsException}.
 */
public interface FileSystem {
  FileAttrs getattr(RemotePath path) throws FsException;

  /** The entries of a directory without {@code .} and {@code ..}. */
  List<DirEntry> readdir(RemotePath directory) throws FsException;

  String readlink(RemotePath link) throws FsException;

  /** Opens an existing regular file. */
  FileHandle open(RemotePath path, OpenMode mode) throws FsException;

  /**
   * Opens a regular file, made when missing, with the permissions as given (the umask is already
   * applied).
   */
  FileHandle create(RemotePath path, int permissions, OpenMode mode) throws FsException;

  /** Makes a directory with the permissions as given. */
  void mkdir(RemotePath directory, int permissions) throws FsException;

  void rmdir(RemotePath directory) throws FsException;

  void unlink(RemotePath file) throws FsException;

  /** As rename(2): replaces an existing target, atomically. */
  void rename(RemotePath from, RemotePath to) throws FsException;

  /**
   * As rename, of an open file that is being removed, to a name that nobody knows: the file goes
   * with its last handle, at once when that is gone already.
   */
  void hide(RemotePath file, RemotePath hidden) throws FsException;

  void symlink(String target, RemotePath link) throws FsException;

  void link(RemotePath existing, RemotePath link) throws FsException;

  void chmod(RemotePath path, int permissions) throws FsException;

  /** Changes owner and group; -1 leaves one as it is. */
  void chown(RemotePath path, int uid, int gid) throws FsException;

  void truncate(RemotePath path, long sizeBytes) throws FsException;

  void utimens(RemotePath path, AttrChange.Times times) throws FsException;

  FsStats statfs(RemotePath path) throws FsException;

  /**
   * As access(2): mask is R_OK 4, W_OK 2, X_OK 1, or F_OK 0. EACCES when the login on the runtime
   * may not.
   */
  void access(RemotePath path, int mask) throws FsException;

  /**
   * Whether the kernel may remember for long what it is told of a name, there or missing: what
   * others change of it is told to {@link KernelCache}, and so is every difference between what was
   * known here before that began and what is there. Asked before each look at the name, and waits
   * for nothing.
   */
  default boolean isWatched(RemotePath path) {
    return false;
  }
}
