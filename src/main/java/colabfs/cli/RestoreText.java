package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.control.RunningMount;
import colabfs.core.FileType;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreReport.Item;
import colabfs.restore.RestoreReport.Outcome;
import java.io.PrintWriter;
import java.util.List;

/** How a restore looks on the terminal: with local paths. */
final class RestoreText {
  private final PrintWriter out;
  private final KnownMounts.Place mount;

  RestoreText(PrintWriter out, RunningMount mount) {
    this.out = out;
    this.mount = KnownMounts.Place.all(mount);
  }

  /**
   * One line for each name that is not simply sent or there, then the sums.
   *
   * @param dryRun it was only planned: what would be sent is listed too
   */
  void print(RestoreReport report, boolean dryRun) {
    for (Item item : report.items()) {
      if (item.outcome() != Outcome.THERE && (dryRun || item.outcome() != Outcome.SENT)) {
        line(item, dryRun);
      }
    }
    out.println(
        "%s %s, %s, %s; %s"
            .formatted(
                dryRun ? "would send" : "sent",
                PendingText.count(count(report, Outcome.SENT, FileType.REGULAR), "file"),
                sent(report, FileType.DIRECTORY, "directory", "directories"),
                sent(report, FileType.SYMLINK, "link", "links"),
                Sizes.of(bytes(report))));
    List<Item> others =
        report.items().stream().filter(item -> item.outcome() != Outcome.SENT).toList();
    long there = others.stream().filter(item -> item.outcome() == Outcome.THERE).count();
    if (there > 0) {
      out.println(there + " there already");
    }
    if (others.size() > there) {
      out.println("%d not sent, see above".formatted(others.size() - there));
    }
  }

  private void line(Item item, boolean dryRun) {
    String note = item.note();
    out.printf(
        "%-10s %s%s%s%n",
        label(item.outcome(), dryRun),
        Shown.plain(mount.local(item.path()).toString()),
        item.type() == FileType.REGULAR ? ", " + Sizes.of(item.bytes()) : "",
        note == null ? "" : ": " + Shown.plain(note));
  }

  private static String label(Outcome outcome, boolean dryRun) {
    return switch (outcome) {
      case SENT -> dryRun ? "would send" : "sent";
      case THERE -> "there";
      case DIFFERS -> "differs";
      case TOO_LARGE -> "too large";
      case NOT_KNOWN -> "not here";
      case FAILED -> "failed";
    };
  }

  private static String sent(RestoreReport report, FileType type, String one, String many) {
    long count = count(report, Outcome.SENT, type);
    return count + " " + (count == 1 ? one : many);
  }

  private static long count(RestoreReport report, Outcome outcome, FileType type) {
    return report.items().stream()
        .filter(item -> item.outcome() == outcome && item.type() == type)
        .count();
  }

  private static long bytes(RestoreReport report) {
    return report.items().stream()
        .filter(item -> item.outcome() == Outcome.SENT)
        .mapToLong(Item::bytes)
        .sum();
  }
}
