package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.control.RunningMount;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/**
 * How pending changes and conflicts look on the terminal: with local paths, which can be given back
 * to a command.
 */
final class PendingText {
  private final PrintWriter out;
  private final KnownMounts.Place mount;

  PendingText(PrintWriter out, RunningMount mount) {
    this.out = out;
    this.mount = KnownMounts.Place.all(mount);
  }

  /** One line for each, and below it why it was refused and what can be done. */
  void list(List<PendingChange> changes) {
    for (PendingChange change : changes) {
      RemotePath target = change.target();
      out.printf(
          "%-8s %-8s %s%s%s%n",
          lower(change.state()),
          lower(change.kind()),
          local(change.path()),
          target == null ? "" : " -> " + local(target),
          change.bytes() == 0 ? "" : ", " + Sizes.of(change.bytes()));
      if (change.reason() != null) {
        out.printf("%-8s %s%n", "", Shown.plain(change.reason()));
      }
    }
  }

  /** Two lines for each, with the next step. */
  void conflicts(List<Conflict> conflicts) {
    for (Conflict conflict : conflicts) {
      out.println(Shown.plain(local(conflict.path()) + ": " + conflict.what()));
      out.println("  " + next(conflict));
    }
  }

  /** Where this side's version is, and how the conflict is forgotten. */
  String next(Conflict conflict) {
    RemotePath copy = conflict.copy();
    return Shown.plain(
        "%sthen: colabfs pending dismiss %s"
            .formatted(
                copy == null
                    ? "look at it, "
                    : "yours is %s; compare them, ".formatted(local(copy)),
                quoted(local(conflict.path()))));
  }

  String local(RemotePath path) {
    return Shown.plain(mount.local(path).toString());
  }

  /** As a shell takes it. */
  private static String quoted(String path) {
    return path.matches("[\\w./+:@%=,-]+") ? path : "'" + path.replace("'", "'\\''") + "'";
  }

  /** {@code 1 change}, {@code 2 changes}. */
  static String changes(int count) {
    return count(count, "change");
  }

  /** With the plural's s. */
  static String count(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** What they hold together. */
  static long bytes(List<PendingChange> changes) {
    return changes.stream().mapToLong(PendingChange::bytes).sum();
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
