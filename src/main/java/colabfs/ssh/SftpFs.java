package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_LSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_MKDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPENDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_READLINK;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_REMOVE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_RENAME;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_RMDIR;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_SETSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_SYMLINK;

import colabfs.core.AttrChange;
import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.FsStats;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import colabfs.remote.RemoteFs;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * The files below one directory of a runtime, over one live connection; OpenSSH's extensions are
 * used where they are offered. When the connection goes it is of no use any more.
 *
 * <p>Names and open files have a channel each, as one {@code sftp-server} carries out its requests
 * one after the other; the two may be one.
 *
 * <p>Threading: any thread; futures end on the link's thread or the timer's.
 *
 * <p>Errors: {@link SftpErrors} names them, {@link SftpDiagnosis} takes the second look.
 */
final class SftpFs implements RemoteFs {
  static final String POSIX_RENAME = "posix-rename@openssh.com";
  static final String HARDLINK = "hardlink@openssh.com";
  static final String LSETSTAT = "lsetstat@openssh.com";

  private static final System.Logger LOG = System.getLogger(SftpFs.class.getName());

  private final SftpChannel names;
  private final SftpRoot root;
  private final Set<String> offered;
  private final SftpDiagnosis diagnosis;
  private final SftpOpening opening;
  private final AtomicBoolean nameLeftOut = new AtomicBoolean();

  /**
   * @param metadata for everything that has a name
   * @param bulk for open files
   * @param absoluteRoot {@code /}, or an absolute path without a slash at its end
   */
  SftpFs(SftpChannel metadata, SftpChannel bulk, String absoluteRoot) {
    this(metadata, bulk, absoluteRoot, metadata.extensions());
  }

  /** As if the server offered those extensions only. */
  SftpFs(SftpChannel metadata, SftpChannel bulk, String absoluteRoot, Set<String> offered) {
    this.names = metadata;
    this.root = new SftpRoot(absoluteRoot);
    this.offered = offered;
    this.diagnosis = new SftpDiagnosis(metadata, root, offered.contains(SftpSpace.STATVFS));
    this.opening = new SftpOpening(bulk, root, offered);
  }

  @Override
  public CompletableFuture<FileAttrs> lstat(RemotePath path) {
    return Chain.then(
        names.send(lstatRequest(root.absolute(path)), SftpAnswer.ATTRS),
        CompletableFuture::completedFuture,
        failure -> explain(SftpOp.LSTAT, path, failure));
  }

  /**
   * Opens the directory, reads it with many requests in flight and gives the handle back, which is
   * not waited for. OPENDIR would follow a link: the LSTAT beside it tells.
   */
  @Override
  public CompletableFuture<List<DirEntry>> list(RemotePath directory) {
    CompletableFuture<FileAttrs> at =
        names.send(lstatRequest(root.absolute(directory)), SftpAnswer.ATTRS);
    CompletableFuture<byte[]> opened =
        names.send(request(SSH_FXP_OPENDIR, directory), SftpAnswer.HANDLE);
    return Chain.then(
        opened,
        handle ->
            Chain.then(
                at,
                attrs ->
                    attrs.isDirectory()
                        ? read(directory, handle)
                        : refuse(directory, handle, Errno.ENOTDIR),
                failure -> {
                  names.giveBack(handle);
                  return explain(SftpOp.LIST, directory, failure);
                }),
        failure -> explain(SftpOp.LIST, directory, failure));
  }

  private CompletableFuture<List<DirEntry>> read(RemotePath directory, byte[] handle) {
    CompletableFuture<List<DirEntry>> listing =
        SftpListing.read(names, handle, name -> tellLeftOut(directory, name));
    return Chain.then(
        listing,
        entries -> {
          names.giveBack(handle);
          return CompletableFuture.completedFuture(entries);
        },
        failure -> {
          names.giveBack(handle);
          return explain(SftpOp.LIST, directory, failure);
        });
  }

  private <T> CompletableFuture<T> refuse(RemotePath directory, byte[] handle, Errno errno) {
    names.giveBack(handle);
    return CompletableFuture.failedFuture(failure(errno, SftpOp.LIST, directory));
  }

  @Override
  public CompletableFuture<String> readlink(RemotePath link) {
    return Chain.then(
        names.send(request(SSH_FXP_READLINK, link), SftpAnswer.ONE_NAME),
        text -> CompletableFuture.completedFuture(new String(text, StandardCharsets.UTF_8)),
        failure -> explain(SftpOp.READLINK, link, failure));
  }

