package colabfs.remote;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The files of a runtime, below the mounted root. Every call returns at once; its future ends with
 * the answer or with an {@link colabfs.core.FsException}, in any case within the implementation's
 * deadline.
 *
 * <p>Calls are sent in the order they are made, but answers come in any order, and calls in flight
 * together may take effect in any order: a caller that needs an order waits for the first answer.
 * Links are never followed at the last name: every operation is on the name itself.
 *
 * <p>Threading: any thread; futures end on a thread of the implementation's, which must not be
 * blocked: dependent work that waits goes to an executor.
 *
 * <p>Errors: when the link goes down, calls in flight that are safe to repeat are repeated on the
 * next connection within their deadline; the others end with {@link colabfs.core.Errno#ENOTCONN}.
 */
public interface RemoteFs {

  /**
   * Attributes of the name itself, perhaps without the number of links. ENOENT, EACCES, ENOTDIR.
   */
  CompletableFuture<FileAttrs> lstat(RemotePath path);

  /**
   * Everything in a directory with its attributes, in the server's order, without {@code .} and
   * {@code ..}. Names that are no file names or not UTF-8 are left out.
   */
  CompletableFuture<List<DirEntry>> list(RemotePath directory);

  /** The text of a symbolic link as it is stored. EINVAL when it is no link. */
  CompletableFuture<String> readlink(RemotePath link);

  /**
   * Opens a regular file.
   *
   * @param permissions mode for a new file; the caller has applied the umask
   */
  CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions);

  /** Makes a directory. EEXIST when the name is there. */
  CompletableFuture<Void> mkdir(RemotePath directory, int permissions);

  /** Removes an empty directory. ENOTEMPTY when it is not empty. */
  CompletableFuture<Void> rmdir(RemotePath directory);

  /** Removes a name that is no directory. EISDIR when it is one. */
  CompletableFuture<Void> unlink(RemotePath file);

  /**
   * Renames over an existing target, atomically where the server can; EISDIR, ENOTDIR and ENOTEMPTY
   * as rename(2) has them.
   */
  CompletableFuture<Void> rename(RemotePath from, RemotePath to);

  /**
   * Renames to a name that is not there yet. EEXIST when it is there in any form: nothing is ever
   * replaced, neither a link that leads nowhere nor, by a rename to itself, the file's own name. A
   * name that somebody else makes at the same moment may be replaced where the server cannot rename
   * atomically: OpenSSH can for files on file systems with hard links.
   */
  CompletableFuture<Void> renameNew(RemotePath from, RemotePath to);

  /** Makes a symbolic link whose text is {@code target}, not checked in any way. */
  CompletableFuture<Void> symlink(String target, RemotePath link);

  /** Makes {@code link} a second name of {@code existing}. EOPNOTSUPP when the server cannot. */
  CompletableFuture<Void> link(RemotePath existing, RemotePath link);

  /**
   * Changes attributes of the name itself; whole seconds of times arrive. EOPNOTSUPP for what the
   * server cannot do to a link.
   */
  CompletableFuture<Void> setattr(RemotePath path, AttrChange change);

  /** How full the file system that holds the path is. EOPNOTSUPP when the server cannot tell. */
  CompletableFuture<FsStats> statvfs(RemotePath path);
}
