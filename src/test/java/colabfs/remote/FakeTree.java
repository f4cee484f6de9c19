package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FileType;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The names of a {@link FakeRemoteFs}: a tree of nodes with the errors that Linux gives. Links in
 * the middle of a path are followed, an absolute one from the root of the tree. Threading: guarded
 * by the file system that holds it.
 */
final class FakeTree {
  private static final int MAX_LINKS_FOLLOWED = 40;

  private final InstantSource clock;
  private final FakeNode root;

  FakeTree(InstantSource clock) {
    this.clock = clock;
    root = new FakeNode(FileType.DIRECTORY, 0755, "", clock);
  }

  /** The node of that name itself. */
  FakeNode node(RemotePath path) throws FsException {
    if (path.isRoot()) {
      return root;
    }
    FakeNode found = parent(path).entries.get(path.name());
    if (found == null) {
      throw failure(Errno.ENOENT, path);
    }
    return found;
  }

  FakeNode directory(RemotePath path) throws FsException {
    FakeNode node = node(path);
    if (node.type != FileType.DIRECTORY) {
      throw failure(Errno.ENOTDIR, path);
    }
    return node;
  }

  FakeNode open(RemotePath path, Set<OpenFlag> flags, int permissions) throws FsException {
    FakeNode node = path.isRoot() ? root : parent(path).entries.get(path.name());
    if (node == null) {
      if (!flags.contains(OpenFlag.CREATE)) {
        throw failure(Errno.ENOENT, path);
      }
      return add(path, new FakeNode(FileType.REGULAR, permissions, "", clock));
    }
    if (flags.contains(OpenFlag.CREATE) && flags.contains(OpenFlag.EXCLUSIVE)) {
      throw failure(Errno.EEXIST, path);
    }
    if (node.type != FileType.REGULAR) {
      throw failure(node.type == FileType.DIRECTORY ? Errno.EISDIR : Errno.ELOOP, path);
    }
    if (flags.contains(OpenFlag.TRUNCATE)) {
      node.resize(0);
    }
    return node;
  }

  void mkdir(RemotePath path, int permissions) throws FsException {
    add(path, new FakeNode(FileType.DIRECTORY, permissions, "", clock));
  }

  void symlink(String target, RemotePath path) throws FsException {
    add(path, new FakeNode(FileType.SYMLINK, 0777, target, clock));
  }

  void link(RemotePath existing, RemotePath path) throws FsException {
    FakeNode node = node(existing);
    if (node.type == FileType.DIRECTORY) {
      throw failure(Errno.EPERM, existing);
    }
    add(path, node);
    node.links++;
  }

  void rmdir(RemotePath path) throws FsException {
    if (path.isRoot()) {
      throw failure(Errno.EBUSY, path);
    }
    if (!directory(path).entries.isEmpty()) {
      throw failure(Errno.ENOTEMPTY, path);
    }
    remove(path);
  }

  void unlink(RemotePath path) throws FsException {
    if (node(path).type == FileType.DIRECTORY) {
      throw failure(Errno.EISDIR, path);
    }
    remove(path);
  }

  void rename(RemotePath from, RemotePath to) throws FsException {
    if (from.isRoot() || to.isRoot()) {
      throw failure(Errno.EBUSY, from);
    }
    FakeNode moved = node(from);
    if (to.startsWith(from) && !to.equals(from)) {
      throw failure(Errno.EINVAL, to);
    }
    FakeNode replaced = parent(to).entries.get(to.name());
    if (replaced == moved) {
      return;
    }
    if (replaced != null) {
      boolean directory = moved.type == FileType.DIRECTORY;
      if (directory != (replaced.type == FileType.DIRECTORY)) {
        throw failure(directory ? Errno.ENOTDIR : Errno.EISDIR, to);
      }
      if (!replaced.entries.isEmpty()) {
        throw failure(Errno.ENOTEMPTY, to);
      }
      remove(to);
    }
    add(to, moved);
    parent(from).entries.remove(from.name());
    parent(from).touch();
  }

  void renameNew(RemotePath from, RemotePath to) throws FsException {
    if (to.startsWith(from) && !to.equals(from)) {
      throw failure(Errno.EINVAL, to);
    }
    if (to.isRoot() || parent(to).entries.containsKey(to.name())) {
      throw failure(Errno.EEXIST, to);
    }
    rename(from, to);
  }

  /** Bytes of all files together. */
  long usedBytes() {
    Deque<FakeNode> open = new ArrayDeque<>(List.of(root));
    long sum = 0;
    while (!open.isEmpty()) {
      FakeNode node = open.pop();
      sum += node.size();
      open.addAll(node.entries.values());
    }
    return sum;
  }

  static FsException failure(Errno errno, Object where) {
    return new FsException(errno, errno.text() + ": " + where);
  }

  private FakeNode add(RemotePath path, FakeNode node) throws FsException {
    if (path.isRoot()) {
      throw failure(Errno.EEXIST, path);
    }
    if (path.nameLengthBytes() > RemotePath.NAME_MAX_BYTES) {
      throw failure(Errno.ENAMETOOLONG, path);
    }
    FakeNode parent = parent(path);
    if (parent.entries.putIfAbsent(path.name(), node) != null) {
      throw failure(Errno.EEXIST, path);
    }
    parent.touch();
    return node;
  }

  private void remove(RemotePath path) throws FsException {
    FakeNode parent = parent(path);
    FakeNode node = parent.entries.remove(path.name());
    if (node != null) {
      node.links--;
    }
    parent.touch();
  }

  private FakeNode parent(RemotePath path) throws FsException {
    RemotePath parent = path.parent();
    return parent == null ? root : walk(parent);
  }

  /** Follows every link, the last one too; the end must be a directory. */
  private FakeNode walk(RemotePath path) throws FsException {
    Deque<String> names = namesOf(path.toString());
    Deque<FakeNode> above = new ArrayDeque<>();
    FakeNode here = root;
    int followed = 0;
    while (!names.isEmpty()) {
      String name = names.pop();
      if (name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        here = above.isEmpty() ? root : above.pop();
        continue;
      }
      FakeNode next = here.entries.get(name);
      if (next == null) {
        throw failure(here.type == FileType.DIRECTORY ? Errno.ENOENT : Errno.ENOTDIR, path);
      }
      if (next.type == FileType.SYMLINK) {
        if (++followed > MAX_LINKS_FOLLOWED) {
          throw failure(Errno.ELOOP, path);
        }
        Deque<String> rest = namesOf(next.target);
        rest.addAll(names);
        names = rest;
        if (next.target.startsWith("/")) {
          here = root;
          above.clear();
        }
        continue;
      }
      above.push(here);
      here = next;
    }
    if (here.type != FileType.DIRECTORY) {
      throw failure(Errno.ENOTDIR, path);
    }
    return here;
  }

  private static Deque<String> namesOf(String text) {
    Deque<String> names = new ArrayDeque<>();
    for (@Nullable String name : text.split("/", -1)) {
      if (name != null && !name.isEmpty()) {
        names.add(name);
      }
    }
    return names;
  }
}
