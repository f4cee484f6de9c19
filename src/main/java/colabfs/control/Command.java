package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command to be run by a mount.
 *
 * @param directory where it runs, below the mount's root
 * @param elsewhere where it runs instead, absolute on the runtime; null for {@code directory}
 * @param flush what is unsent arrives first, or the command is not run
 */
public record Command(
    List<String> words,
    RemotePath directory,
    @Nullable String elsewhere,
    boolean flush,
    ExecOptions options) {
  public Command {
    words = List.copyOf(words);
  }

  /** A command without options. */
  public Command(List<String> words, RemotePath directory, boolean flush) {
    this(words, directory, null, flush, ExecOptions.USUAL);
  }

  /** Where it runs, absolute on a runtime whose mounted root is that. */
  public String directoryIn(String root) {
    if (elsewhere != null) {
      return elsewhere;
    }
    String inside = directory.isRoot() ? "" : directory.toString();
    String absolute = root.equals("/") ? inside : root + inside;
    return absolute.isEmpty() ? "/" : absolute;
  }
}
