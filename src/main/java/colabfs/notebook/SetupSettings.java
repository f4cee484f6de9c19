package colabfs.notebook;

import java.util.List;
import java.util.Set;

/**
 * What the cell is to do. Holds no secret: a token or password is asked for, or made, where the
 * cell runs.
 *
 * @param name of the profile that the user will make
 * @param keys public keys that may log in, as {@code authorized_keys} takes them
 * @param root the directory that will be mounted, absolute
 * @param port where the server there listens, on 127.0.0.1; another one when it is taken
 * @param tunnel {@code none}, {@code ngrok}, {@code cloudflared}, {@code bore}, {@code pinggy}, or
 *     {@code command:} and a program with its arguments
 * @param drive whether Google Drive is mounted there first
 * @param password whether a password is made there, too
 */
public record SetupSettings(
    String name,
    List<String> keys,
    String root,
    int port,
    String tunnel,
    boolean drive,
    boolean password) {
  public static final int DEFAULT_PORT = 8722;
  public static final String COMMAND = "command:";

  private static final Set<String> TUNNELS =
      Set.of("none", "ngrok", "cloudflared", "bore", "pinggy");

  /**
   * Checks the tunnel, the root and the port.
   *
   * @throws IllegalArgumentException when one of them cannot be; the message is for the user
   */
  public SetupSettings {
    keys = List.copyOf(keys);
    if (tunnel.startsWith(COMMAND)) {
      if (tunnel.substring(COMMAND.length()).isBlank()) {
        throw new IllegalArgumentException(
            "the tunnel 'command:' names no program; say --tunnel 'command:PROGRAM --port %p'");
      }
    } else if (!TUNNELS.contains(tunnel)) {
      throw new IllegalArgumentException(
          "the tunnel '%s' is unknown; take none, ngrok, cloudflared, bore, pinggy or command:..."
              .formatted(tunnel));
    }
    if (!root.startsWith("/")) {
      throw new IllegalArgumentException(
          "the root '%s' is not absolute; give one such as /content".formatted(root));
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("the port %d is not from 1 to 65535".formatted(port));
    }
  }
}
