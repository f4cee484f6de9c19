package colabfs.fs;

import colabfs.core.RemotePath;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Inode numbers, which SFTP does not carry: a hash of the path, so that they are the same in the
 * next mount, with exceptions for what was renamed or hard-linked through this one. An exception
 * says which path a place stands for; what is below follows. Threading: any thread.
 */
final class InodeNumbers {
  private static final int MAX_EXCEPTIONS = 65_536;

  /** No path holds it, so what is made up here never meets a real path. */
  private static final char MARK = '\0';

  @GuardedBy("this")
  private final LinkedHashMap<RemotePath, String> standsFor = new LinkedHashMap<>();

  /** How many exceptions stand for a text. */
  @GuardedBy("this")
  private final Map<String, Integer> taken = new HashMap<>();

  /** How many names a file is known to have, where more than one. */
  @GuardedBy("this")
  private final Map<String, Integer> names = new HashMap<>();

  @GuardedBy("this")
  private long made;

  /** Never 0. */
  synchronized long of(RemotePath path) {
    long hash = hash(identityLocked(path));
    return hash == 0 ? 1 : hash;
  }

  /** How many names the file is known to have, at least 1. */
  synchronized int names(RemotePath path) {
    return names.isEmpty() ? 1 : names.getOrDefault(identityLocked(path), 1);
  }

  /** The other names of the same file, as far as they were made through this mount. */
  synchronized List<RemotePath> otherNames(RemotePath path) {
    if (names(path) == 1) {
      return List.of();
    }
    String identity = identityLocked(path);
    List<RemotePath> candidates = new ArrayList<>();
    if (identity.indexOf(MARK) < 0) {
      candidates.add(RemotePath.of(identity));
    }
    standsFor.forEach(
        (other, text) -> {
          if (text.equals(identity)) {
            candidates.add(other);
          }
        });
    List<RemotePath> others = new ArrayList<>();
    for (RemotePath candidate : candidates) {
      if (!candidate.equals(path) && identityLocked(candidate).equals(identity)) {
        others.add(candidate);
      }
    }
    return others;
  }

  /** Whether both are names of one file, if both are there. */
  synchronized boolean same(RemotePath one, RemotePath other) {
    return names(one) > 1 && identityLocked(one).equals(identityLocked(other));
  }

  /** Something new stands there: it does not get a number that something else still has. */
  synchronized void created(RemotePath path) {
    dropLocked(path);
    String natural = identityLocked(path);
    if (taken.containsKey(natural)) {
      putLocked(path, natural + MARK + ++made);
    }
  }

  synchronized void linked(RemotePath existing, RemotePath link) {
    dropLocked(link);
    String identity = identityLocked(existing);
    names.merge(identity, 2, (known, two) -> known + 1);
    if (!identityLocked(link).equals(identity)) {
      putLocked(link, identity);
    }
  }

  synchronized void removed(RemotePath path) {
    names.computeIfPresent(identityLocked(path), (any, count) -> count > 2 ? count - 1 : null);
    dropLocked(path);
  }

  /** The number moves along, and those of everything below with it. */
  synchronized void renamed(RemotePath from, RemotePath to) {
    String identity = identityLocked(from);
    removed(to);
    Map<RemotePath, String> below = new LinkedHashMap<>();
    standsFor.forEach(
        (path, text) -> {
          if (path.startsWith(from) && !path.equals(from)) {
            below.put(path, text);
          }
        });
    below.keySet().forEach(this::dropLocked);
    dropLocked(from);
    if (!identityLocked(to).equals(identity)) {
      putLocked(to, identity);
    }
    below.forEach((path, text) -> putLocked(path.rebase(from, to), text));
  }

  @GuardedBy("this")
  private String identityLocked(RemotePath path) {
    if (standsFor.isEmpty()) {
      return path.toString();
    }
    for (RemotePath above = path; above != null; above = above.parent()) {
      String text = standsFor.get(above);
      if (text != null) {
        return text + path.toString().substring(above.toString().length());
      }
    }
    return path.toString();
  }

  @GuardedBy("this")
  private void putLocked(RemotePath path, String text) {
    standsFor.put(path, text);
    taken.merge(text, 1, Integer::sum);
    if (standsFor.size() > MAX_EXCEPTIONS) {
      dropLocked(standsFor.keySet().iterator().next());
    }
  }

  @GuardedBy("this")
  private void dropLocked(RemotePath path) {
    @Nullable String text = standsFor.remove(path);
    if (text != null) {
      taken.computeIfPresent(text, (any, count) -> count > 1 ? count - 1 : null);
    }
  }

  /** FNV-1a over the characters, then the last mixing step of SplitMix64. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
    hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
    return hash ^ (hash >>> 31);
  }
}
