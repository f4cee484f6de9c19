package colabfs.ssh;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of the user's own machine a login may use.
 *
 * @param sshDirectory where the user's default keys are
 * @param agentSocket where the user's ssh-agent listens, or null
 * @param environment for proxies, and where other programs keep their files
 */
record Surroundings(
    Path sshDirectory, @Nullable String agentSocket, Map<String, String> environment) {

  /** Without an environment. */
  Surroundings(Path sshDirectory, @Nullable String agentSocket) {
    this(sshDirectory, agentSocket, Map.of());
  }

  static Surroundings ofThisProcess() {
    String socket = System.getenv("SSH_AUTH_SOCK");
    return new Surroundings(
        Path.of(System.getProperty("user.home"), ".ssh"),
        socket == null || socket.isBlank() ? null : socket,
        System.getenv());
  }

  /** A key's path as a profile holds it: {@code ~/} is the user's home. */
  static Path keyPath(String text) {
    return text.startsWith("~/")
        ? Path.of(System.getProperty("user.home"), text.substring(2))
        : Path.of(text);
  }
}
