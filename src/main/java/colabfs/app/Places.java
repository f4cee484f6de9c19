package colabfs.app;

import colabfs.control.RuntimeDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * Where on the local disk things of one profile and root are: each root of a profile has its own,
 * wherever the profile leads.
 */
final class Places {
  private static final int SHORT_HASH_BYTES = 6;

  private final Map<String, String> environment;
  private final String profile;

  Places(Map<String, String> environment, String profile) {
    this.environment = environment;
    this.profile = profile;
  }

  /** The journal of what is unsent; the directory above it is made. */
  Path journal(String root) throws IOException {
    return state("journal").resolve(name(root));
  }

  /** What is cached; made for the user alone. */
  Path cache(String root) throws IOException {
    Path caches = RuntimeDirectory.makePrivate(RuntimeDirectory.cacheDirectory(environment));
    return RuntimeDirectory.makePrivate(caches.resolve(name(root)));
  }

  /**
   * What the server told last; the directory above it is made.
   *
   * @param rootText as it was asked for: the server's word for it is in the file
   */
  Path lastSeen(String rootText) throws IOException {
    return state("seen").resolve(name(rootText));
  }

  private Path state(String what) throws IOException {
    return RuntimeDirectory.makePrivate(RuntimeDirectory.stateDirectory(environment).resolve(what));
  }

  private String name(String root) {
    return profile + "-" + shortHash(profile + "\n" + root);
  }

  private static String shortHash(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, SHORT_HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
