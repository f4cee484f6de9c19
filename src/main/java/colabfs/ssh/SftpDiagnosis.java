package colabfs.ssh;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * The second look after a refusal whose status says too little: what is at the names, and whether
 * the file system is full or read-only. Failures only, so the round trip costs nobody who succeeds.
 */
final class SftpDiagnosis {
  private final SftpChannel channel;
  private final SftpRoot root;
  private final boolean canMeasure;

  SftpDiagnosis(SftpChannel channel, SftpRoot root, boolean canMeasure) {
    this.channel = channel;
    this.root = root;
    this.canMeasure = canMeasure;
  }

  /** A future that ends with the failure, explained; {@code second}: the other name, if any. */
  <T> CompletableFuture<T> explain(
      SftpOp op, RemotePath path, @Nullable RemotePath second, Throwable failure) {
    if (!(failure instanceof SftpStatus status) || !SftpErrors.needsEvidence(op, status)) {
      return CompletableFuture.failedFuture(SftpErrors.plain(op, path, failure));
    }
    // For a link the new name is what may be in the way; the old one only tells the file system.
    CompletableFuture<Optional<FileAttrs>> at =
        look(op == SftpOp.LINK && second != null ? second : path);
    CompletableFuture<Optional<FileAttrs>> target = op.moves() ? look(second) : nothing();
    CompletableFuture<Optional<SftpSpace>> space = measure(path);
    CompletableFuture<Optional<SftpSpace>> other = second == null ? nothing() : measure(second);
    return Chain.then(
        CompletableFuture.allOf(at, target, space, other),
        all -> {
          Optional<SftpSpace> here = space.join();
          Optional<SftpSpace> there = other.join();
          boolean crossing =
              here.isPresent() && there.isPresent() && here.get().id() != there.get().id();
          SftpErrors.Evidence evidence =
              new SftpErrors.Evidence(
                  at.join().orElse(null),
                  target.join().orElse(null),
                  there.or(() -> here).orElse(null),
                  crossing);
          return CompletableFuture.failedFuture(SftpErrors.of(op, path, status, evidence));
        });
  }

  /** As above for an operation on an open file. */
  <T> CompletableFuture<T> explain(SftpOp op, RemotePath path, byte[] handle, Throwable failure) {
    if (!(failure instanceof SftpStatus status) || !SftpErrors.needsEvidence(op, status)) {
      return CompletableFuture.failedFuture(SftpErrors.plain(op, path, failure));
    }
    CompletableFuture<Optional<SftpSpace>> space =
        canMeasure
            ? orNothing(
                channel.send(
                    SftpRequest.extended(SftpSpace.FSTATVFS).string(handle), SftpSpace::read))
            : nothing();
    return Chain.then(
        space,
        found ->
            CompletableFuture.failedFuture(
                SftpErrors.of(
                    op,
                    path,
                    status,
                    new SftpErrors.Evidence(null, null, found.orElse(null), false))));
  }

  private CompletableFuture<Optional<FileAttrs>> look(@Nullable RemotePath path) {
    if (path == null) {
      return nothing();
    }
    SftpRequest request = SftpRequest.of(SftpConstants.SSH_FXP_LSTAT).string(root.absolute(path));
    return orNothing(channel.send(request, SftpAnswer.ATTRS));
  }

  /** Of the directory that holds the name, as the name itself may be missing. */
  private CompletableFuture<Optional<SftpSpace>> measure(RemotePath path) {
    if (!canMeasure) {
      return nothing();
    }
    RemotePath parent = path.parent();
    String directory = root.absolute(parent == null ? path : parent);
    return orNothing(
        channel.send(SftpRequest.extended(SftpSpace.STATVFS).string(directory), SftpSpace::read));
  }

  private static <T> CompletableFuture<Optional<T>> nothing() {
    return CompletableFuture.completedFuture(Optional.empty());
  }

  /** A refusal is an answer too: nothing there. A lost connection is none. */
  private static <T> CompletableFuture<Optional<T>> orNothing(CompletableFuture<T> asked) {
    return Chain.then(
        asked,
        found -> CompletableFuture.completedFuture(Optional.of(found)),
        failure ->
            failure instanceof SftpStatus ? nothing() : CompletableFuture.failedFuture(failure));
  }
}
