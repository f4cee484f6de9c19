package colabfs.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HostKeyLineTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"ed25519,256", "ecdsa,256", "ecdsa,521", "rsa,2048"})
  void parse_realKey_hasTheFingerprintThatSshKeygenShows(String type, String bits)
      throws IOException, InterruptedException, ProfileException {
    Path key = directory.resolve("key");
    run("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-f", key.toString());
    String line = Files.readString(Path.of(key + ".pub")).strip();
    String shown = run("ssh-keygen", "-l", "-f", key.toString());

    HostKeyLine parsed = HostKeyLine.parse(line);

    assertThat(shown.split(" ", -1)[1]).isEqualTo(parsed.fingerprint());
    assertThat(line).startsWith(parsed.toString());
    assertThat(HostKeyLine.parse("[0.tcp.ngrok.io]:12345 " + line)).isEqualTo(parsed);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
