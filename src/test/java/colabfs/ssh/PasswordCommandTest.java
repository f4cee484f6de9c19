package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
final class PasswordCommandTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "echo hunter2~hunter2",
        "printf 'open sesame\\r\\nuser: me\\n'~open sesame",
        "printf '%s' \"100% $HOME; 'x'\"~100% $HOME; 'x'",
        "printf ' spaces stay \\n'~` spaces stay `",
        "sh -c 'echo loud >&2; echo pä55'~pä55",
      })
  void firstLine_isThePassword_withoutAShell(String command, String password) throws Exception {
    assertThat(PasswordCommand.run(command, LONG)).isEqualTo(password);
  }

  @Test
  void aProgramThatFails_isNotBelieved_andItsComplaintTold() {
    assertThatThrownBy(
            () -> PasswordCommand.run("sh -c 'echo hunter2; echo locked >&2; exit 3'", LONG))
        .hasMessageContaining("status 3 and said: locked")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void nothingPrinted_noProgram_orAnOpenQuote_areToldApart() {
    assertThatThrownBy(() -> PasswordCommand.run("true", LONG)).hasMessageContaining("no password");
    assertThatThrownBy(() -> PasswordCommand.run("/no/such --secret=x", LONG))
        .hasMessageContaining("cannot be started")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> PasswordCommand.run("echo 'x", LONG)).hasMessageContaining("quote");
    assertThatThrownBy(() -> PasswordCommand.run(" ", LONG)).hasMessageContaining("read");
  }

  @Test
  void aProgramWithoutEnd_isEnded_withWhatItStarted() throws Exception {
    Path pid = directory.resolve("pid");
    String command = "sh -c 'sleep 300 & echo $! >" + pid + "; wait'";
    assertThatThrownBy(() -> PasswordCommand.run(command, Duration.ofSeconds(1)))
        .hasMessageContaining("did not end within 1 s");
    ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
        .ifPresent(child -> child.onExit().join());
  }

  @Test
  void endlessOutput_isBounded() throws Exception {
    String command = "sh -c 'head -c 50000000 /dev/zero | tr \"\\\\0\" x'";
    assertThat(PasswordCommand.run(command, LONG)).hasSize(4096);
  }
}
