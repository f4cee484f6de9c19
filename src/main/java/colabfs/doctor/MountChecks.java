package colabfs.doctor;

import colabfs.app.DamagedJournals;
import colabfs.control.MountStatus;
import colabfs.control.RuntimeDirectory;
import colabfs.writeback.JournalGlance;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The mounts that there are, and what is saved here and not on a runtime. */
final class MountChecks {
  private static final Pattern JOURNAL = Pattern.compile("(.+)-[0-9a-f]{12}");

  private final Here here;
  private final Statuses mounts;

  /** Asks the mounts how they are. */
  interface Statuses {
    List<MountStatus> statuses() throws IOException;
  }

  MountChecks(Here here, Statuses mounts) {
    this.here = here;
    this.mounts = mounts;
  }

  List<Check> all() {
    return List.of(Check.several("mount", this::mounts), Check.several("journal", this::journals));
  }

  private List<Finding> mounts() throws IOException {
    List<Finding> found = new ArrayList<>();
    for (MountStatus status : mounts.statuses()) {
      found.add(mount(status));
    }
    if (found.isEmpty()) {
      found.add(Finding.ok("mount", "nothing is mounted"));
    }
    return found;
  }

  private static Finding mount(MountStatus status) {
    String place = status.mount().mountpoint() + " (" + status.mount().profile() + ")";
    String error = status.lastError() == null ? "" : ": " + status.lastError();
    return switch (status.state()) {
      case MountStatus.DEAD ->
          Finding.fail(
              "mount",
              place + " is in the way, as its process has ended",
              "colabfs umount %s, and mount it again: nothing that was saved is lost"
                  .formatted(status.mount().mountpoint()));
      case MountStatus.NOT_ANSWERING ->
          Finding.fail(
              "mount",
              place + " does not answer",
              "look into its log (docs/TROUBLESHOOTING.md), or: colabfs umount --force "
                  + status.mount().mountpoint());
      case MountStatus.HELD ->
          Finding.warn(
              "mount",
              place + " holds back, as another runtime answers",
              "colabfs restore, or colabfs restore --fresh");
      case MountStatus.CONNECTED -> pending(status, place);
      default ->
          Finding.warn(
              "mount",
              "%s is %s%s".formatted(place, status.state(), error),
              "it connects by itself as soon as the runtime answers");
    };
  }

  private static Finding pending(MountStatus status, String place) {
    MountStatus.Pending pending = status.pending();
    if (pending == null) {
      return Finding.ok("mount", place + " is connected");
    }
    PendingFigures figures = pending.figures();
    String unsent =
        figures.changes() == 0
            ? "nothing unsent"
            : "%d unsent, %s".formatted(figures.changes(), Reasons.bytes(figures.bytes()));
    if (figures.refused() > 0) {
      return Finding.warn(
          "mount",
          "%s: %d changes are refused by the runtime, or wait for one that is"
              .formatted(place, figures.refused()),
          "colabfs pending says why; then colabfs pending retry");
    }
    if (figures.conflicts() > 0) {
      return Finding.warn(
          "mount",
          "%s: %d conflicts, both versions are there".formatted(place, figures.conflicts()),
          "colabfs pending conflicts");
    }
    return Finding.ok("mount", "%s is connected, %s".formatted(place, unsent));
  }

  private List<Finding> journals() throws IOException {
    Path all = RuntimeDirectory.stateDirectory(here.environment()).resolve("journal");
    List<Finding> found = new ArrayList<>();
    if (Files.isDirectory(all)) {
      Set<Path> served = new HashSet<>();
      for (MountStatus status : mounts.statuses()) {
        Path journal = status.mount().journal();
        if (journal != null && !status.state().equals(MountStatus.DEAD)) {
          served.add(journal.toRealPath());
        }
      }
      try (DirectoryStream<Path> directories = Files.newDirectoryStream(all)) {
        for (Path directory : directories) {
          if (Files.isDirectory(directory)) {
            found.addAll(journal(directory, served.contains(directory.toRealPath())));
          }
        }
      }
    }
    if (found.isEmpty()) {
      found.add(Finding.ok("journal", "nothing unsent without a mount, and nothing damaged"));
    }
    return found;
  }

  private static List<Finding> journal(Path directory, boolean served) {
    List<Finding> found = new ArrayList<>();
    for (Path file : DamagedJournals.in(directory)) {
      found.add(
          Finding.warn(
              "journal",
              "a damaged journal is kept as " + file,
              "see whether your latest changes are on the runtime, save again what is missing, and"
                  + " delete the file"));
    }
    if (served) {
      return found; // its mount tells
    }
    Matcher name = JOURNAL.matcher(String.valueOf(directory.getFileName()));
    String profile = name.matches() ? name.group(1) : String.valueOf(directory.getFileName());
    try {
      PendingFigures figures = JournalGlance.at(directory);
      if (figures.changes() > 0) {
        found.add(
            Finding.warn(
                "journal",
                "%d changes of '%s' (%s) are not sent, and it is not mounted"
                    .formatted(figures.changes(), profile, Reasons.bytes(figures.bytes())),
                "colabfs mount %s DIRECTORY sends them, with the --root that they were made with"
                    .formatted(profile)));
      }
    } catch (IOException e) {
      found.add(
          Finding.warn(
              "journal",
              "%s cannot be read: %s".formatted(directory, Reasons.of(e)),
              "mount '%s' again: what is good in it is kept and sent".formatted(profile)));
    }
    return found;
  }
}
