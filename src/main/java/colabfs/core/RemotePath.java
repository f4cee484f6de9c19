package colabfs.core;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A place below the mounted root, in normal form: {@code /} or {@code /a/b}, never with {@code .},
 * {@code ..}, an empty name or a NUL. It says nothing of where the root is on the runtime; the
 * {@code ssh} room knows that.
 *
 * <p>A value: two paths are equal when their text is.
 */
public final class RemotePath implements Comparable<RemotePath> {
  /** The mounted root. */
  public static final RemotePath ROOT = new RemotePath("/");

  /** The longest file name that Linux takes ({@code NAME_MAX}), in bytes of UTF-8. */
  public static final int NAME_MAX_BYTES = 255;

  private final String text;

  private RemotePath(String text) {
    this.text = text;
  }

  /**
   * Reads an absolute path: repeated and trailing slashes are dropped.
   *
   * @throws IllegalArgumentException when it does not begin with a slash, or holds {@code .},
   *     {@code ..} or a NUL
   */
  public static RemotePath of(String absolute) {
    if (absolute.isEmpty() || absolute.charAt(0) != '/') {
      throw new IllegalArgumentException("not an absolute path: " + absolute);
    }
    if (isNormal(absolute)) {
      return absolute.length() == 1 ? ROOT : new RemotePath(absolute);
    }
    RemotePath path = ROOT;
    int start = 1;
    while (start <= absolute.length()) {
      int end = absolute.indexOf('/', start);
      end = end < 0 ? absolute.length() : end;
      if (end > start) {
        path = path.child(absolute.substring(start, end));
      }
      start = end + 1;
    }
    return path;
  }

  /**
   * The entry of that name in this directory.
   *
   * @throws IllegalArgumentException when the name is empty, {@code .} or {@code ..}, or holds a
   *     slash or a NUL
   */
  public RemotePath child(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException("not a file name: " + name);
    }
    return new RemotePath(isRoot() ? "/" + name : text + "/" + name);
  }

  /** Whether the text can be one entry's name. What a server lists must be asked this first. */
  public static boolean isName(String name) {
    return !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && name.indexOf('/') < 0
        && name.indexOf('\0') < 0;
  }

  /** The directory that holds this; null for the root. */
  public @Nullable RemotePath parent() {
    if (isRoot()) {
      return null;
    }
    int slash = text.lastIndexOf('/');
    return slash == 0 ? ROOT : new RemotePath(text.substring(0, slash));
  }

  /** The last name; empty for the root. */
  public String name() {
    return text.substring(text.lastIndexOf('/') + 1);
  }

  public boolean isRoot() {
    return text.length() == 1;
  }

  /** How many names deep: 0 for the root. */
  public int depth() {
    return isRoot() ? 0 : (int) text.chars().filter(c -> c == '/').count();
  }

  /** Whether this is that directory or lies anywhere below it. */
  public boolean startsWith(RemotePath directory) {
    return directory.isRoot()
        || text.equals(directory.text)
        || (text.startsWith(directory.text) && text.charAt(directory.text.length()) == '/');
  }

  /**
   * The same place after the directory {@code from} was renamed to {@code to}.
   *
   * @throws IllegalArgumentException when this is not {@code from} or below it
   */
  public RemotePath rebase(RemotePath from, RemotePath to) {
    if (!startsWith(from)) {
      throw new IllegalArgumentException(this + " is not below " + from);
    }
    String rest = from.isRoot() ? text : text.substring(from.text.length());
    return of(to.isRoot() ? "/" + rest : to.text + rest);
  }

  /** The last name's length as the server counts it. */
  public int nameLengthBytes() {
    return name().getBytes(StandardCharsets.UTF_8).length;
  }

  private static boolean isNormal(String absolute) {
    int length = absolute.length();
    if (length > 1 && absolute.charAt(length - 1) == '/') {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = absolute.charAt(i);
      if (c == '\0') {
        return false;
      }
      if (c == '/' && i + 1 < length) {
        char next = absolute.charAt(i + 1);
        if (next == '/' || next == '.') {
          return false; // perhaps "." or "..", perhaps only a hidden file: the slow way decides
        }
      }
    }
    return true;
  }

  @Override
  public int compareTo(RemotePath other) {
    return text.compareTo(other.text);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemotePath path && path.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The absolute path as text: {@code /} or {@code /a/b}. */
  @Override
  public String toString() {
    return text;
  }
}
