package colabfs.ssh;

import colabfs.core.RemotePath;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.sshd.sftp.common.SftpConstants;

/**
 * Renaming where the server has no posix-rename: version 3's RENAME refuses a target that exists
 * (draft-ietf-secsh-filexfer-02, section 6.5). A file in the way is moved aside, and back if the
 * rename then fails; for a moment the target is missing.
 */
final class SftpMove {
  private static final String ASIDE = ".colabfs-aside-";

  private final SftpChannel channel;
  private final SftpRoot root;
  private final RemotePath from;
  private final RemotePath to;

  SftpMove(SftpChannel channel, SftpRoot root, RemotePath from, RemotePath to) {
    this.channel = channel;
    this.root = root;
    this.from = from;
    this.to = to;
  }

  /** Ends with SftpStatus, whose meaning a second look at both names tells, or FsException. */
  CompletableFuture<Void> run() {
    return Chain.then(
        plain(root.absolute(from), root.absolute(to)),
        done -> Chain.done(),
        failure -> isInTheWay(failure) ? over(failure) : CompletableFuture.failedFuture(failure));
  }

  /** Looks at both names and makes room only where rename(2) would. */
  private CompletableFuture<Void> over(Throwable refused) {
    var fromAttrs = channel.send(SftpFs.lstatRequest(root.absolute(from)), SftpAnswer.ATTRS);
    var toAttrs = channel.send(SftpFs.lstatRequest(root.absolute(to)), SftpAnswer.ATTRS);
    return Chain.then(
        Chain.then(fromAttrs, moved -> Chain.map(toAttrs, target -> kind(moved, target))),
        kind ->
            switch (kind) {
              case DIRECTORIES -> overDirectory();
              case FILES -> overFile();
              case MIXED -> CompletableFuture.failedFuture(refused);
            },
        failure -> CompletableFuture.failedFuture(refused));
  }

  private enum Kind {
    FILES,
    DIRECTORIES,
    MIXED
  }

  private static Kind kind(colabfs.core.FileAttrs moved, colabfs.core.FileAttrs target) {
    if (moved.isDirectory() != target.isDirectory()) {
      return Kind.MIXED;
    }
    return moved.isDirectory() ? Kind.DIRECTORIES : Kind.FILES;
  }

  private CompletableFuture<Void> overDirectory() {
    return Chain.then(
        one(SftpConstants.SSH_FXP_RMDIR, root.absolute(to)),
        removed -> plain(root.absolute(from), root.absolute(to)));
  }

  private CompletableFuture<Void> overFile() {
    String target = root.absolute(to);
    String directory = target.substring(0, target.lastIndexOf('/') + 1);
    String aside = directory + ASIDE + Long.toHexString(ThreadLocalRandom.current().nextLong());
    return Chain.then(
        plain(target, aside),
        away ->
            Chain.then(
                plain(root.absolute(from), target),
                done ->
                    Chain.then(
                        one(SftpConstants.SSH_FXP_REMOVE, aside),
                        gone -> Chain.done(),
                        left -> Chain.done()), // the rename is done, whatever is left over
                failure -> back(aside, target, failure)));
  }

  private CompletableFuture<Void> back(String aside, String target, Throwable failure) {
    return Chain.then(
        plain(aside, target),
        restored -> CompletableFuture.failedFuture(failure),
        lost -> CompletableFuture.failedFuture(failure));
  }

  private CompletableFuture<Void> plain(String source, String target) {
    SftpRequest request =
        SftpRequest.of(SftpConstants.SSH_FXP_RENAME).string(source).string(target);
    return channel.send(request, SftpAnswer.OK);
  }

  private CompletableFuture<Void> one(int type, String path) {
    return channel.send(SftpRequest.of(type).string(path), SftpAnswer.OK);
  }

  private static boolean isInTheWay(Throwable failure) {
    return failure instanceof SftpStatus status
        && (status.is(SftpConstants.SSH_FX_FAILURE)
            || status.is(SftpConstants.SSH_FX_FILE_ALREADY_EXISTS));
  }
}
