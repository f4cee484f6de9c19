package colabfs.ssh;

import colabfs.remote.RuntimeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * Asks a runtime which one it is: two short files of its own root, read by one request each, so
 * that it takes two round trips beside others. What it says is checked, not trusted: what does not
 * look like an id is unknown, as a missing file is.
 */
final class RuntimeQuestion {
  static final String MACHINE_ID = "/etc/machine-id";
  static final String BOOT_ID = "/proc/sys/kernel/random/boot_id";

  /** Longer than either; an answer that fills it is none. */
  private static final int MOST_BYTES = 64;

  private static final Predicate<String> LOOKS_LIKE_MACHINE_ID =
      Pattern.compile("[0-9a-f]{32}").asMatchPredicate();

  private static final Predicate<String> LOOKS_LIKE_BOOT_ID =
      Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").asMatchPredicate();

  private static final Predicate<String> IS_ZERO = Pattern.compile("[0-]*").asMatchPredicate();

  private RuntimeQuestion() {}

  /** Ends always with an answer, whose parts are null where they cannot be read. */
  static CompletableFuture<RuntimeId> ask(SftpChannel sftp, HostKey key) {
    CompletableFuture<@Nullable String> machine = idIn(MACHINE_ID, sftp, LOOKS_LIKE_MACHINE_ID);
    CompletableFuture<@Nullable String> boot = idIn(BOOT_ID, sftp, LOOKS_LIKE_BOOT_ID);
    return machine.thenCombine(
        boot, (machineId, bootId) -> new RuntimeId(machineId, bootId, key.fingerprint()));
  }

  private static CompletableFuture<@Nullable String> idIn(
      String file, SftpChannel sftp, Predicate<String> looksRight) {
    return content(file, sftp)
        .handle((content, failure) -> failure == null ? id(content, looksRight) : null);
  }

  private static CompletableFuture<ByteBuffer> content(String file, SftpChannel sftp) {
    SftpRequest open =
        SftpAttrs.writeNone(
            SftpRequest.of(SftpConstants.SSH_FXP_OPEN)
                .string(file)
                .uint32(SftpConstants.SSH_FXF_READ));
    return Chain.then(
        sftp.send(open, SftpAnswer.HANDLE),
        handle -> {
          SftpRequest read =
              SftpRequest.of(SftpConstants.SSH_FXP_READ)
                  .string(handle)
                  .uint64(0)
                  .uint32(MOST_BYTES);
          CompletableFuture<ByteBuffer> content = sftp.send(read, SftpAnswer.data(MOST_BYTES));
          sftp.giveBack(handle);
          return content;
        });
  }

  /** The line without its end; null when it is no such id, or one that is all zeros. */
  private static @Nullable String id(ByteBuffer content, Predicate<String> looksRight) {
    String line = StandardCharsets.ISO_8859_1.decode(content).toString();
    String text = line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
    return looksRight.test(text) && !IS_ZERO.test(text) ? text : null;
  }
}
