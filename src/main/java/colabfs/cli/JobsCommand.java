package colabfs.cli;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.JobsJson;
import java.io.IOException;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs jobs [--json]} and {@code colabfs jobs prune}. */
@Command(
    name = "jobs",
    description = {
      "Lists the commands on the runtime that 'colabfs exec' started and that go on without it.",
      "",
      "They are found again after a lost connection, another mount, or a restart of this machine.",
      ""
    },
    subcommands = JobsCommand.PruneCommand.class)
final class JobsCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/STATUS.md).")
  private boolean json;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    var jobs = mount().jobs();
    if (json) {
      main.surroundings().out().print(JobsJson.document(jobs));
    } else {
      new JobsText(main.surroundings().out()).list(jobs, Instant.now());
    }
    return 0;
  }

  private ControlClient mount() throws IOException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    return choice.mounts().client(choice.mount(null));
  }

  /** {@code colabfs jobs prune}. */
  @Command(
      name = "prune",
      description = "Has the runtime forget the commands that have ended, with what they printed.")
  static final class PruneCommand implements Callable<Integer> {
    @ParentCommand
    @SuppressWarnings("NullAway.Init") // set by picocli
    private JobsCommand jobs;

    @Override
    public Integer call() throws IOException, ControlException, CliFailure {
      int count = jobs.mount().prune();
      jobs.main
          .surroundings()
          .out()
          .println(count == 0 ? "nothing to forget" : "forgot " + PendingText.count(count, "job"));
      return 0;
    }
  }
}
