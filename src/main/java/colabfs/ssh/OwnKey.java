package colabfs.ssh;

import colabfs.profile.PrivateFiles;
import colabfs.profile.ProfileStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Map;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.jspecify.annotations.Nullable;

/**
 * The key that colabfs makes for itself when the user has none: {@code keys/id_ed25519} below the
 * configuration directory, in OpenSSH's format, without a passphrase, for the user alone.
 *
 * <p>Threading: any thread, and several processes: of two that make it at once, both get the one
 * that is there. Durability: {@link #make} returns when the key is on the disk.
 */
public final class OwnKey {
  private static final int ED25519_BITS = 256;

  private final Path directory;

  private OwnKey(Path directory) {
    this.directory = directory;
  }

  /** The key of the user to whom these variables belong, whether it exists or not. */
  public static OwnKey of(Map<String, String> environment) {
    return new OwnKey(ProfileStore.configDirectory(environment).resolve("keys"));
  }

  public Path file() {
    return directory.resolve("id_ed25519");
  }

  public boolean exists() {
    return Files.exists(file());
  }

  /** Makes the key unless it is there; false when it was. */
  public boolean make() throws IOException {
    if (exists()) {
      return false;
    }
    String comment = "colabfs@" + hostName();
    KeyPair pair;
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      pair = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, ED25519_BITS);
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(pair, comment, null, text);
    } catch (GeneralSecurityException e) {
      throw new IOException("an ed25519 key cannot be made: " + e.getMessage(), e);
    }
    PrivateFiles.makeDirectory(directory);
    if (!PrivateFiles.create(directory, file(), text.toByteArray())) {
      return false;
    }
    String line = PublicKeyEntry.toString(pair.getPublic()) + " " + comment + "\n";
    PrivateFiles.write(directory, directory.resolve("id_ed25519.pub"), line);
    return true;
  }

  /** Its public half as {@code authorized_keys} takes it; null when it cannot be read. */
  public @Nullable String publicLine() {
    PublicKey half = KeyFiles.publicHalf(file());
    return half == null ? null : PublicKeyEntry.toString(half) + " colabfs@" + hostName();
  }

  /** Only a comment in the key: what cannot be looked up, or is odd, is left out. */
  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "");
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
