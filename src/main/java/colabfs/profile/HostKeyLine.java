package colabfs.profile;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;

/**
 * A server's public key in the form that {@code known_hosts} uses, without the host: a type and the
 * key in base64.
 *
 * @param type such as {@code ssh-ed25519}
 * @param base64 the key's bytes (RFC 4253, section 6.6)
 */
public record HostKeyLine(String type, String base64) {

  /** The types that are taken, and how many strings follow the type's own name in the key. */
  private static final Map<String, Integer> PARTS =
      Map.of(
          "ssh-ed25519", 1,
          "ecdsa-sha2-nistp256", 2,
          "ecdsa-sha2-nistp384", 2,
          "ecdsa-sha2-nistp521", 2,
          "ssh-rsa", 2);

  private static final String NEXT =
      "; give the line that 'ssh-keyscan HOST' prints, or 'cat /etc/ssh/ssh_host_ed25519_key.pub'"
          + " on the runtime";

  /**
   * Takes {@code TYPE BASE64}, with a comment after it or a host before it (a line of {@code
   * known_hosts} or of {@code ssh-keyscan}); both are dropped.
   */
  public static HostKeyLine parse(String text) throws ProfileException {
    String[] words = text.strip().split("[ \t]+", -1);
    int at = !PARTS.containsKey(words[0]) && words.length > 2 ? 1 : 0;
    if (text.strip().indexOf('\n') >= 0) {
      throw new ProfileException("the host key is more than one line" + NEXT);
    }
    if (!PARTS.containsKey(words[at])) {
      throw new ProfileException(
          "the host key is of no known type (ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa ...)"
              + NEXT);
    }
    if (words.length < at + 2) {
      throw new ProfileException("the host key has a type but no key after it" + NEXT);
    }
    HostKeyLine line = new HostKeyLine(words[at], words[at + 1]);
    if (!line.isWhole()) {
      throw new ProfileException(
          "the host key is damaged: it is no " + line.type + " key (cut off?)" + NEXT);
    }
    return line;
  }

  /** {@code SHA256:} and 43 characters, as OpenSSH shows it. */
  public String fingerprint() {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(Base64.getDecoder().decode(base64));
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The line as a profile keeps it. */
  @Override
  public String toString() {
    return type + " " + base64;
  }

  private boolean isWhole() {
    try {
      ByteBuffer key = ByteBuffer.wrap(Base64.getDecoder().decode(base64));
      if (!new String(string(key), StandardCharsets.US_ASCII).equals(type)) {
        return false;
      }
      for (int part = PARTS.getOrDefault(type, 0); part > 0; part--) {
        if (string(key).length == 0) {
          return false;
        }
      }
      return !key.hasRemaining();
    } catch (IllegalArgumentException | BufferUnderflowException e) {
      return false;
    }
  }

  private static byte[] string(ByteBuffer key) {
    int length = key.getInt();
    if (length < 0 || length > key.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    key.get(bytes);
    return bytes;
  }
}
