package colabfs.restore;

import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the names that programs here see are on the runtime, as long as some changes of names are
 * pending: those are carried out after a restore, and find what they are about. No state.
 */
final class Origins {
  private final List<PendingChange> changes;

  /**
   * @param changes in the order in which programs made them
   */
  Origins(List<PendingChange> changes) {
    this.changes = changes;
  }

  /**
   * Where the runtime has what is here under that name; null when a pending change makes it or
   * brings its content.
   */
  @Nullable RemotePath of(RemotePath local) {
    return before(changes.size(), local);
  }

  /** As {@link #of}, at the turn of that change: only those before it are pending. */
  @Nullable RemotePath before(int turn, RemotePath path) {
    RemotePath at = path;
    for (int i = turn - 1; i >= 0; i--) {
      PendingChange change = changes.get(i);
      RemotePath target = change.target();
      switch (change.kind()) {
        case RENAME -> {
          if (target != null && at.startsWith(target)) {
            at = at.rebase(target, change.path());
          }
        }
        case MKDIR, SYMLINK, WRITE -> {
          if (at.equals(change.path())) {
            return null;
          }
        }
        case LINK -> {
          if (at.equals(target)) {
            return null;
          }
        }
        case UNLINK, RMDIR, SETATTR -> {
          // says nothing of where it is
        }
      }
    }
    return at;
  }

  /** Where the runtime has what is under the name of that change when it is its turn. */
  RemotePath ofContent(int turn, RemotePath path) {
    RemotePath at = path;
    for (int i = turn - 1; i >= 0; i--) {
      RemotePath target = changes.get(i).target();
      if (changes.get(i).kind() == PendingChange.Kind.RENAME
          && target != null
          && at.startsWith(target)) {
        at = at.rebase(target, changes.get(i).path());
      }
    }
    return at;
  }

  /** What programs here call now what had that name at the turn of that change. */
  RemotePath localAfter(int turn, RemotePath path) {
    RemotePath at = path;
    for (PendingChange change : changes.subList(turn + 1, changes.size())) {
      RemotePath target = change.target();
      if (change.kind() == PendingChange.Kind.RENAME
          && target != null
          && at.startsWith(change.path())) {
        at = at.rebase(change.path(), target);
      }
    }
    return at;
  }
}
