package colabfs.it.crash;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What is below a directory, byte for byte: as it was found on a disk, or as it is expected.
 *
 * <p>Threading: one thread.
 */
final class Tree {
  /** A time, or permissions, that nobody has set: whatever is found is right. */
  static final long ANY_TIME = -1;

  static final String ANY_MODE = "any";

  private static final int SHOWN_DIFFERENCES = 20;

  /** So that a slow line is not waited for once a file. */
  private static final int READERS = 8;

  private final NavigableMap<String, Node> nodes;

  /** One name. */
  sealed interface Node {
    /** Whether this, as expected, is that, as found. */
    boolean agrees(Node found);
  }

  /** A directory; its mode as {@code ls} shows it. */
  record Directory(String mode) implements Node {
    @Override
    public boolean agrees(Node found) {
      return found instanceof Directory other && agree(mode, other.mode);
    }
  }

  /**
   * A regular file.
   *
   * @param content its bytes, one a character
   * @param seconds its mtime since 1970
   */
  record Regular(String mode, String content, long seconds) implements Node {
    @Override
    public boolean agrees(Node found) {
      return found instanceof Regular other
          && content.equals(other.content)
          && agree(mode, other.mode)
          && (seconds == ANY_TIME || other.seconds == ANY_TIME || seconds == other.seconds);
    }

    @Override
    public String toString() {
      return "%d bytes, hash %08x, mode %s, mtime %d"
          .formatted(content.length(), content.hashCode(), mode, seconds);
    }
  }

  /** A symbolic link. */
  record Link(String target) implements Node {
    @Override
    public boolean agrees(Node found) {
      return equals(found);
    }
  }

  Tree() {
    this(new TreeMap<>());
  }

  private Tree(NavigableMap<String, Node> nodes) {
    this.nodes = nodes;
  }

  /** Reads all that is below a directory, several files at once. */
  static Tree of(Path directory) throws IOException {
    Tree tree = new Tree();
    Map<String, Future<Node>> nodes = new TreeMap<>();
    ExecutorService readers = Executors.newFixedThreadPool(READERS, Tree::daemon);
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
              if (!dir.equals(directory)) {
                put(dir, () -> new Directory(modeOf(dir)));
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              put(file, () -> nodeOf(file, attributes));
              return FileVisitResult.CONTINUE;
            }

            private void put(Path path, Callable<Node> node) {
              nodes.put(directory.relativize(path).toString(), readers.submit(node));
            }
          });
      for (Map.Entry<String, Future<Node>> node : nodes.entrySet()) {
        tree.nodes.put(node.getKey(), result(node.getValue()));
      }
    } finally {
      readers.shutdownNow();
    }
    return tree;
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "reader");
    thread.setDaemon(true);
    return thread;
  }

  private static Node result(Future<Node> node) throws IOException {
    try {
      return node.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(e.getMessage());
    }
  }

  private static Node nodeOf(Path file, BasicFileAttributes attributes) throws IOException {
    if (attributes.isSymbolicLink()) {
      return new Link(Files.readSymbolicLink(file).toString());
    }
    if (!attributes.isRegularFile()) {
      throw new IOException(file + " is neither a file, a directory nor a link");
    }
    String content = new String(contentOf(file), StandardCharsets.ISO_8859_1);
    return new Regular(
        modeOf(file), content, attributes.lastModifiedTime().toInstant().getEpochSecond());
  }

  private static byte[] contentOf(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IOException(file + " cannot be read", e); // of a read, Java does not tell the name
    }
  }

  private static String modeOf(Path file) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
  }

  private static boolean agree(String mode, String other) {
    return mode.equals(ANY_MODE) || other.equals(ANY_MODE) || mode.equals(other);
  }

  Tree copy() {
    return new Tree(new TreeMap<>(nodes));
  }

  /** Only the names for which that holds. */
  Tree only(Predicate<String> name) {
    Tree copy = copy();
    copy.nodes.keySet().removeIf(name.negate());
    return copy;
  }

  @Nullable Node get(String path) {
    return nodes.get(path);
  }

  void put(String path, Node node) {
    nodes.put(path, node);
  }

  /** Takes away a name and all that is below it; what was there, by its path below the name. */
  NavigableMap<String, Node> remove(String path) {
    NavigableMap<String, Node> removed = new TreeMap<>();
    Node node = nodes.remove(path);
    if (node != null) {
      removed.put("", node);
    }
    var below = nodes.subMap(path + "/", true, path + "0", false);
    below.forEach((name, child) -> removed.put(name.substring(path.length()), child));
    below.clear();
    return removed;
  }

  /** Moves a name and all that is below it; replaces what has the new name. */
  void rename(String from, String to) {
    NavigableMap<String, Node> moved = remove(from);
    remove(to);
    moved.forEach((below, node) -> nodes.put(to + below, node));
  }

  /** Every path, sorted. */
  List<String> paths() {
    return List.copyOf(nodes.keySet());
  }

  /** Paths of all regular files, sorted. */
  List<String> files() {
    return nodes.entrySet().stream()
        .filter(entry -> entry.getValue() instanceof Regular)
        .map(Map.Entry::getKey)
        .toList();
  }

  boolean isEmpty() {
    return nodes.isEmpty();
  }

  /** What differs in what was found, a line each; none when it is as expected. */
  List<String> differences(Tree found) {
    List<String> differences = new ArrayList<>();
    var all = new TreeSet<>(nodes.keySet());
    all.addAll(found.nodes.keySet());
    for (String path : all) {
      Node expected = nodes.get(path);
      Node there = found.nodes.get(path);
      if (expected == null || there == null || !expected.agrees(there)) {
        differences.add("%s: expected %s, found %s".formatted(path, shown(expected), shown(there)));
      }
    }
    return differences;
  }

  private static String shown(@Nullable Node node) {
    return node == null ? "nothing" : node.toString();
  }

  /** The first few of a long list, a line each. */
  static String shown(List<String> lines) {
    List<String> first =
        new ArrayList<>(lines.subList(0, Math.min(lines.size(), SHOWN_DIFFERENCES)));
    if (lines.size() > first.size()) {
      Collections.addAll(first, "and %d more".formatted(lines.size() - first.size()));
    }
    return String.join("\n", first);
  }
}
