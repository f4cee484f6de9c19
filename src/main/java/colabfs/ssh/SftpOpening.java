package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_CREAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_EXCL;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_READ;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXF_WRITE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_FSETSTAT;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPEN;

import colabfs.core.AttrChange;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import colabfs.remote.OpenFlag;
import colabfs.remote.RemoteFile;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Opens files without following a link at the last name, which SFTP's OPEN does: an LSTAT goes
 * beside it in the same round trip. Cutting waits until that has shown a regular file, so a link
 * never costs its target's content.
 *
 * <p>Threading: any thread.
 */
final class SftpOpening {
  private static final int PLAIN_PERMISSIONS = 0777;

  private final SftpChannel channel;
  private final SftpRoot root;
  private final SftpDiagnosis diagnosis;
  private final SftpFile.Connection connection;

  SftpOpening(SftpChannel channel, SftpRoot root, Set<String> offered) {
    this.channel = channel;
    this.root = root;
    this.diagnosis = new SftpDiagnosis(channel, root, offered.contains(SftpSpace.STATVFS));
    Duration patience = channel.timeout();
    this.connection =
        new SftpFile.Connection(
            channel,
            new BulkWindow(System::nanoTime, patience),
            new BulkWindow(System::nanoTime, patience),
            diagnosis,
            offered.contains(SftpFile.FSYNC));
  }

  CompletableFuture<RemoteFile> open(RemotePath path, Set<OpenFlag> flags, int permissions) {
    boolean create = flags.contains(OpenFlag.CREATE);
    boolean exclusive = create && flags.contains(OpenFlag.EXCLUSIVE);
    String absolute = root.absolute(path);
    CompletableFuture<Optional<FileAttrs>> before =
        exclusive ? CompletableFuture.completedFuture(Optional.empty()) : look(absolute);
    SftpRequest request =
        SftpRequest.of(SSH_FXP_OPEN).string(absolute).uint32(protocolFlags(flags));
    CompletableFuture<byte[]> opened =
        channel.send(
            create
                ? SftpAttrs.writePermissions(request, permissions)
                : SftpAttrs.writeNone(request),
            SftpAnswer.HANDLE);
    CompletableFuture<Optional<FileAttrs>> after = create ? look(absolute) : before;
    SftpOp op = exclusive ? SftpOp.CREATE : SftpOp.OPEN;
    return Chain.then(
        opened,
        handle ->
            Chain.then(
                CompletableFuture.allOf(before, after),
                looked -> {
                  boolean made = create && before.join().isEmpty();
                  return begin(path, handle, flags, after.join(), made, permissions);
                },
                failure -> giveBack(handle, failure)),
        failure -> diagnosis.explain(op, path, (RemotePath) null, failure));
  }

  private CompletableFuture<RemoteFile> begin(
      RemotePath path,
      byte[] handle,
      Set<OpenFlag> flags,
      Optional<FileAttrs> seen,
      boolean made,
      int permissions) {
    if (seen.isPresent() && !seen.get().isRegular()) {
      Errno errno =
          switch (seen.get().type()) {
            case DIRECTORY -> Errno.EISDIR;
            case SYMLINK -> Errno.ELOOP;
            default -> Errno.EOPNOTSUPP;
          };
      return giveBack(handle, SftpFs.failure(errno, SftpOp.OPEN, path));
    }
    long size = seen.map(FileAttrs::sizeBytes).orElse(-1L);
    boolean cut = flags.contains(OpenFlag.TRUNCATE) && size != 0;
    SftpFile file = new SftpFile(connection, handle, path, cut ? 0 : size);
    CompletableFuture<Void> ready = Chain.done();
    if (cut) {
      ready =
          Chain.then(
              file.fsetattr(AttrChange.size(0)),
              done -> Chain.done(),
              failure -> giveBack(handle, failure));
    } else if (made && seen.isPresent() && !hasPermissions(seen.get(), permissions)) {
      ready = repair(handle, permissions);
    }
    return Chain.map(ready, done -> file);
  }

  /**
   * The server's umask took away what the caller, who has applied his own, asked for. Some file
   * systems have one mode for all: that is no failure of the open.
   */
  private CompletableFuture<Void> repair(byte[] handle, int permissions) {
    SftpRequest request =
        SftpAttrs.writePermissions(SftpRequest.of(SSH_FXP_FSETSTAT).string(handle), permissions);
    return Chain.then(
        channel.send(request, SftpAnswer.OK), done -> Chain.done(), failure -> Chain.done());
  }

  static boolean hasPermissions(FileAttrs attrs, int wanted) {
    boolean specialsMissing = (wanted & ~attrs.permissions() & ~PLAIN_PERMISSIONS) != 0;
    return !specialsMissing
        && (attrs.permissions() & PLAIN_PERMISSIONS) == (wanted & PLAIN_PERMISSIONS);
  }

  private static int protocolFlags(Set<OpenFlag> flags) {
    int bits = 0;
    for (OpenFlag flag : flags) {
      bits |=
          switch (flag) {
            case READ -> SSH_FXF_READ;
            case WRITE -> SSH_FXF_WRITE;
            case CREATE -> SSH_FXF_CREAT;
            case EXCLUSIVE -> SSH_FXF_EXCL;
            case TRUNCATE -> 0; // when it is known to be a regular file
          };
    }
    return flags.contains(OpenFlag.CREATE) ? bits : bits & ~SSH_FXF_EXCL;
  }

  /** A refusal is an answer too: nothing is there. */
  private CompletableFuture<Optional<FileAttrs>> look(String absolute) {
    return Chain.then(
        channel.send(SftpFs.lstatRequest(absolute), SftpAnswer.ATTRS),
        attrs -> CompletableFuture.completedFuture(Optional.of(attrs)),
        failure ->
            failure instanceof SftpStatus
                ? CompletableFuture.completedFuture(Optional.empty())
                : CompletableFuture.failedFuture(failure));
  }

  private <T> CompletableFuture<T> giveBack(byte[] handle, Throwable failure) {
    channel.giveBack(handle);
    return CompletableFuture.failedFuture(failure);
  }
}
