package colabfs.ssh;

import colabfs.remote.RuntimeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.sshd.sftp.common.SftpConstants;
import org.jspecify.annotations.Nullable;

/**
 * Asks a runtime which one it is: two short files of its own root, read by one request each. That
 * takes two round trips beside others, or one, where the handles can be foretold. What it says is
 * checked, not trusted: what does not look like an id is unknown, as a missing file is.
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

  /**
   * Ends always with an answer, whose parts are null where they cannot be read.
   *
   * @param countsHandles whether the server is thought to number its handles, on a channel where
   *     nothing was opened before: then what is behind the next numbers is asked for before the
   *     server has told them. A number that was another file's is noticed, and its content dropped.
   */
  static CompletableFuture<RuntimeId> ask(SftpChannel sftp, HostKey key, boolean countsHandles) {
    CompletableFuture<@Nullable String> machine =
        id(content(MACHINE_ID, sftp, countsHandles ? handle(0) : null), LOOKS_LIKE_MACHINE_ID);
    CompletableFuture<@Nullable String> boot =
        id(content(BOOT_ID, sftp, countsHandles ? handle(1) : null), LOOKS_LIKE_BOOT_ID);
    return machine.thenCombine(
        boot, (machineId, bootId) -> new RuntimeId(machineId, bootId, key.fingerprint()));
  }

  /** As OpenSSH numbers them: the lowest one that is free, in four bytes (sftp-server.c). */
  private static byte[] handle(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  private static CompletableFuture<@Nullable String> id(
      CompletableFuture<ByteBuffer> content, Predicate<String> looksRight) {
    return content.handle((bytes, failure) -> failure == null ? id(bytes, looksRight) : null);
  }

  /**
   * @param foretold the handle that the server is thought to give, or null
   */
  private static CompletableFuture<ByteBuffer> content(
      String file, SftpChannel sftp, byte @Nullable [] foretold) {
    SftpRequest open =
        SftpAttrs.writeNone(
            SftpRequest.of(SftpConstants.SSH_FXP_OPEN)
                .string(file)
                .uint32(SftpConstants.SSH_FXF_READ));
    CompletableFuture<byte[]> opened = sftp.send(open, SftpAnswer.HANDLE);
    CompletableFuture<ByteBuffer> early = foretold == null ? null : read(sftp, foretold);
    return Chain.then(
        opened,
        handle -> {
          CompletableFuture<ByteBuffer> content =
              early != null && Arrays.equals(handle, foretold) ? early : read(sftp, handle);
          sftp.giveBack(handle);
          return content;
        });
  }

  private static CompletableFuture<ByteBuffer> read(SftpChannel sftp, byte[] handle) {
    SftpRequest read =
        SftpRequest.of(SftpConstants.SSH_FXP_READ).string(handle).uint64(0).uint32(MOST_BYTES);
    return sftp.send(read, SftpAnswer.data(MOST_BYTES));
  }

  /** The line without its end; null when it is no such id, or one that is all zeros. */
  private static @Nullable String id(ByteBuffer content, Predicate<String> looksRight) {
    String line = StandardCharsets.ISO_8859_1.decode(content).toString();
    String text = line.endsWith("\n") ? line.substring(0, line.length() - 1) : line;
    return looksRight.test(text) && !IS_ZERO.test(text) ? text : null;
  }
}
