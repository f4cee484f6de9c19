package colabfs.control;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A command line as somebody typed it, and what it depends on there.
 *
 * @param arguments behind {@code colabfs}
 * @param directory where it was typed, absolute and without links
 * @param terminal whether standard input and output are a terminal
 * @param namespace the mount namespace, as {@code /proc/self/ns/mnt} tells it
 */
public record TypedLine(
    List<String> arguments,
    Path directory,
    Map<String, String> environment,
    boolean terminal,
    String namespace) {
  public TypedLine {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
  }
}
