package colabfs.fuse;

import colabfs.core.RemotePath;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The names that the kernel knows of a mount, by directory and name and by libfuse's number: a hash
 * table of each kind through the same objects. Names that are there leave it when the kernel gives
 * them back; those that are missing when there are too many, as the kernel drops them silently.
 *
 * <p>Threading: none; its owner has a lock.
 */
final class KernelNames {
  private final int maxNames;
  private final int maxMissing;
  private final KernelName root = new KernelName(Wire.ROOT, 0, new byte[0]);

  /** Those that are missing, the ones told first in front; some are out of the table already. */
  private final Deque<KernelName> missing = new ArrayDeque<>();

  private @Nullable KernelName[] byName = new @Nullable KernelName[1024];
  private @Nullable KernelName[] byNode = new @Nullable KernelName[1024];
  private int size;

  /**
   * @param maxNames beyond it, no name is taken
   * @param maxMissing beyond it, the oldest of those that are missing goes for the next
   */
  KernelNames(int maxNames, int maxMissing) {
    this.maxNames = maxNames;
    this.maxMissing = maxMissing;
    root.kind(true, false);
  }

  int size() {
    return size;
  }

  /** The name in that directory, or null when the kernel was not told of it. */
  @Nullable KernelName get(int parent, byte[] name) {
    KernelName at = byName[slot(hash(parent, name), byName)];
    while (at != null && (at.parent != parent || !Arrays.equals(at.name, name))) {
      at = at.nextByName;
    }
    return at;
  }

  @Nullable KernelName get(int node) {
    if (node == Wire.ROOT) {
      return root;
    }
    KernelName at = byNode[slot(spread(node), byNode)];
    while (at != null && at.node != node) {
      at = at.nextByNode;
    }
    return at;
  }

  /** Where it is, or null when the kernel was not told of it, or of a directory above it. */
  @Nullable KernelName get(RemotePath path) {
    if (path.isRoot()) {
      return root;
    }
    int parent = Wire.ROOT;
    KernelName found = null;
    for (String name : path.toString().substring(1).split("/", -1)) {
      found = get(parent, name.getBytes(StandardCharsets.UTF_8));
      if (found == null) {
        return null;
      }
      parent = found.node; // of what is missing, no directory's number
    }
    return found;
  }

  /** The path of a node as the kernel knows it; null when a directory above is not known. */
  @Nullable String path(int node) {
    Deque<byte[]> names = new ArrayDeque<>();
    for (int at = node; at != Wire.ROOT; ) {
      KernelName name = get(at);
      if (name == null) {
        return null;
      }
      names.push(name.name);
      at = name.parent;
    }
    StringBuilder path = new StringBuilder();
    for (byte[] name : names) {
      path.append('/').append(NativeText.lenient(name));
    }
    return path.toString();
  }

  /** The kernel gets the number once more; null when the table is full. */
  @Nullable KernelName told(int parent, byte[] name, int node) {
    KernelName known = get(parent, name);
    if (known != null && known.node != node) {
      drop(known);
      known = null;
    }
    if (known == null) {
      KernelName elsewhere = get(node);
      if (elsewhere != null) {
        move(elsewhere, parent, name);
        known = elsewhere;
      } else if (size >= maxNames) {
        return null;
      } else {
        known = add(new KernelName(node, parent, name));
      }
    }
    known.lookups++;
    return known;
  }

  /**
   * The kernel hears that the name is missing; {@link #evicted} is to be asked then.
   *
   * @return null when the table is full
   */
  @Nullable KernelName toldMissing(int parent, byte[] name) {
    KernelName known = get(parent, name);
    if (known != null && !known.isMissing()) {
      drop(known);
      known = null;
    }
    if (known == null) {
      if (size >= maxNames) {
        return null;
      }
      known = add(new KernelName(KernelName.MISSING, parent, name));
      missing.add(known);
    }
    return known;
  }

  /** What is out of the table now because too many names are missing; null when they are not. */
  @Nullable KernelName evicted() {
    while (missing.size() > maxMissing) {
      KernelName oldest = missing.remove();
      if (!oldest.isGone()) {
        drop(oldest);
        return oldest;
      }
    }
    return null;
  }

