package colabfs.writeback;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names that are not on the runtime as programs here see them: what is pending, laid over what
 * the runtime lists. Threading: guarded by the lock of the {@link Journal} that it belongs to.
 */
final class Names {
  private final Map<RemotePath, Map<String, Name>> directories = new HashMap<>();

  enum Kind {
    /** Not there any more. */
    GONE,
    FILE,
    /** A new directory: what is in it is known here. */
    NEW_DIRECTORY,
    SYMLINK,
    /** What the runtime has, or had under another name. */
    REMOTE
  }

  /**
   * One name.
   *
   * @param job the last one that is about it
   * @param moved the one that brings it to this name, if it was elsewhere
   * @param made the one that makes a NEW_DIRECTORY
   * @param attrs of what is no FILE and not GONE
   */
  record Name(
      Kind kind,
      Job job,
      @Nullable Job moved,
      @Nullable Job made,
      @Nullable PendingFile file,
      @Nullable FileAttrs attrs,
      @Nullable String text) {
    static Name gone(Job job) {
      return new Name(Kind.GONE, job, null, null, null, null, null);
    }

    static Name file(PendingFile file, Job job) {
      return new Name(Kind.FILE, job, null, null, file, null, null);
    }

    static Name directory(FileAttrs attrs, Job job) {
      return new Name(Kind.NEW_DIRECTORY, job, null, job, null, attrs, null);
    }

    static Name symlink(String text, FileAttrs attrs, Job job) {
      return new Name(Kind.SYMLINK, job, null, null, null, attrs, text);
    }

    static Name remote(FileAttrs attrs, Job job, @Nullable Job moved) {
      return new Name(Kind.REMOTE, job, moved, null, null, attrs, null);
    }

    Name movedBy(Job mover) {
      return new Name(kind, mover, mover, made, file, attrs, text);
    }

    Name with(FileAttrs newAttrs, Job newJob) {
      return new Name(kind, newJob, moved, made, file, newAttrs, text);
    }

    /** All that is in it is known here. */
    boolean isKnownWhole() {
      return kind == Kind.NEW_DIRECTORY && made != null && !made.isOver();
    }

    @Nullable FileAttrs shown() {
      return file == null ? attrs : file.attrs;
    }

    /** A directory that the runtime has under this name. */
    boolean isThere() {
      return kind == Kind.REMOTE || (kind == Kind.NEW_DIRECTORY && !isKnownWhole());
    }
  }

  /** What is known here of a name. */
  sealed interface Found {

    /**
     * There, with these attributes.
     *
     * @param after the runtime has it under this name as soon as that is done; now when it is null
     */
    record There(Name name, FileAttrs attrs, @Nullable Job after) implements Found {}

    /** Not there. */
    record Absent() implements Found {}

    /** Below something that is no directory. */
    record NoDirectory() implements Found {}

    /** The runtime knows, as soon as the job is done; at once when it is null. */
    record Ask(@Nullable Job after) implements Found {}
  }

  @Nullable Name get(RemotePath path) {
    RemotePath parent = path.parent();
    Map<String, Name> siblings = parent == null ? null : directories.get(parent);
    return siblings == null ? null : siblings.get(path.name());
  }

  void put(RemotePath path, Name name) {
    RemotePath parent = path.parent();
    if (parent != null) {
      directories.computeIfAbsent(parent, any -> new TreeMap<>()).put(path.name(), name);
    }
  }

  @Nullable Name remove(RemotePath path) {
    RemotePath parent = path.parent();
    Map<String, Name> siblings = parent == null ? null : directories.get(parent);
    if (siblings == null) {
      return null;
    }
    Name name = siblings.remove(path.name());
    if (siblings.isEmpty()) {
      directories.remove(parent);
    }
    return name;
  }

  Found find(RemotePath path) {
    Name name = get(path);
    if (name != null) {
      FileAttrs attrs = name.shown();
      return name.kind() == Kind.GONE || attrs == null
          ? new Found.Absent()
          : new Found.There(name, attrs, arrivalAt(path));
    }
    for (RemotePath above = path.parent(); above != null; above = above.parent()) {
      Name directory = get(above);
      if (directory == null) {
        continue;
      }
      if (directory.kind() == Kind.GONE || directory.isKnownWhole()) {
        return new Found.Absent();
      }
      if (directory.kind() == Kind.FILE) {
        return new Found.NoDirectory();
      }
    }
    return new Found.Ask(arrivalAt(path));
  }

  /**
   * What brings something of the runtime under that name, the last of all that move it or a
   * directory above it; null when it is there.
   */
  @Nullable Job arrivalAt(RemotePath path) {
    Job last = null;
    for (RemotePath at = path; at != null; at = at.parent()) {
      Name name = get(at);
      if (name == null) {
        continue;
      }
      boolean isLinkAbove = name.kind() == Kind.SYMLINK && !at.equals(path);
      Job moved = isLinkAbove ? name.job() : name.moved(); // the runtime knows where a link leads
      if (moved != null && !moved.isOver() && (last == null || moved.number > last.number)) {
        last = moved;
      }
    }
    return last;
  }

  /** What is known here of the entries of a directory, by name. */
  Map<String, Name> in(RemotePath directory) {
    Map<String, Name> known = directories.get(directory);
    return known == null ? Map.of() : new TreeMap<>(known);
  }

  /** What is known here of the entries of every directory, as it is now. */
  Map<RemotePath, Map<String, Name>> copy() {
    Map<RemotePath, Map<String, Name>> copy = new HashMap<>();
    directories.forEach((directory, entries) -> copy.put(directory, new TreeMap<>(entries)));
    return copy;
  }

  /** The job that is to be over before the runtime's word on that name is the last; or null. */
  @Nullable Job pendingAt(RemotePath path) {
    for (RemotePath at = path; at != null; at = at.parent()) {
      Name name = get(at);
      if (name != null
          && !name.job().isOver()
          && (at.equals(path) || name.moved() != null || !name.isThere())) {
        return name.job();
      }
    }
    return null;
  }

  /** A listing as programs here see it. */
  static List<DirEntry> lay(Map<String, Name> names, Collection<DirEntry> listed) {
    List<DirEntry> entries = new ArrayList<>(listed.size() + names.size());
    for (DirEntry entry : listed) {
      if (!names.containsKey(entry.name())) {
        entries.add(entry);
      }
    }
    names.forEach(
        (text, name) -> {
          FileAttrs attrs = name.shown();
          if (name.kind() != Kind.GONE && attrs != null) {
            entries.add(new DirEntry(text, attrs));
          }
        });
    return entries;
  }

  /** Everything below a directory is below another one now, instead of what had gone from there. */
  void moveBelow(RemotePath from, RemotePath to) {
    directories.keySet().removeIf(directory -> directory.startsWith(to));
    List<RemotePath> moving = new ArrayList<>();
    for (RemotePath directory : directories.keySet()) {
      if (directory.startsWith(from)) {
        moving.add(directory);
      }
    }
    Map<RemotePath, Map<String, Name>> moved = new HashMap<>();
    for (RemotePath directory : moving) {
      Map<String, Name> entries = directories.remove(directory);
      if (entries != null) {
        moved.put(directory.rebase(from, to), entries);
      }
    }
    directories.putAll(moved);
  }

  /** Every name with its path. */
  Map<RemotePath, Name> all() {
    Map<RemotePath, Name> all = new TreeMap<>();
    directories.forEach(
        (directory, entries) ->
            entries.forEach((text, name) -> all.put(directory.child(text), name)));
    return all;
  }
}
