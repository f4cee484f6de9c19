package colabfs.cli;

import colabfs.app.KnownMounts;
import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.PendingDocument;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs pending [list | retry | export | discard | conflicts | dismiss]}. */
@Command(
    name = "pending",
    description = {
      "Shows what was saved and is not on the runtime yet, and does something about it.",
      "",
      "A change that the runtime refuses stays in the journal until it is tried again with success,"
          + " or given up. Paths are local ones, in a mount; without one, the only mount is meant, or"
          + " the one that the working directory is in.",
      ""
    },
    commandListHeading = "%nCommands:%n",
    subcommands = {
      PendingCommand.ListCommand.class,
      PendingCommand.RetryCommand.class,
      PendingCommand.ExportCommand.class,
      PendingCommand.DiscardCommand.class,
      PendingCommand.ConflictsCommand.class,
      PendingCommand.DismissCommand.class,
    })
final class PendingCommand implements Callable<Integer> {

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/STATUS.md).")
  private boolean json;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATH",
      description = "Only what is at or below this file or directory.")
  private @Nullable String path;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    return list(path, json);
  }

  private int list(@Nullable String path, boolean asJson)
      throws IOException, ControlException, CliFailure {
    Chosen chosen = choose(path);
    PrintWriter out = out();
    List<PendingChange> changes = chosen.client.pending(chosen.path());
    List<Conflict> conflicts = chosen.conflicts();
    if (asJson) {
      out.print(PendingDocument.of(chosen.place.mount(), changes, conflicts));
      return 0;
    }
    if (changes.isEmpty()) {
      out.println("nothing is pending");
    } else {
      chosen.text(out).list(changes);
      out.println(
          "%s, %s"
              .formatted(
                  PendingText.changes(changes.size()), Sizes.of(PendingText.bytes(changes))));
    }
    if (!conflicts.isEmpty()) {
      out.println(
          "%s; see 'colabfs pending conflicts'"
              .formatted(PendingText.count(conflicts.size(), "conflict")));
    }
    return 0;
  }

  private PrintWriter out() {
    return main.surroundings().out();
  }

  private Chosen choose(@Nullable String path) throws IOException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    KnownMounts.Place place = choice.place(path);
    return new Chosen(choice.mounts(), place, choice.mounts().client(place.mount()));
  }

  /** What a command is about. */
  private record Chosen(KnownMounts mounts, KnownMounts.Place place, ControlClient client) {

    RemotePath path() {
      return place.path();
    }

    PendingText text(PrintWriter out) {
      return new PendingText(out, place.mount());
    }

    /** Those at or below the path. */
    List<Conflict> conflicts() throws ControlException {
      return client.conflicts().stream()
          .filter(conflict -> conflict.path().startsWith(path()))
          .toList();
    }
  }

  /** {@code colabfs pending list [PATH]}. */
  @Command(
      name = "list",
      description = "Lists what is not on the runtime yet, in the order in which it was saved.")
  static final class ListCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Option(names = "--json", description = "Print JSON (docs/STATUS.md).")
    private boolean json;

    @Parameters(
        arity = "0..1",
        paramLabel = "PATH",
        description = "Only what is at or below this file or directory.")
    private @Nullable String path;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      return pending.list(path, json || pending.json);
    }
  }

  /** {@code colabfs pending retry [PATH]}. */
  @Command(name = "retry", description = "Tries again everything that the runtime refused.")
  static final class RetryCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Parameters(
        arity = "0..1",
        paramLabel = "PATH",
        description = "Any path in the mount that is meant.")
    private @Nullable String path;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      int tried = pending.choose(path).client.retry();
      pending
          .out()
          .println(
              tried == 0
                  ? "nothing was refused"
                  : "%s tried again; 'colabfs flush' waits for it"
                      .formatted(PendingText.changes(tried)));
      return 0;
    }
  }

  /** {@code colabfs pending export DIR [PATH]}. */
  @Command(
      name = "export",
      description = "Copies what is pending to a local directory; the journal keeps it too.")
  static final class ExportCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Parameters(
        index = "0",
        paramLabel = "DIR",
        description = "A new or an empty directory outside of the mount.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String directory;

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "PATH",
        description = "Only what is at or below this file or directory.")
    private @Nullable String path;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      Chosen chosen = pending.choose(path);
      Path target = Path.of(directory).toAbsolutePath();
      Optional<KnownMounts.Place> inside = chosen.mounts.locate(target);
      if (inside.isPresent()) {
        throw new CliFailure(
            "'%s' is in the mount %s; name a local directory"
                .formatted(directory, inside.get().mount().mountpoint()));
      }
      List<Path> files = chosen.client.export(chosen.path(), target);
      pending
          .out()
          .println("%s copied to %s".formatted(PendingText.count(files.size(), "file"), target));
      return 0;
    }
  }

  /** {@code colabfs pending discard PATH}. */
  @Command(
      name = "discard",
      description = {
        "Gives up what is pending at or below a path, and what depends on it.",
        "",
        "The mount shows the runtime's state again. Copy it away before, with 'colabfs pending"
            + " export'.",
        ""
      })
  static final class DiscardCommand implements Callable<Integer> {
    /** More than this is not read before one answers. */
    private static final int MAX_SHOWN = 20;

    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Parameters(
        index = "0",
        paramLabel = "PATH",
        description = "A file or directory in a mount, or the mount point for everything.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String path;

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    private boolean yes;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      Chosen chosen = pending.choose(path);
      if (!yes) {
        confirm(chosen);
      }
      List<PendingChange> given = chosen.client.discard(chosen.path());
      PrintWriter out = pending.out();
      chosen.text(out).list(given.stream().map(DiscardCommand::withoutReason).toList());
      out.println(
          "%s given up, %s"
              .formatted(PendingText.changes(given.size()), Sizes.of(PendingText.bytes(given))));
      return 0;
    }

    private void confirm(Chosen chosen) throws ControlException, CliFailure {
      Surroundings surroundings = pending.main.surroundings();
      if (!surroundings.terminal().isThere()) {
        throw new CliFailure(
            "nothing was given up, because there is no terminal to ask at; say --yes if you mean it");
      }
      List<PendingChange> changes = chosen.client.pending(chosen.path());
      PrintWriter err = surroundings.err();
      chosen.text(err).list(changes.stream().limit(MAX_SHOWN).toList());
      if (changes.size() > MAX_SHOWN) {
        err.println("... and %d more".formatted(changes.size() - MAX_SHOWN));
      }
      err.flush();
      String answer =
          changes.isEmpty()
              ? "yes" // the mount says that there is nothing
              : surroundings
                  .terminal()
                  .ask(
                      "Give up %s, %s, and what depends on it? It is nowhere else (yes/no)? "
                          .formatted(
                              PendingText.changes(changes.size()),
                              Sizes.of(PendingText.bytes(changes))));
      if (answer == null || !answer.strip().toLowerCase(Locale.ROOT).equals("yes")) {
        throw new CliFailure("nothing was given up; 'colabfs pending' lists what is kept");
      }
    }

    /** What is gone has no next step. */
    private static PendingChange withoutReason(PendingChange change) {
      return new PendingChange(
          change.number(),
          change.kind(),
          change.path(),
          change.target(),
          change.bytes(),
          change.state(),
          change.error(),
          null,
          change.since());
    }
  }

  /** {@code colabfs pending conflicts [PATH]}. */
  @Command(
      name = "conflicts",
      description =
          "Lists files that somebody else changed on the runtime at the same time; both versions are"
              + " there.")
  static final class ConflictsCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Parameters(
        arity = "0..1",
        paramLabel = "PATH",
        description = "Only those at or below this file or directory.")
    private @Nullable String path;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      Chosen chosen = pending.choose(path);
      List<Conflict> conflicts = chosen.conflicts();
      if (conflicts.isEmpty()) {
        pending.out().println("there are no conflicts");
      } else {
        chosen.text(pending.out()).conflicts(conflicts);
      }
      return 0;
    }
  }

  /** {@code colabfs pending dismiss PATH}. */
  @Command(
      name = "dismiss",
      description = "Forgets the conflicts at or below a path; both files stay.")
  static final class DismissCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private PendingCommand pending;

    @Parameters(index = "0", paramLabel = "PATH", description = "The file, or a directory.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private String path;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      Chosen chosen = pending.choose(path);
      int dismissed = chosen.client.dismiss(chosen.path());
      if (dismissed == 0) {
        throw new CliFailure(
            "there is no conflict at or below %s; 'colabfs pending conflicts' lists them"
                .formatted(chosen.place.local()));
      }
      pending.out().println(PendingText.count(dismissed, "conflict") + " dismissed");
      return 0;
    }
  }
}
