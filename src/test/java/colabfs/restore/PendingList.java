package colabfs.restore;

import colabfs.core.FileAttrs;
import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingChange.Kind;
import colabfs.writeback.Replacement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Changes that wait, as a test tells them. */
public final class PendingList implements Restore.Pending {
  private final List<PendingChange> changes = new ArrayList<>();
  private final List<Replacement> replacements = new ArrayList<>();

  /** What changes were based anew on. */
  public final Map<Long, @Nullable FileAttrs> rebased = new HashMap<>();

  public PendingList add(Kind kind, String path) {
    return add(kind, path, null);
  }

  public PendingList add(Kind kind, String path, @Nullable String target) {
    changes.add(
        new PendingChange(
            changes.size() + 1L,
            kind,
            RemotePath.of(path),
            target == null ? null : RemotePath.of(target),
            0,
            PendingChange.State.WAITING,
            null,
            null,
            Instant.EPOCH));
    return this;
  }

  /** A write that takes the place of a file of that size, or changes it in part. */
  public PendingList write(String path, long baseSize, boolean whole) {
    replacements.add(
        new Replacement(
            changes.size() + 1L,
            RemotePath.of(path),
            RememberedTree.attrs(FileType.REGULAR, 0644, baseSize),
            whole));
    return add(Kind.WRITE, path);
  }

  @Override
  public List<PendingChange> changes() {
    return List.copyOf(changes);
  }

  @Override
  public List<Replacement> replacements() {
    return List.copyOf(replacements);
  }

  @Override
  public void rebase(long number, @Nullable FileAttrs there) {
    rebased.put(number, there);
    replacements.removeIf(replacement -> replacement.number() == number);
    if (there != null) {
      PendingChange change = changes.get((int) number - 1);
      replacements.add(new Replacement(number, change.path(), there, false));
    }
  }
}
