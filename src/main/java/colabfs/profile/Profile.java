package colabfs.profile;

import java.util.List;
import java.util.Objects;
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

    /** Whether both lead to the same server, whatever was learnt of it. */
    default boolean leadsWhere(Endpoint other) {
      return equals(other);
    }
  }

  /** Reached by TCP. */
  public record Tcp(String host, int port) implements Endpoint {}

  /**
   * Reached through a program's standard input and output, as OpenSSH's ProxyCommand: {@code %h},
   * {@code %p} and {@code %r} stand for host, port and user, {@code %%} for a percent sign.
   */
  public record Command(String command, String host, int port) implements Endpoint {}

  /**
   * Reached through Google's own endpoint, as a session of Google's command-line tool.
   *
   * @param session its name in the tool's file
   * @param sessionsFile the tool's file; null for the usual one
   * @param pinnedRuntime which runtime the pinned host key is of, as the tool's file calls it; null
   *     when that is not known
   */
  public record Colab(String session, @Nullable String sessionsFile, @Nullable String pinnedRuntime)
      implements Endpoint {

    /** The session's name: its address changes with its runtime, and is the tool's to know. */
    @Override
    public String host() {
      return session;
    }

    @Override
    public int port() {
      return ProfileDraft.DEFAULT_PORT;
    }

    @Override
    public boolean leadsWhere(Endpoint other) {
      return other instanceof Colab colab
          && colab.session.equals(session)
          && Objects.equals(colab.sessionsFile, sessionsFile);
    }

    public Colab withPinnedRuntime(@Nullable String runtime) {
      return new Colab(session, sessionsFile, runtime);
    }
  }

  /**
   * Secrets and key files. Their text never appears in {@code toString}.
   *
   * @param password for password and keyboard-interactive, or null
   * @param key path of a private key in OpenSSH's or PEM format, or null for the user's default
   *     keys
   * @param passphrase of that key, or null
   * @param passwordCommand a program, with its arguments, whose first line is the password; run at
   *     each login that needs it; or null
   */
  public record Credentials(
      @Nullable String password,
      @Nullable String key,
      @Nullable String passphrase,
      @Nullable String passwordCommand) {
    public static final Credentials NONE = new Credentials(null, null, null);

    public Credentials(
        @Nullable String password, @Nullable String key, @Nullable String passphrase) {
      this(password, key, passphrase, null);
    }

    /** Whether a password can be had without asking a person. */
    public boolean hasPassword() {
      return password != null || passwordCommand != null;
    }

    @Override
    public String toString() {
      return "Credentials[password=%s, key=%s, passphrase=%s, passwordCommand=%s]"
          .formatted(shown(password), key, shown(passphrase), shown(passwordCommand));
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

  /** The same, with a key that is known to be of that runtime; null when that is not known. */
  public Profile withHostKey(String keyLine, @Nullable String runtime) {
    Endpoint pinned = endpoint instanceof Colab colab ? colab.withPinnedRuntime(runtime) : endpoint;
    return new Profile(name, pinned, user, credentials, keyLine, root, server);
  }

  public Profile withServer(ServerFacts facts) {
    return new Profile(name, endpoint, user, credentials, hostKey, root, facts);
  }
}