  /** The kernel gives a number back. */
  void forget(int node, long lookups) {
    KernelName known = node == Wire.ROOT ? null : get(node);
    if (known != null) {
      known.lookups -= lookups;
      if (known.lookups <= 0) {
        drop(known);
      }
    }
  }

  /** The kernel itself removed the name. */
  void removed(int parent, byte[] name) {
    KernelName known = get(parent, name);
    if (known != null) {
      drop(known);
    }
  }

  /** The kernel itself moved the name, over whatever was there. */
  void renamed(int parent, byte[] name, int newParent, byte[] newName) {
    KernelName known = get(parent, name);
    removed(newParent, newName);
    if (known != null && !known.isGone()) {
      move(known, newParent, newName);
    }
  }

  /** Each name in the table. */
  List<KernelName> all() {
    List<KernelName> found = new ArrayList<>(size + 1);
    found.add(root);
    for (KernelName first : byName) {
      for (KernelName at = first; at != null; at = at.nextByName) {
        found.add(at);
      }
    }
    return found;
  }

  /** A directory and each name below it. */
  List<KernelName> below(KernelName directory) {
    List<KernelName> found = all();
    if (directory != root) {
      Map<Integer, Boolean> isBelow = new HashMap<>();
      isBelow.put(Wire.ROOT, false);
      isBelow.put(directory.node, true);
      found.removeIf(name -> name != directory && (name == root || !isBelow(name.parent, isBelow)));
    }
    return found;
  }

  private boolean isBelow(int node, Map<Integer, Boolean> known) {
    Boolean answer = known.get(node);
    if (answer == null) {
      KernelName at = get(node);
      answer = at != null && isBelow(at.parent, known);
      known.put(node, answer);
    }
    return answer;
  }

  /** Out of the table. */
  void drop(KernelName name) {
    unlinkName(name);
    if (!name.isMissing()) {
      unlinkNode(name);
    }
    name.gone();
    size--;
  }

  private KernelName add(KernelName name) {
    if (size >= byName.length * 3 / 4) {
      grow();
    }
    linkName(name);
    if (!name.isMissing()) {
      linkNode(name);
    }
    size++;
    return name;
  }

  private void move(KernelName name, int parent, byte[] newName) {
    unlinkName(name);
    name.parent = parent;
    name.name = newName;
    linkName(name);
  }

  private void linkName(KernelName name) {
    int slot = slot(hash(name.parent, name.name), byName);
    name.nextByName = byName[slot];
    byName[slot] = name;
  }

  private void linkNode(KernelName name) {
    int slot = slot(spread(name.node), byNode);
    name.nextByNode = byNode[slot];
    byNode[slot] = name;
  }

  private void unlinkName(KernelName name) {
    int slot = slot(hash(name.parent, name.name), byName);
    if (byName[slot] == name) {
      byName[slot] = name.nextByName;
      return;
    }
    KernelName before = Objects.requireNonNull(byName[slot]);
    while (before.nextByName != name) {
      before = Objects.requireNonNull(before.nextByName);
    }
    before.nextByName = name.nextByName;
  }

  private void unlinkNode(KernelName name) {
    int slot = slot(spread(name.node), byNode);
    if (byNode[slot] == name) {
      byNode[slot] = name.nextByNode;
      return;
    }
    KernelName before = Objects.requireNonNull(byNode[slot]);
    while (before.nextByNode != name) {
      before = Objects.requireNonNull(before.nextByNode);
    }
    before.nextByNode = name.nextByNode;
  }

  private void grow() {
    @Nullable KernelName[] old = byName;
    byName = new @Nullable KernelName[old.length * 2];
    byNode = new @Nullable KernelName[old.length * 2];
    for (KernelName first : old) {
      KernelName at = first;
      while (at != null) {
        KernelName next = at.nextByName;
        linkName(at);
        if (!at.isMissing()) {
          linkNode(at);
        }
        at = next;
      }
    }
  }

  private static int slot(int hash, @Nullable KernelName[] table) {
    return hash & (table.length - 1);
  }

  private static int hash(int parent, byte[] name) {
    return spread(Arrays.hashCode(name) + parent * 0x9e3779b9);
  }

  private static int spread(int hash) {
    int mixed = hash * 0x85ebca6b;
    return mixed ^ (mixed >>> 15);
  }
}
