package colabfs.ssh;

import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_CLOSE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_OPEN;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FXP_READ;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_EOF;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_FAILURE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_NO_SUCH_FILE;
import static org.apache.sshd.sftp.common.SftpConstants.SSH_FX_PERMISSION_DENIED;
import static org.assertj.core.api.Assertions.assertThat;

import colabfs.remote.RuntimeId;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a runtime says of itself, against a server that the test plays. */
final class RuntimeQuestionTest {
  private static final String MACHINE = "0123456789abcdef0123456789abcdef";
  private static final String BOOT = "01234567-89ab-cdef-0123-456789abcdef";
  private static final HostKey KEY = new HostKey("ssh-ed25519", "AAAA");

  private static final String HANDLE_0 = "\0\0\0\0";
  private static final String HANDLE_1 = "\0\0\0\1";

  private ScriptedLink link = new ScriptedLink();
  private SftpChannel channel = SftpChannel.start(link, Duration.ofSeconds(10), () -> 0L);
  private CompletableFuture<RuntimeId> asked;

  /** Both files are opened before the server has said which version it speaks. */
  @BeforeEach
  void ask() {
    asked = RuntimeQuestion.ask(channel, KEY, false);
    link.next();
  }

  @Test
  void both_areRead_inTwoRoundTrips() {
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    link.version();
    link.handle(machine, "m");
    link.handle(boot, "b");
    ScriptedLink.Sent machineRead = read("m");
    ScriptedLink.Sent bootRead = read("b");
    link.data(machineRead, MACHINE + "\n");
    assertThat(asked).isNotDone();
    link.data(bootRead, BOOT + "\n");
    assertThat(asked).isCompletedWithValue(new RuntimeId(MACHINE, BOOT, KEY.fingerprint()));
  }

  @Test
  void missingAndForbidden_areUnknown() {
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    link.version();
    link.status(machine, SSH_FX_NO_SUCH_FILE);
    link.status(boot, SSH_FX_PERMISSION_DENIED);
    assertThat(asked).isCompletedWithValue(new RuntimeId(null, null, KEY.fingerprint()));
  }

  @Test
  void empty_isUnknown_asInAnImageThatWasNeverStarted() {
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    link.version();
    link.handle(machine, "m");
    link.status(read("m"), SSH_FX_EOF);
    link.handle(boot, "b");
    link.data(read("b"), BOOT);
    assertThat(asked).isCompletedWithValue(new RuntimeId(null, BOOT, KEY.fingerprint()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "uninitialized\n",
        "00000000000000000000000000000000\n",
        "0123456789ABCDEF0123456789ABCDEF\n",
        "0123456789abcdef0123456789abcde\n",
        "0123456789abcdef0123456789abcdef\n\n",
        "0123456789abcdef0123456789abcdef\nmore\n",
        "0123456789abcdef0123456789abcdef and more than sixty-four bytes of words",
        "\u001b]0;title\u0007abcdef0123456789abcdef",
        "٠١٢٣٤٥٦٧٨٩abcdef0123456789abcdef",
        " \n"
      })
  void whatIsNoId_isUnknown(String content) {
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    link.version();
    link.handle(machine, "m");
    ScriptedLink.Sent machineRead = read("m");
    link.data(machineRead, content.substring(0, Math.min(content.length(), 64)));
    link.handle(boot, "b");
    link.data(read("b"), "00000000-0000-0000-0000-000000000000\n");
    assertThat(asked).isCompletedWithValue(new RuntimeId(null, null, KEY.fingerprint()));
  }

  @Test
  void connectionThatGoesMeanwhile_endsTheQuestion() {
    link.version();
    link.cut();
    assertThat(asked).isCompletedWithValue(new RuntimeId(null, null, KEY.fingerprint()));
  }

  @Test
  void serverThatCountsHandles_isAskedInOneRoundTrip() {
    CompletableFuture<RuntimeId> known = askOneThatCounts();
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent machineRead = readEarly(HANDLE_0);
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    ScriptedLink.Sent bootRead = readEarly(HANDLE_1);
    link.version();
    link.handle(machine, HANDLE_0);
    link.data(machineRead, MACHINE + "\n");
    link.handle(boot, HANDLE_1);
    link.data(bootRead, BOOT + "\n");
    assertThat(known).isCompletedWithValue(new RuntimeId(MACHINE, BOOT, KEY.fingerprint()));
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo(HANDLE_0);
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo(HANDLE_1);
  }

  @Test
  void handleThatWasNotForetold_isReadAgain_andTheOtherContentDropped() {
    CompletableFuture<RuntimeId> known = askOneThatCounts();
    ScriptedLink.Sent machine = open("/etc/machine-id");
    ScriptedLink.Sent machineRead = readEarly(HANDLE_0);
    ScriptedLink.Sent boot = open("/proc/sys/kernel/random/boot_id");
    ScriptedLink.Sent bootRead = readEarly(HANDLE_1);
    link.version();
    link.handle(machine, "m");
    link.data(machineRead, "fedcba9876543210fedcba9876543210\n");
    link.handle(boot, HANDLE_0);
    link.status(bootRead, SSH_FX_FAILURE);
    link.data(read("m"), MACHINE + "\n");
    link.data(read(HANDLE_0), BOOT + "\n");
    assertThat(known).isCompletedWithValue(new RuntimeId(MACHINE, BOOT, KEY.fingerprint()));
  }

  /** On a link of its own. */
  private CompletableFuture<RuntimeId> askOneThatCounts() {
    link = new ScriptedLink();
    channel = SftpChannel.start(link, Duration.ofSeconds(10), () -> 0L);
    CompletableFuture<RuntimeId> known = RuntimeQuestion.ask(channel, KEY, true);
    link.next();
    return known;
  }

  private ScriptedLink.Sent readEarly(String handle) {
    ScriptedLink.Sent read = link.next(SSH_FXP_READ);
    assertThat(read.string()).isEqualTo(handle);
    return read;
  }

  private ScriptedLink.Sent open(String file) {
    ScriptedLink.Sent open = link.next(SSH_FXP_OPEN);
    assertThat(open.string()).isEqualTo(file);
    return open;
  }

  /** The handle is given back at once. */
  private ScriptedLink.Sent read(String handle) {
    ScriptedLink.Sent read = link.next(SSH_FXP_READ);
    assertThat(read.string()).isEqualTo(handle);
    assertThat(read.int64()).isZero();
    assertThat(read.int32()).isEqualTo(64);
    assertThat(link.next(SSH_FXP_CLOSE).string()).isEqualTo(handle);
    return read;
  }
}
