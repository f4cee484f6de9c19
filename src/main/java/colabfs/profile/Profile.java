package colabfs.profile;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One runtime: how to reach it, as whom, and which directory is the mounted root.
 *
 * @param name what the user calls it
 * @param endpoint where its SSH server is
 * @param user the login
 * @param credentials what it logs in with, besides the user's own keys and agent
 * @param hostKey the pinned host key as in {@code known_hosts} without the host ({@code ssh-ed25519
 *     AAAA...}), or null when none is pinned yet
 * @param root directory on the runtime: absolute, or relative to the login's home
 * @param server what was seen of the server when it was last tried, or null
 */
public record Profile(
    String name,
    Endpoint endpoint,
    String user,
    Credentials credentials,
    @Nullable String hostKey,
    String root,
    @Nullable ServerFacts server) {

  /** Where an SSH server is. */
  public sealed interface Endpoint {
    String host();

    int port();
  }

  /** Reached by TCP. */
  public record Tcp(String host, int port) implements Endpoint {}

  /**
   * Reached through a program's standard input and output, as OpenSSH's ProxyCommand: {@code %h},
   * {@code %p} and {@code %r} stand for host, port and user, {@code %%} for a percent sign.
   */
  public record Command(String command, String host, int port) implements Endpoint {}

  /**
   * Secrets and key files. Their text never appears in {@code toString}.
   *
   * @param password for password and keyboard-interactive, or null
   * @param key path of a private key in OpenSSH's or PEM format, or null for the user's default
   *     keys
   * @param passphrase of that key, or null
   */
  public record Credentials(
      @Nullable String password, @Nullable String key, @Nullable String passphrase) {
    public static final Credentials NONE = new Credentials(null, null, null);

    @Override
    public String toString() {
      return "Credentials[password=%s, key=%s, passphrase=%s]"
          .formatted(shown(password), key, shown(passphrase));
    }

    private static String shown(@Nullable String secret) {
      return secret == null ? "none" : "(hidden)";
    }
  }

  /**
   * What a server said of itself when it was last tried.
   *
   * @param software its identification, such as {@code OpenSSH_9.2p1}
   * @param extensions the SFTP extensions that it offers
   * @param uid the login's user number
   * @param gid the login's group
   */
  public record ServerFacts(String software, List<String> extensions, int uid, int gid) {
    public ServerFacts {
      extensions = List.copyOf(extensions);
    }
  }

  public Profile withHostKey(String keyLine) {
    return new Profile(name, endpoint, user, credentials, keyLine, root, server);
  }

  public Profile withServer(ServerFacts facts) {
    return new Profile(name, endpoint, user, credentials, hostKey, root, facts);
  }
}
