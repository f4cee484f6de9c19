package colabfs.cli;

import colabfs.app.DamagedJournals;
import colabfs.app.KnownMounts;
import colabfs.control.MountStatus;
import colabfs.control.RunningMount;
import colabfs.control.StatusDocument;
import colabfs.forward.ForwardStatus;
import colabfs.machine.MachineFigures;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs status}. */
@Command(
    name = "status",
    description = {
      "Shows the mounts: connection, round trip, caches, and what is not on the runtime yet.",
      "",
      "Changes that the runtime refused, and conflicts with somebody else's changes, are named until"
          + " something is done about them; see 'colabfs pending --help'.",
      ""
    })
final class StatusCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/STATUS.md).")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    List<MountStatus> statuses = KnownMounts.of(main.surroundings().environment()).statuses();
    PrintWriter out = main.surroundings().out();
    if (json) {
      out.print(StatusDocument.of(statuses));
    } else if (statuses.isEmpty()) {
      out.println("nothing is mounted");
    } else {
      statuses.forEach(status -> print(out, status));
    }
    return 0;
  }

  private static void print(PrintWriter out, MountStatus status) {
    out.println(status.mount().mountpoint());
    Shown.line(
        out,
        "  of",
        status.mount().profile()
            + ":"
            + status.mount().root()
            + (status.mount().readOnly() ? ", read-only" : ""));
    Shown.line(out, "  state", state(status));
    MountStatus.NewRuntime found = status.newRuntime();
    if (found != null) {
      printNewRuntime(out, found);
    }
    if (status.lastError() != null) {
      Shown.line(out, "  last error", status.lastError());
    }
    MountStatus.Helper helper = status.helper();
    if (helper != null) {
      Shown.line(out, "  helper", helper(helper));
    }
    for (ForwardStatus forward : status.forwards()) {
      Shown.line(out, "  forward", ForwardText.of(forward));
    }
    MachineFigures machine = status.machine();
    if (machine != null) {
      MachineText.printSeen(out, machine, ago(machine.at()));
    }
    MountStatus.Figures figures = status.figures();
    if (figures != null) {
      Shown.line(
          out,
          "  unsent",
          changes(status)
              + Sizes.of(figures.unsentBytes())
              + ", %d files open".formatted(figures.openFiles()));
      MountStatus.Pending pending = status.pending();
      if (pending != null) {
        printPending(out, new PendingText(out, status.mount()), pending);
      }
      Shown.line(out, "  saved", saved(status.mount()));
      DamagedJournals.of(status.mount()).forEach(file -> printDamaged(out, file));
      Shown.line(
          out,
          "  cached",
          "%d names, %d directories, %s of content"
              .formatted(figures.attributes(), figures.listings(), Sizes.of(figures.blockBytes())));
      Shown.line(
          out,
          "  moved",
          "%s sent, %s received"
              .formatted(Sizes.of(figures.sentBytes()), Sizes.of(figures.receivedBytes())));
    }
  }

  private static String helper(MountStatus.Helper helper) {
    return helper.up()
        ? "%s on the runtime, %d directories watched".formatted(helper.what(), helper.watches())
        : "none, so all is slower: " + helper.what();
  }

  private static void printNewRuntime(PrintWriter out, MountStatus.NewRuntime found) {
    Shown.line(out, "  held", "%s, %s ago".formatted(found.what(), ago(found.since())));
    Shown.line(out, "", "nothing was sent to it, and nothing that is known here was dropped");
    Shown.line(out, "", "send it what is known here, and go on: colabfs restore [--dry-run]");
    Shown.line(out, "", "or take it as it is:                   colabfs restore --fresh");
  }

  private static String changes(MountStatus status) {
    MountStatus.Pending pending = status.pending();
    int changes = pending == null ? 0 : pending.figures().changes();
    return changes == 0 ? "" : PendingText.changes(changes) + ", ";
  }

  private static void printPending(PrintWriter out, PendingText text, MountStatus.Pending pending) {
    PendingFigures figures = pending.figures();
    if (figures.refused() > 0) {
      Shown.line(
          out,
          "  refused",
          "%s, with what waits for it; 'colabfs pending' lists all"
              .formatted(PendingText.changes(figures.refused())));
      for (PendingChange change : pending.refused()) {
        String reason = change.reason();
        Shown.line(out, "", text.local(change.path()) + (reason == null ? "" : ": " + reason));
      }
    }
    if (figures.conflicts() > 0) {
      Shown.line(
          out,
          "  conflicts",
          figures.conflicts() + ", both versions are there; 'colabfs pending conflicts' lists all");
      for (Conflict conflict : pending.conflicts()) {
        Shown.line(out, "", text.local(conflict.path()) + ": " + conflict.what());
        Shown.line(out, "", "  " + text.next(conflict));
      }
    }
  }

  private static void printDamaged(PrintWriter out, Path file) {
    Shown.line(
        out,
        "  damaged",
        "a journal, kept as " + file + "; what came after its good records is not sent");
    Shown.line(
        out,
        "",
        "see whether your latest changes are there, save again what is missing, and delete it");
  }

  private static String saved(RunningMount mount) {
    if (mount.journal() != null) {
      return "in the journal " + mount.journal();
    }
    return mount.readOnly() ? "nothing, it is read-only" : "on the runtime itself (--sync)";
  }

  private static String state(MountStatus status) {
    StringBuilder text = new StringBuilder(status.state());
    Instant since = status.connectedSince();
    if (since != null) {
      text.append(" for ").append(ago(since));
    }
    Double roundTrip = status.roundTripMillis();
    if (roundTrip != null) {
      text.append(String.format(Locale.ROOT, ", round trip %.1f ms", roundTrip));
    }
    text.append(", pid ").append(status.mount().process().pid());
    switch (status.state()) {
      case MountStatus.DEAD ->
          text.append("; clear it away with: colabfs umount ").append(status.mount().mountpoint());
      case MountStatus.NOT_ANSWERING ->
          text.append("; end it with: colabfs umount --force ").append(status.mount().mountpoint());
      default -> {}
    }
    return text.toString();
  }

  private static String ago(Instant since) {
    Duration duration = Duration.between(since, Instant.now());
    if (duration.toHours() > 0) {
      return "%d h %d min".formatted(duration.toHours(), duration.toMinutesPart());
    }
    return duration.toMinutes() > 0
        ? "%d min".formatted(duration.toMinutes())
        : "%d s".formatted(Math.max(0, duration.toSeconds()));
  }
}
