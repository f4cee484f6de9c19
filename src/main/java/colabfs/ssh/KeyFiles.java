package colabfs.ssh;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.util.Base64;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.PublicKeyEntry;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.jspecify.annotations.Nullable;

/**
 * Reads private keys, and remembers those that needed a passphrase, so that a reconnect asks
 * nobody.
 *
 * <p>Threading: any thread. Errors: {@link BadKeyFile}, whose message is for the user.
 */
final class KeyFiles {
  private static final String OPENSSH_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
  private static final String OPENSSH_END = "-----END OPENSSH PRIVATE KEY-----";
  private static final String OPENSSH_MAGIC = "openssh-key-v1\0";
  private static final int PASSPHRASE_TRIES = 3;

  /** More than any key; keeps a wrong path (a disk image) from being read into memory. */
  private static final long MAX_FILE_BYTES = 1 << 20;

  private final Map<Path, Unlocked> unlocked = new ConcurrentHashMap<>();

  /** A key that was unlocked, and the file's content at that time. */
  private record Unlocked(ByteBuffer content, KeyPair pair) {
    boolean isOf(byte[] other) {
      return content.equals(ByteBuffer.wrap(other));
    }
  }

  /** A key file that gives no key. */
  static final class BadKeyFile extends Exception {
    private static final long serialVersionUID = 1L;

    BadKeyFile(String message) {
      super(message);
    }

    BadKeyFile(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The key in a file; the prompts are asked when it is locked and no passphrase is given. */
  KeyPair load(Path file, @Nullable String passphrase, Prompts prompts) throws BadKeyFile {
    byte[] content = content(file);
    Unlocked known = unlocked.get(file);
    if (known != null && known.isOf(content)) {
      return known.pair;
    }
    boolean locked = isLocked(file, content);
    if (!locked) {
      return parse(file, content, FilePasswordProvider.EMPTY);
    }
    KeyPair pair =
        passphrase == null
            ? askAndParse(file, content, prompts)
            : parseLocked(file, content, passphrase, "the profile's passphrase");
    unlocked.put(file, new Unlocked(ByteBuffer.wrap(content), pair));
    return pair;
  }

  /** Whether {@link #load} needs a passphrase that it does not know yet. */
  boolean needsPassphrase(Path file) throws BadKeyFile {
    byte[] content = content(file);
    Unlocked known = unlocked.get(file);
    return (known == null || !known.isOf(content)) && isLocked(file, content);
  }

  /**
   * The public half of a key that may be locked: OpenSSH's format holds it in clear, and beside
   * other formats there may be a .pub file.
   */
  static @Nullable PublicKey publicHalf(Path file) {
    try {
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      int begin = text.indexOf(OPENSSH_BEGIN);
      int end = text.indexOf(OPENSSH_END);
      if (begin >= 0 && end > begin) {
        String base64 = text.substring(begin + OPENSSH_BEGIN.length(), end);
        return opensshPublicHalf(Base64.getMimeDecoder().decode(base64));
      }
      String line = Files.readString(file.resolveSibling(file.getFileName() + ".pub")).strip();
      return PublicKeyEntry.parsePublicKeyEntry(line).resolvePublicKey(null, Map.of(), null);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      return null; // only a wish: the key itself is still tried
    }
  }

  /** PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf's options, number of keys, public key. */
  private static @Nullable PublicKey opensshPublicHalf(byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    from.position(OPENSSH_MAGIC.length());
    for (int skipped = 0; skipped < 3; skipped++) {
      int length = from.getInt();
      from.position(from.position() + length);
    }
    int keys = from.getInt();
    byte[] blob = new byte[from.getInt()];
    from.get(blob);
    return keys == 1 ? new ByteArrayBuffer(blob).getRawPublicKey() : null;
  }

  static byte[] content(Path file) throws BadKeyFile {
    try {
      if (Files.isDirectory(file)) {
        throw new BadKeyFile("the key file " + file + " is a directory; name the file in it");
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new BadKeyFile("the key file " + file + " is too large to be a private key");
      }
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new BadKeyFile(
          "the key file " + file + " does not exist; correct the profile with 'colabfs init'", e);
    } catch (AccessDeniedException e) {
      throw new BadKeyFile(
          "the key file " + file + " may not be read by you; check its owner and mode", e);
    } catch (IOException e) {
      throw new BadKeyFile("the key file " + file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private KeyPair askAndParse(Path file, byte[] content, Prompts prompts) throws BadKeyFile {
    for (int i = 0; i < PASSPHRASE_TRIES; i++) {
      String answer = prompts.secret("Passphrase of " + file + ": ");
      if (answer == null) {
        throw new BadKeyFile(
            "the key "
                + file
                + " is locked by a passphrase; put it into the profile with 'colabfs init', or the"
                + " key into an ssh-agent with 'ssh-add'");
      }
      try {
        return parseLocked(file, content, answer, "the passphrase");
      } catch (BadKeyFile e) {
        if (i == PASSPHRASE_TRIES - 1) {
          throw e;
        }
      }
    }
    throw new IllegalStateException("unreachable");
  }

  private static KeyPair parseLocked(Path file, byte[] content, String passphrase, String which)
      throws BadKeyFile {
    try {
      return parse(file, content, FilePasswordProvider.of(passphrase));
    } catch (BadKeyFile e) {
      throw new BadKeyFile(
          which
              + " does not unlock the key "
              + file
              + "; give the right one with 'colabfs init', or put the key into an ssh-agent with"
              + " 'ssh-add'",
          e);
    }
  }

  private static boolean isLocked(Path file, byte[] content) throws BadKeyFile {
    boolean[] asked = {false};
    try {
      parse(
          file,
          content,
          (session, resource, tries) -> {
            asked[0] = true;
            return null;
          });
    } catch (BadKeyFile e) {
      if (!asked[0]) {
        throw e;
      }
    }
    return asked[0];
  }

  private static KeyPair parse(Path file, byte[] content, FilePasswordProvider passphrases)
      throws BadKeyFile {
    NamedResource name = NamedResource.ofName(file.toString());
    try {
      Iterable<KeyPair> pairs =
          SecurityUtils.loadKeyPairIdentities(
              null, name, new ByteArrayInputStream(content), passphrases);
      Iterator<KeyPair> found = pairs == null ? null : pairs.iterator();
      if (found != null && found.hasNext()) {
        return found.next();
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new BadKeyFile("the key file " + file + " is damaged or of an unknown format", e);
    }
    throw new BadKeyFile("the key file " + file + " " + unknownFormat(content));
  }

  private static String unknownFormat(byte[] content) {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    if (text.startsWith("PuTTY-User-Key-File")) {
      return "is in PuTTY's format; convert it with 'puttygen KEY.ppk -O private-openssh -o KEY'";
    }
    if (text.startsWith("ssh-") || text.startsWith("ecdsa-")) {
      return "is a public key; name the private one, usually the same without .pub";
    }
    return "holds no private key; make one with 'ssh-keygen -t ed25519'";
  }
}
