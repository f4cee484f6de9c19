package colabfs.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Follows the links of a local path as the kernel would, but never looks at a mount of ours or into
 * it: that mount may not answer. From a mount point on, names are taken as they are written.
 */
final class PathWalk {
  /** As many as Linux follows (path_resolution(7)). */
  private static final int MAX_LINKS = 40;

  private final Collection<Path> mountpoints;
  private final Deque<Path> names = new ArrayDeque<>();
  private Path at;

  private PathWalk(Path absolute, Collection<Path> mountpoints) {
    this.mountpoints = mountpoints;
    this.at = absolute.getRoot();
    push(absolute);
  }

  /**
   * The path without links, {@code .} and {@code ..} outside of mounts. Names that do not exist
   * stay as they are.
   *
   * @param mountpoints absolute, links resolved
   */
  static Path resolve(Path path, Collection<Path> mountpoints) {
    Path absolute = path.toAbsolutePath();
    return new PathWalk(absolute, mountpoints).walk(absolute);
  }

  private Path walk(Path absolute) {
    int links = 0;
    while (!names.isEmpty()) {
      String name = names.pop().toString();
      if (name.equals("..")) {
        Path parent = at.getParent();
        at = parent == null ? at : parent;
      } else if (!name.isEmpty() && !name.equals(".")) {
        Path next = at.resolve(name);
        Path target = target(next);
        if (target == null) {
          at = next;
        } else if (++links > MAX_LINKS) {
          return absolute.normalize();
        } else {
          at = target.isAbsolute() ? target.getRoot() : at;
          push(target);
        }
      }
    }
    return at;
  }

  private void push(Path path) {
    for (int i = path.getNameCount() - 1; i >= 0; i--) {
      names.push(path.getName(i));
    }
  }

  private @Nullable Path target(Path path) {
    if (mountpoints.stream().anyMatch(path::startsWith)) {
      return null;
    }
    try {
      return Files.readSymbolicLink(path);
    } catch (IOException e) {
      return null; // not a link, not there, or not ours to see
    }
  }
}
