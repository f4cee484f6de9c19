package colabfs.app;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What paths inside of a mount are called on the runtime. Words that name no place in the mount
 * stay as they are.
 */
public final class RuntimePaths {
  /** Needs no quotes in a shell. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+@%^-]+");

  private final KnownMounts mounts;
  private final Path mountpoint;
  private final String root;

  public RuntimePaths(KnownMounts mounts, KnownMounts.Place place) {
    this.mounts = mounts;
    this.mountpoint = place.mount().mountpoint();
    this.root = place.mount().root();
  }

  /**
   * The words of a command for the runtime: an argument that is a path, or has one behind its first
   * equals sign; in a line for the shell, what begins like one.
   */
  public List<String> map(List<String> words) {
    boolean isLine = words.size() == 1 && !PLAIN.matcher(words.get(0)).matches();
    return isLine ? List.of(mapLine(words.get(0))) : words.stream().map(this::mapWord).toList();
  }

  private String mapWord(String word) {
    int equals = word.indexOf('=');
    if (!word.startsWith("/") && equals > 0) {
      return word.substring(0, equals + 1) + mapPath(word.substring(equals + 1));
    }
    return mapPath(word);
  }

  private String mapPath(String word) {
    return onRuntime(word).orElse(word);
  }

  /** What an absolute local path is called on the runtime; empty when it is not in the mount. */
  public Optional<String> onRuntime(String path) {
    if (!path.startsWith("/")) {
      return Optional.empty();
    }
    try {
      return mounts
          .locate(Path.of(path))
          .filter(place -> place.mount().mountpoint().equals(mountpoint))
          .map(place -> below(place.path().toString()) + (path.endsWith("/") ? "/" : ""));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private String below(String path) {
    if (path.equals("/")) {
      return root;
    }
    return root.equals("/") ? path : root + path;
  }

  /** Only where the runtime's path needs no quotes, as nobody knows those of the line. */
  private String mapLine(String line) {
    if (!PLAIN.matcher(root).matches()) {
      return line;
    }
    Pattern inside =
        Pattern.compile(
            "(?<=^|[\\s'\"=:;|&<>(])"
                + Pattern.quote(mountpoint.toString())
                + "(/?)(?=$|[\\s'\":;|&<>)]|(?<=/).)");
    Matcher matcher = inside.matcher(line);
    return matcher.replaceAll(
        found -> Matcher.quoteReplacement(root.equals("/") ? "/" : root + found.group(1)));
  }
}
