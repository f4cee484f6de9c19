package colabfs.ssh;

import colabfs.ssh.ConnectFailure.Reason;
import java.security.PublicKey;
import java.util.Set;

/**
 * The key that Google's endpoint is told, and that alone is then logged in with: the first of those
 * that a login would try that is of a kind that it takes.
 */
final class ColabKey {

  /** What the endpoint takes: its sshd is given the key for one connection. */
  private static final Set<String> KINDS =
      Set.of("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521");

  private static final String NEXT =
      "Make one with 'ssh-keygen -t ed25519', or name one with 'colabfs init --key FILE'.";

  private ColabKey() {}

  /** The line of the chosen key; the other identities are dropped. May ask for a passphrase. */
  static String choose(Identities identities) throws ConnectFailure {
    PublicKey chosen = identities.keepFirst(key -> KINDS.contains(HostKey.of(key).type()));
    if (chosen != null) {
      return HostKey.of(chosen).line();
    }
    String others =
        identities.isEmpty() ? "no key was found" : "there are only keys of other kinds";
    String problems =
        identities.problems().isEmpty()
            ? ""
            : " (" + String.join("; ", identities.problems()) + ")";
    throw new ConnectFailure(
        Reason.AUTHENTICATION,
        "Google's endpoint takes ed25519 and ecdsa keys only, and %s%s. %s"
            .formatted(others, problems, NEXT));
  }
}
