package colabfs.ssh;

import colabfs.ssh.KeyFiles.BadKeyFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.jspecify.annotations.Nullable;

/**
 * The user's public keys, in the order in which a login tries their private halves: those of the
 * ssh-agent, the default files in {@code ~/.ssh}, and colabfs's own. May wait for the agent.
 */
public final class LoginKeys {
  private static final System.Logger LOG = System.getLogger(LoginKeys.class.getName());

  /**
   * One of them.
   *
   * @param line as {@code authorized_keys} takes it
   * @param where where the private half is, in words for the user
   */
  public record LoginKey(String line, String where) {}

  private LoginKeys() {}

  /** All that a login of this process may use; empty when there is nothing to log in with. */
  public static List<LoginKey> ofUser() {
    return of(Surroundings.ofThisProcess());
  }

  static List<LoginKey> of(Surroundings user) {
    List<LoginKey> keys = new ArrayList<>();
    String socket = user.agentSocket();
    if (socket != null) {
      keys.addAll(ofAgent(socket));
    }
    for (Path file : user.keyFiles()) {
      add(keys, file);
    }
    return keys;
  }

  /** The private keys' files that are there, in that order. */
  public static List<Path> files() {
    return Surroundings.ofThisProcess().keyFiles().stream().filter(Files::exists).toList();
  }

  /**
   * The public half of a key file, or of the public key in a file.
   *
   * @throws IOException when there is none; the message is for the user
   */
  public static LoginKey of(Path file) throws IOException {
    String text = new String(content(file), StandardCharsets.ISO_8859_1);
    PublicKey half = KeyFiles.publicHalf(file);
    if (half == null && text.strip().lines().count() == 1) {
      half = publicKey(text.strip());
    }
    if (half == null) {
      half = unlocked(file);
    }
    return new LoginKey(PublicKeyEntry.toString(half), file.toString());
  }

  private static byte[] content(Path file) throws IOException {
    try {
      return KeyFiles.content(file);
    } catch (BadKeyFile e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static PublicKey unlocked(Path file) throws IOException {
    try {
      KeyFiles files = new KeyFiles();
      if (!files.needsPassphrase(file)) {
        return files
            .load(file, null, new Prompts(HostKeyPrompt.REFUSE, SecretPrompt.NONE, () -> 0))
            .getPublic();
      }
    } catch (BadKeyFile e) {
      throw new IOException(e.getMessage(), e);
    }
    throw new IOException(
        "the public half of the key "
            + file
            + " is locked in with it; make it with: ssh-keygen -y -f KEY >KEY.pub");
  }

  private static List<LoginKey> ofAgent(String socket) {
    List<LoginKey> keys = new ArrayList<>();
    try (AgentClient agent = new AgentClient(socket, Identities.AGENT_TIMEOUT)) {
      for (Map.Entry<PublicKey, String> held : agent.getIdentities()) {
        keys.add(
            new LoginKey(
                PublicKeyEntry.toString(held.getKey()), "the ssh-agent (" + held.getValue() + ")"));
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "the ssh-agent gives no keys: {0}", e.getMessage());
    }
    return keys;
  }

  private static void add(List<LoginKey> keys, Path file) {
    if (Files.isReadable(file)) {
      try {
        keys.add(of(file));
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "a key is passed over: {0}", e.getMessage());
      }
    }
  }

  private static @Nullable PublicKey publicKey(String line) {
    try {
      return PublicKeyEntry.parsePublicKeyEntry(line).resolvePublicKey(null, Map.of(), null);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      return null;
    }
  }
}
