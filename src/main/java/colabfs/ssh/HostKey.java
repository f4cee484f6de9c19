package colabfs.ssh;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.signature.Signature;

/**
 * A server's public key, compared by its type and bytes.
 *
 * @param type as in known_hosts: {@code ssh-ed25519}, {@code ssh-rsa}, {@code ecdsa-sha2-nistp256}
 *     ...
 * @param base64 the key's bytes
 */
record HostKey(String type, String base64) {

  /**
   * Reads a key line: type, key and perhaps a comment. Hosts before the type, as known_hosts and
   * ssh-keyscan have them, are passed over.
   *
   * @throws IllegalArgumentException when it is no key line; the message is for the user
   */
  static HostKey parse(String line) {
    String[] fields = line.strip().split("\\s+", -1);
    for (int i = 0; i < Math.min(2, fields.length - 1); i++) {
      if (isType(fields[i])) {
        return checked(fields[i], fields[i + 1]);
      }
    }
    throw new IllegalArgumentException(
        "'" + line + "' is no host key; it looks like 'ssh-ed25519 AAAA...'");
  }

  static HostKey of(PublicKey key) {
    String[] fields = PublicKeyEntry.toString(key).split(" ", -1);
    return new HostKey(fields[0], fields[1]);
  }

  private static boolean isType(String field) {
    return field.startsWith("ssh-") || field.startsWith("ecdsa-") || field.startsWith("sk-");
  }

  private static HostKey checked(String type, String base64) {
    try {
      PublicKeyEntry.parsePublicKeyEntry(type + " " + base64)
          .resolvePublicKey(null, java.util.Map.of(), null);
      byte[] bytes = Base64.getDecoder().decode(base64);
      return new HostKey(type, Base64.getEncoder().encodeToString(bytes));
    } catch (IllegalArgumentException | IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "the host key '" + type + " ...' cannot be read (" + e.getMessage() + ")", e);
    }
  }

  /** As a profile keeps it. */
  String line() {
    return type + " " + base64;
  }

  /** As ssh-keygen shows it: {@code SHA256:} and 43 characters. */
  String fingerprint() {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(Base64.getDecoder().decode(base64));
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /**
   * The order in which host-key algorithms are proposed: those of this key's type first, since a
   * server that has several keys presents the first that is asked for.
   */
  List<NamedFactory<Signature>> first(List<NamedFactory<Signature>> algorithms) {
    return algorithms.stream()
        .sorted(Comparator.comparing(algorithm -> !signsWith(algorithm.getName())))
        .toList();
  }

  private boolean signsWith(String algorithm) {
    return KeyUtils.getCanonicalKeyType(algorithm).equals(type);
  }
}
