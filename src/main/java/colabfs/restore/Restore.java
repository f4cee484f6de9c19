package colabfs.restore;

import colabfs.core.DirEntry;
import colabfs.core.Errno;
import colabfs.core.FileAttrs;
import colabfs.core.FsException;
import colabfs.core.RemotePath;
import colabfs.fs.KnownTree;
import colabfs.remote.RemoteFs;
import colabfs.writeback.PendingChange;
import colabfs.writeback.Replacement;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings what a mount knows of its tree to a runtime, as it was before the changes that are
 * pending: those go by themselves afterwards, and find what they are based on. What the runtime has
 * already stays; so a restore that was interrupted is done once more and goes on.
 *
 * <p>Threading: one thread at a time. Every call waits for the network.
 */
public final class Restore {
  /** What is changed here while a restore runs is looked after by another round. */
  private static final int MAX_ROUNDS = 3;

  /** A larger one is no list of patterns. */
  private static final long MAX_IGNORE_BYTES = 1 << 20;

  private final KnownTree tree;
  private final Pending pending;
  private final RemoteFs runtime;
  private final RestoreRules rules;

  /** The changes that are not on any runtime yet. */
  public interface Pending {

    /** In the order in which programs made them. */
    List<PendingChange> changes();

    /** Those that take the place of something. */
    List<Replacement> replacements();

    /** From now on that change is based on what is there; null for nothing. */
    void rebase(long number, @Nullable FileAttrs there);
  }

  /** Told how it goes on. */
  public interface Progress {
    /** So many names and bytes are left. */
    void left(int names, long bytes);

    /** Whether it is to end. */
    boolean isGivenUp();
  }

  public Restore(KnownTree tree, Pending pending, RemoteFs runtime, RestoreRules rules) {
    this.tree = tree;
    this.pending = pending;
    this.runtime = runtime;
    this.rules = withIgnoreFile(tree, rules);
  }

  private static RestoreRules withIgnoreFile(KnownTree tree, RestoreRules rules) {
    KnownTree.Known root = tree.directory(RemotePath.ROOT);
    if (root != null) {
      for (DirEntry entry : root.entries()) {
        if (entry.name().equals(RestoreRules.IGNORE_FILE) && entry.attrs().isRegular()) {
          String text = text(tree, entry.attrs());
          return text == null ? rules : rules.after(text);
        }
      }
    }
    return rules;
  }

  private static @Nullable String text(KnownTree tree, FileAttrs attrs) {
    KnownTree.Content content =
        tree.content(RemotePath.ROOT.child(RestoreRules.IGNORE_FILE), attrs);
    if (content == null || attrs.sizeBytes() > MAX_IGNORE_BYTES) {
      return null;
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (long number = 0; text.size() < attrs.sizeBytes(); number++) {
      byte[] piece = content.piece(number);
      if (piece == null || piece.length == 0) {
        return null;
      }
      text.writeBytes(piece);
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  /** What would be sent. Nothing is changed anywhere. */
  public RestoreReport plan() throws FsException {
    Round round = round();
    return round.report(true);
  }

  /**
   * Sends it.
   *
   * @throws FsException ENOTCONN or ETIMEDOUT when the link went, EINTR when it was given up: what
   *     was sent stays
   */
  public RestoreReport send(Progress progress) throws FsException {
    Round first = round();
    first.send(progress);
    boolean whole = first.isWhole();
    for (int rounds = 1; rounds < MAX_ROUNDS && whole; rounds++) {
      Round next = round();
      if (next.isNothingToDo()) {
        break;
      }
      next.send(progress);
      first.add(next);
      whole = next.isWhole();
    }
    return first.report(whole);
  }

  /**
   * Sends nothing of the tree: pending changes that bring a whole content, in place of something
   * that is not on that runtime, are based on nothing.
   */
  public static void rebaseOnly(Pending pending, RemoteFs runtime) throws FsException {
    RestoreRules rules = new RestoreRules(List.of(), RestoreRules.DEFAULT_MAX_BYTES);
    new Restore(NoTree.NOTHING, pending, runtime, rules).round().rebaseWhole();
  }

  private enum NoTree implements KnownTree {
    NOTHING;

    @Override
    public @Nullable Known directory(RemotePath directory) {
      return null;
    }

    @Override
    public @Nullable String linkText(RemotePath link, FileAttrs attrs) {
      return null;
    }

    @Override
    public @Nullable Content content(RemotePath file, FileAttrs attrs) {
      return null;
    }
  }

  /**
   * The names in the root that the runtime should have: what is known here, without what pending
   * changes bring.
   */
  public static List<String> expectedInRoot(KnownTree tree, List<PendingChange> changes) {
    KnownTree.Known root = tree.directory(RemotePath.ROOT);
    List<String> names = new ArrayList<>();
    if (root != null) {
      Origins origins = new Origins(changes);
      for (DirEntry entry : root.entries()) {
        RemotePath origin = origins.of(RemotePath.ROOT.child(entry.name()));
        if (origin != null && origin.depth() == 1) {
          names.add(origin.name());
        }
      }
    }
    return names;
  }

  /** Whether the name is one that a restore makes and removes. */
  public static boolean isTemporary(String name) {
    return Sender.isTemporary(name);
  }

  private Round round() throws FsException {
    Plan plan = new Planner(tree, rules, pending.changes(), pending.replacements()).plan();
    return new Round(plan, RuntimeView.of(runtime, plan.places()), runtime, tree, pending);
  }

  static FsException givenUp() {
    return new FsException(
        Errno.EINTR, "interrupted; what was sent stays there, and another restore goes on");
  }
}
