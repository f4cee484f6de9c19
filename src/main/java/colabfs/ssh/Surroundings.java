package colabfs.ssh;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of the user's own machine a login may use.
 *
 * @param sshDirectory where the user's default keys are
 * @param agentSocket where the user's ssh-agent listens, or null
 * @param ownKey where the key is that colabfs made for itself, if it did; null for none
 * @param environment for proxies, and where other programs keep their files
 */
record Surroundings(
    Path sshDirectory,
    @Nullable String agentSocket,
    @Nullable Path ownKey,
    Map<String, String> environment) {

  private static final List<String> DEFAULT_KEYS = List.of("id_ed25519", "id_ecdsa", "id_rsa");

  /** Without an environment. */
  Surroundings(Path sshDirectory, @Nullable String agentSocket, @Nullable Path ownKey) {
    this(sshDirectory, agentSocket, ownKey, Map.of());
  }

  /** The files to be tried when a profile names none, in order, whether they exist or not. */
  List<Path> keyFiles() {
    List<Path> files = new ArrayList<>();
    DEFAULT_KEYS.forEach(name -> files.add(sshDirectory.resolve(name)));
    if (ownKey != null) {
      files.add(ownKey);
    }
    return files;
  }

  static Surroundings ofThisProcess() {
    String socket = System.getenv("SSH_AUTH_SOCK");
    return new Surroundings(
        Path.of(System.getProperty("user.home"), ".ssh"),
        socket == null || socket.isBlank() ? null : socket,
        OwnKey.of(System.getenv()).file(),
        System.getenv());
  }

  /** A key's path as a profile holds it: {@code ~/} is the user's home. */
  static Path keyPath(String text) {
    return text.startsWith("~/")
        ? Path.of(System.getProperty("user.home"), text.substring(2))
        : Path.of(text);
  }
}
