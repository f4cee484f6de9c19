package colabfs.app;

import colabfs.core.DirEntry;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.RemoteFs;
import colabfs.remote.RuntimeId;
import colabfs.restore.Restore;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether what a mount knows can be expected to be on a runtime. Threading: any thread, no
 * state.
 */
final class RuntimeComparison {
  private static final Logger LOG = System.getLogger(RuntimeComparison.class.getName());

  private final NewRuntime.Local local;

  RuntimeComparison(NewRuntime.Local local) {
    this.local = local;
  }

  /**
   * How the runtime differs from the one that was served, in words; null when it is that, with what
   * was on it.
   *
   * @param names in its root; null when they are not known
   */
  @Nullable String difference(
      RuntimeRecord.Known served, RuntimeId id, @Nullable List<String> names) {
    RuntimeId before = served.id();
    RuntimeId.Match match = id.comparedTo(before);
    if (match == RuntimeId.Match.NEW) {
      boolean otherKey =
          before.hostKey() != null
              && id.hostKey() != null
              && !id.hostKey().equals(before.hostKey());
      return "another runtime answers than before: it has another "
          + (otherKey ? "host key" : "machine id");
    }
    if (served.unfinished()) {
      return "a restore was begun and is not finished";
    }
    if (names == null) {
      return null;
    }
    List<String> expected = expected();
    if (names.isEmpty() && (!expected.isEmpty() || hadEntries(served))) {
      return "the runtime's root is empty, and was not before";
    }
    boolean isStartedAgain = match == RuntimeId.Match.MAYBE && isOtherBoot(id, before);
    return expected.stream()
        .filter(name -> isStartedAgain && !names.contains(name))
        .findFirst()
        .map("the runtime was started again, and '%s' is gone from its root"::formatted)
        .orElse(null);
  }

  /** The names that the root should have. */
  List<String> expected() {
    return Restore.expectedInRoot(local.tree(), local.pending().changes());
  }

  /** The record's word counts as long as nobody here has listed the root. */
  private boolean hadEntries(RuntimeRecord.Known served) {
    KnownTree.Known root = local.tree().directory(RemotePath.ROOT);
    return (root == null || !root.whole()) && served.hadEntries();
  }

  private static boolean isOtherBoot(RuntimeId id, RuntimeId before) {
    String boot = id.bootId();
    return boot != null && before.bootId() != null && !boot.equals(before.bootId());
  }

  /**
   * The names in the root without our own temporary files; null when they cannot be listed. Waits
   * for the network.
   */
  static @Nullable List<String> look(RemoteFs files) {
    return names(files.list(RemotePath.ROOT));
  }

  /** As {@link #look}, of a list that was asked for before. */
  static @Nullable List<String> names(CompletableFuture<List<DirEntry>> root) {
    try {
      return named(root.get());
    } catch (ExecutionException e) {
      LOG.log(Level.INFO, "the runtime''s root cannot be listed: {0}", e.getMessage());
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** The names of what is there, without our own temporary files. */
  static List<String> named(List<DirEntry> entries) {
    return entries.stream().map(DirEntry::name).filter(name -> !Restore.isTemporary(name)).toList();
  }
}
