package colabfs.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.ssh.LoginKeys.LoginKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The key that colabfs makes, and the order of the user's keys. */
final class OwnKeyTest {
  @TempDir Path directory;
  private OwnKey key = OwnKey.of(Map.of());

  @BeforeEach
  void start() {
    key = OwnKey.of(Map.of("XDG_CONFIG_HOME", directory.resolve("config").toString()));
  }

  @Test
  void make_makesAKeyOfOpenSsh_forTheUserAlone_once() throws IOException, InterruptedException {
    assertThat(key.exists()).isFalse();
    assertThat(key.make()).isTrue();
    String line = String.valueOf(key.publicLine());
    assertThat(line).matches("ssh-ed25519 [A-Za-z0-9+/=]+ colabfs@\\S+");
    assertThat(permissions(key.file())).isEqualTo("rw-------");
    assertThat(permissions(directory.resolve("config/colabfs/keys"))).isEqualTo("rwx------");
    assertThat(keygen("-y", "-f", key.file().toString()).strip()).isEqualTo(line);
    assertThat(Files.readString(Path.of(key.file() + ".pub")).strip()).isEqualTo(line);
    assertThat(key.make()).isFalse();
    assertThat(key.publicLine()).isEqualTo(line);
    try (var files = Files.list(directory.resolve("config/colabfs/keys"))) {
      assertThat(files).hasSize(2);
    }
  }

  @Test
  void make_bySeveralAtOnce_givesAllTheSame() throws Exception {
    ExecutorService together = Executors.newFixedThreadPool(4);
    try {
      Callable<String> making =
          () -> {
            key.make();
            return String.valueOf(key.publicLine());
          };
      List<String> lines =
          together.invokeAll(List.of(making, making, making, making)).stream()
              .map(
                  line -> {
                    try {
                      return line.get();
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  })
              .distinct()
              .toList();
      assertThat(lines).hasSize(1);
    } finally {
      together.shutdownNow();
    }
  }

  @Test
  void loginKeys_areTheDefaultOnesInOrder_thenTheOwn() throws IOException, InterruptedException {
    Path ssh = Files.createDirectory(directory.resolve("ssh"));
    keygen("-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", ssh + "/id_rsa");
    keygen("-q", "-t", "ed25519", "-N", "secret", "-f", ssh + "/id_ed25519");
    Files.writeString(ssh.resolve("id_ecdsa"), "garbage");
    key.make();
    Surroundings user = new Surroundings(ssh, directory.resolve("no-agent").toString(), key.file());
    assertThat(LoginKeys.of(user))
        .extracting(LoginKey::where)
        .containsExactly(ssh + "/id_ed25519", ssh + "/id_rsa", key.file().toString());
    assertThat(LoginKeys.of(new Surroundings(ssh.resolve("none"), null, null))).isEmpty();
  }

  @Test
  void publicHalf_ofALockedPemKey_isTakenFromBesideIt_orMissed()
      throws IOException, InterruptedException {
    Path pem = directory.resolve("pem");
    keygen("-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret", "-f", pem.toString());
    assertThat(LoginKeys.of(pem).line()).startsWith("ssh-rsa ");
    Files.delete(Path.of(pem + ".pub"));
    assertThatThrownBy(() -> LoginKeys.of(pem)).hasMessageContaining("ssh-keygen -y -f");
    Path open = directory.resolve("open");
    keygen("-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", open.toString());
    String line = LoginKeys.of(open).line();
    Files.delete(Path.of(open + ".pub"));
    assertThat(LoginKeys.of(open).line()).isEqualTo(line);
  }

  private static String permissions(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private static String keygen(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = "ssh-keygen";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
