package colabfs.restore;

import colabfs.core.DirEntry;
import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import colabfs.writeback.PendingChange;
import colabfs.writeback.Replacement;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds out what is known here that a runtime should have. Threading: one thread. */
final class Planner {
  private final KnownTree tree;
  private final RestoreRules rules;
  private final List<PendingChange> changes;
  private final List<Replacement> replacements;
  private final Origins origins;
  private final Plan plan = new Plan();

  /**
   * @param changes in the order in which programs made them
   */
  Planner(
      KnownTree tree,
      RestoreRules rules,
      List<PendingChange> changes,
      List<Replacement> replacements) {
    this.tree = tree;
    this.rules = rules;
    this.changes = changes;
    this.replacements = replacements;
    this.origins = new Origins(changes);
  }

  Plan plan() {
    Deque<RemotePath> waiting = new ArrayDeque<>(List.of(RemotePath.ROOT));
    while (!waiting.isEmpty()) {
      directory(waiting.remove(), waiting);
    }
    Map<Long, Integer> turns = new HashMap<>();
    for (int turn = 0; turn < changes.size(); turn++) {
      PendingChange change = changes.get(turn);
      turns.put(change.number(), turn);
      needParent(turn, change.path());
      needParent(turn, change.target());
    }
    for (Replacement replacement : replacements) {
      Integer turn = turns.get(replacement.number());
      if (turn != null) {
        replacement(replacement, turn);
      }
    }
    return plan;
  }

  /** A pending change is about a name in a directory that the runtime had. */
  private void needParent(int turn, @Nullable RemotePath path) {
    RemotePath parent = path == null ? null : path.parent();
    if (parent != null) {
      plan.need(origins.before(turn, parent));
    }
  }

  private void directory(RemotePath local, Deque<RemotePath> waiting) {
    KnownTree.Known known = tree.directory(local);
    boolean isOnRuntime = origins.of(local) != null;
    if (isOnRuntime && (known == null || !known.whole())) {
      leave(Outcome.NOT_KNOWN, FileType.DIRECTORY, local, 0, "it was never listed as a whole");
    }
    if (known == null) {
      return;
    }
    known.entries().stream()
        .sorted(Comparator.comparing(DirEntry::name))
        .forEach(entry -> entry(local.child(entry.name()), entry.attrs(), waiting));
  }

  private void entry(RemotePath local, FileAttrs attrs, Deque<RemotePath> waiting) {
    if (rules.excludes(local, attrs.isDirectory()) || Sender.isTemporary(local.name())) {
      return;
    }
    RemotePath origin = origins.of(local);
    if (attrs.isDirectory()) {
      waiting.add(local);
    }
    if (origin == null) {
      return; // a pending change brings it
    }
    plan.need(origin.parent());
    if (attrs.isDirectory()) {
      plan.directories.put(origin, new Plan.Directory(local, attrs));
    } else if (attrs.isSymlink()) {
      String text = tree.linkText(local, attrs);
      if (text == null) {
        leave(Outcome.NOT_KNOWN, FileType.SYMLINK, local, 0, "where it leads is not known here");
      } else {
        plan.links.add(new Plan.Link(local, origin, text));
      }
    } else if (attrs.isRegular()) {
      file(local, origin, attrs, null);
    } else {
      leave(Outcome.NOT_KNOWN, FileType.REGULAR, local, 0, "it is no file, directory or link");
    }
  }

  private void file(
      RemotePath local, RemotePath origin, FileAttrs attrs, @Nullable Replacement pending) {
    if (tree.content(local, attrs) == null) {
      String note =
          pending == null
              ? "its content is not here"
              : "it was changed here in part, and the rest of its content is not here";
      leave(Outcome.NOT_KNOWN, FileType.REGULAR, local, attrs.sizeBytes(), note);
    } else if (pending == null && rules.isTooLarge(attrs.sizeBytes())) {
      leave(Outcome.TOO_LARGE, FileType.REGULAR, local, attrs.sizeBytes(), null);
    } else {
      plan.files.add(new Plan.File(local, origin, attrs, pending));
    }
  }

  private void replacement(Replacement replacement, int turn) {
    RemotePath local = origins.localAfter(turn, replacement.path());
    RemotePath origin = origins.ofContent(turn, replacement.path());
    if (replacement.whole()) {
      plan.replaced.add(new Plan.File(local, origin, replacement.base(), replacement));
      return;
    }
    FileAttrs attrs = attrsOf(local);
    if (attrs == null) {
      attrs = replacement.base();
    }
    plan.need(origin.parent());
    file(local, origin, attrs, replacement);
  }

  private @Nullable FileAttrs attrsOf(RemotePath local) {
    RemotePath parent = local.parent();
    KnownTree.Known known = parent == null ? null : tree.directory(parent);
    return known == null
        ? null
        : known.entries().stream()
            .filter(entry -> entry.name().equals(local.name()))
            .map(DirEntry::attrs)
            .findFirst()
            .orElse(null);
  }

  private void leave(
      Outcome outcome, FileType type, RemotePath local, long bytes, @Nullable String note) {
    plan.left.add(new Item(outcome, type, local, bytes, note));
  }
}