  @Override
  public CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    FsException impossible = unsendable(path);
    return impossible == null
        ? opening.open(path, flags, permissions)
        : CompletableFuture.failedFuture(impossible);
  }

  /** The server's umask may have taken permissions away that were asked for: looks, and repairs. */
  @Override
  public CompletableFuture<Void> mkdir(RemotePath directory, int permissions) {
    FsException impossible = unsendable(directory);
    if (impossible != null) {
      return CompletableFuture.failedFuture(impossible);
    }
    SftpRequest request =
        SftpAttrs.writePermissions(request(SSH_FXP_MKDIR, directory), permissions);
    CompletableFuture<Void> made = change(SftpOp.MKDIR, directory, request);
    CompletableFuture<FileAttrs> at =
        names.send(lstatRequest(root.absolute(directory)), SftpAnswer.ATTRS);
    return Chain.then(
        made,
        done ->
            Chain.then(
                at,
                attrs ->
                    SftpOpening.hasPermissions(attrs, permissions)
                        ? Chain.done()
                        : repair(directory, permissions),
                failure -> Chain.done()));
  }

  /** Some file systems have one mode for all: that is no failure of the mkdir. */
  private CompletableFuture<Void> repair(RemotePath directory, int permissions) {
    return Chain.then(
        setattr(directory, AttrChange.permissions(permissions)),
        done -> Chain.done(),
        failure -> Chain.done());
  }

  @Override
  public CompletableFuture<Void> rmdir(RemotePath directory) {
    return change(SftpOp.RMDIR, directory, request(SSH_FXP_RMDIR, directory));
  }

  @Override
  public CompletableFuture<Void> unlink(RemotePath file) {
    return change(SftpOp.UNLINK, file, request(SSH_FXP_REMOVE, file));
  }

  @Override
  public CompletableFuture<Void> rename(RemotePath from, RemotePath to) {
    FsException impossible = impossibleMove(SftpOp.RENAME, from, to);
    if (impossible != null) {
      return CompletableFuture.failedFuture(impossible);
    }
    CompletableFuture<Void> renamed =
        offered.contains(POSIX_RENAME)
            ? names.send(twoNames(POSIX_RENAME, from, to), SftpAnswer.OK)
            : new SftpMove(names, root, from, to).run();
    return Chain.then(
        renamed,
        done -> Chain.done(),
        failure -> diagnosis.explain(SftpOp.RENAME, from, to, failure));
  }

  /**
   * Version 3's RENAME refuses a target that exists (draft-ietf-secsh-filexfer-02, section 6.5),
   * but OpenSSH's does so for certain only where it can make a hard link of a file: for directories
   * and links, and where there are no hard links, it asks stat(2), which misses a link that leads
   * nowhere, and replaces that (process_rename in its sftp-server.c). Hence the look beforehand.
   */
  @Override
  public CompletableFuture<Void> renameNew(RemotePath from, RemotePath to) {
    FsException impossible = impossibleMove(SftpOp.RENAME_NEW, from, to);
    if (impossible != null) {
      return CompletableFuture.failedFuture(impossible);
    }
    SftpRequest move = request(SSH_FXP_RENAME, from).string(root.absolute(to));
    CompletableFuture<Void> renamed =
        Chain.then(
            names.send(lstatRequest(root.absolute(to)), SftpAnswer.ATTRS),
            inTheWay ->
                CompletableFuture.failedFuture(failure(Errno.EEXIST, SftpOp.RENAME_NEW, to)),
            nothing ->
                nothing instanceof SftpStatus
                    ? names.send(move, SftpAnswer.OK)
                    : CompletableFuture.failedFuture(nothing));
    return Chain.then(
        renamed,
        done -> Chain.done(),
        failure -> diagnosis.explain(SftpOp.RENAME_NEW, from, to, failure));
  }

  private static @Nullable FsException impossibleMove(SftpOp op, RemotePath from, RemotePath to) {
    return to.startsWith(from) && !to.equals(from)
        ? failure(Errno.EINVAL, op, from)
        : unsendable(to);
  }

  /**
   * OpenSSH, and all who follow it, take the text first and the link second, not as the draft has
   * it (OpenSSH's PROTOCOL, section 4.1).
   */
  @Override
  public CompletableFuture<Void> symlink(String target, RemotePath link) {
    SftpRequest request =
        SftpRequest.of(SSH_FXP_SYMLINK).string(target).string(root.absolute(link));
    return change(SftpOp.SYMLINK, link, request);
  }

  @Override
  public CompletableFuture<Void> link(RemotePath existing, RemotePath link) {
    if (!offered.contains(HARDLINK)) {
      return CompletableFuture.failedFuture(failure(Errno.EOPNOTSUPP, SftpOp.LINK, existing));
    }
    FsException impossible = unsendable(link);
    if (impossible != null) {
      return CompletableFuture.failedFuture(impossible);
    }
    return Chain.then(
        names.send(twoNames(HARDLINK, existing, link), SftpAnswer.OK),
        done -> Chain.done(),
        failure -> diagnosis.explain(SftpOp.LINK, existing, link, failure));
  }

  /** A length first, as it has its own request; then the rest. */
  @Override
  public CompletableFuture<Void> setattr(RemotePath path, AttrChange change) {
    AttrChange rest = new AttrChange(null, change.permissions(), change.owner(), change.times());
    if (change.sizeBytes() == null) {
      return setRest(path, rest);
    }
    CompletableFuture<Void> cut = cut(path, change.sizeBytes());
    boolean isAll = rest.permissions() == null && rest.owner() == null && rest.times() == null;
    return isAll ? cut : Chain.then(cut, done -> setRest(path, rest));
  }

  /** SETSTAT follows links, so it must be known that the name is none. */
  private CompletableFuture<Void> cut(RemotePath path, long sizeBytes) {
    return Chain.then(
        lstat(path),
        attrs -> {
          if (!attrs.isRegular()) {
            Errno errno = attrs.isDirectory() ? Errno.EISDIR : Errno.EINVAL;
            return CompletableFuture.failedFuture(failure(errno, SftpOp.TRUNCATE, path));
          }
          return change(
              SftpOp.TRUNCATE,
              path,
              SftpAttrs.write(request(SSH_FXP_SETSTAT, path), AttrChange.size(sizeBytes)));
        });
  }

  private CompletableFuture<Void> setRest(RemotePath path, AttrChange change) {
    if (!offered.contains(LSETSTAT)) {
      return setUnlessLink(path, change);
    }
    SftpRequest request =
        SftpAttrs.write(SftpRequest.extended(LSETSTAT).string(root.absolute(path)), change);
    return Chain.then(
        names.send(request, SftpAnswer.OK),
        done -> Chain.done(),
        failure ->
            cannotByName(failure, change)
                ? setUnlessLink(path, change)
                : explain(SftpOp.SETATTR, path, failure));
  }

  /** fchmodat(2) with AT_SYMLINK_NOFOLLOW fails for every file before glibc 2.32. */
  private static boolean cannotByName(Throwable failure, AttrChange change) {
    return failure instanceof SftpStatus status
        && (status.is(SftpConstants.SSH_FX_OP_UNSUPPORTED)
            || (status.is(SftpConstants.SSH_FX_FAILURE) && change.permissions() != null));
  }

  private CompletableFuture<Void> setUnlessLink(RemotePath path, AttrChange change) {
    return Chain.then(
        lstat(path),
        attrs ->
            attrs.isSymlink()
                ? CompletableFuture.failedFuture(failure(Errno.EOPNOTSUPP, SftpOp.SETATTR, path))
                : change(
                    SftpOp.SETATTR, path, SftpAttrs.write(request(SSH_FXP_SETSTAT, path), change)));
  }

  @Override
  public CompletableFuture<FsStats> statvfs(RemotePath path) {
    if (!offered.contains(SftpSpace.STATVFS)) {
      return CompletableFuture.failedFuture(failure(Errno.EOPNOTSUPP, SftpOp.STATVFS, path));
    }
    SftpRequest request = SftpRequest.extended(SftpSpace.STATVFS).string(root.absolute(path));
    return Chain.then(
        names.send(request, SftpSpace::read),
        space -> CompletableFuture.completedFuture(space.stats()),
        failure -> explain(SftpOp.STATVFS, path, failure));
  }

  static SftpRequest lstatRequest(String absolute) {
    return SftpRequest.of(SSH_FXP_LSTAT).string(absolute);
  }

  static FsException failure(Errno errno, SftpOp op, RemotePath path) {
    return new FsException(errno, "cannot %s %s: %s".formatted(op.words(), path, errno.text()));
  }

  private CompletableFuture<Void> change(SftpOp op, RemotePath path, SftpRequest request) {
    FsException impossible = unsendable(path);
    if (impossible != null) {
      return CompletableFuture.failedFuture(impossible);
    }
    return Chain.then(
        names.send(request, SftpAnswer.OK),
        done -> Chain.done(),
        failure -> explain(op, path, failure));
  }

  private <T> CompletableFuture<T> explain(SftpOp op, RemotePath path, Throwable failure) {
    return diagnosis.explain(op, path, (RemotePath) null, failure);
  }

  private SftpRequest request(int type, RemotePath path) {
    return SftpRequest.of(type).string(root.absolute(path));
  }

  private SftpRequest twoNames(String extension, RemotePath first, RemotePath second) {
    return SftpRequest.extended(extension)
        .string(root.absolute(first))
        .string(root.absolute(second));
  }

  /**
   * Half a surrogate pair would be sent as a question mark: another name than the caller's. Looking
   * for such a name does no harm, making or removing it does.
   */
  private static @Nullable FsException unsendable(RemotePath path) {
    boolean isHalf =
        path.toString().codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE);
    return isHalf ? new FsException(Errno.EINVAL, "not a file name in UTF-8: " + path) : null;
  }

  private void tellLeftOut(RemotePath directory, String name) {
    if (nameLeftOut.compareAndSet(false, true)) {
      LOG.log(
          Level.WARNING,
          "left out of the listing of {0}, as it is no file name in UTF-8: {1}; rename it on the"
              + " runtime to see it (later ones are left out silently)",
          directory,
          name);
    }
  }
}
