package colabfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class NativeCryptoTest {
  /** What the build brings the library for. */
  private static final Set<String> MACHINES = Set.of("Linux amd64", "Linux aarch64");

  @Test
  void library_worksWhereTheBuildBringsIt() {
    String machine = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    assertThat(NativeCrypto.works()).isEqualTo(MACHINES.contains(machine));
  }

  @Test
  void unasked_javasOwnAreUsed() throws NoSuchAlgorithmException {
    byte[] bytes = {1, 2, 3};
    assertThat(NativeCrypto.provider()).isNull();
    assertThat(NativeCrypto.sha256().digest(bytes))
        .isEqualTo(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
