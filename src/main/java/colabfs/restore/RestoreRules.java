package colabfs.restore;

import colabfs.core.RemotePath;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.eclipse.jgit.ignore.IgnoreNode;

/**
 * What of a tree is not to be sent. Patterns are those of gitignore(5); a later one wins over an
 * earlier one. Threading: any thread.
 */
public final class RestoreRules {
  /** Sources are smaller, datasets and checkpoints are not. */
  public static final long DEFAULT_MAX_BYTES = 10L << 20;

  /** The file in the root of a mount that holds patterns, one a line. */
  public static final String IGNORE_FILE = ".colabfsignore";

  private final List<String> patterns;
  private final long maxBytes;
  private final IgnoreNode ignored;

  /**
   * @param patterns relative to the mounted root
   * @param maxBytes of a file; larger ones are not sent
   */
  public RestoreRules(List<String> patterns, long maxBytes) {
    this.patterns = List.copyOf(patterns);
    this.maxBytes = maxBytes;
    this.ignored = new IgnoreNode();
    byte[] lines = String.join("\n", patterns).getBytes(StandardCharsets.UTF_8);
    try {
      ignored.parse(IGNORE_FILE, new ByteArrayInputStream(lines));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** With the lines of an {@link #IGNORE_FILE} before these patterns. */
  RestoreRules after(String ignoreFile) {
    return new RestoreRules(
        java.util.stream.Stream.concat(ignoreFile.lines(), patterns.stream()).toList(), maxBytes);
  }

  boolean isTooLarge(long sizeBytes) {
    return sizeBytes > maxBytes;
  }

  /** Whether the name itself is excluded; what is below an excluded directory is not asked for. */
  boolean excludes(RemotePath path, boolean directory) {
    Boolean answer = ignored.checkIgnored(path.toString().substring(1), directory);
    return answer != null && answer;
  }
}
