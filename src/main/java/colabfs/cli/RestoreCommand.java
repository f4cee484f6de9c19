package colabfs.cli;

import colabfs.app.AppException;
import colabfs.config.Setting;
import colabfs.config.Values;
import colabfs.control.ControlException;
import colabfs.control.RunningMount;
import colabfs.restore.RestoreReport;
import colabfs.restore.RestoreRules;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs restore [MOUNTPOINT]}. */
@Command(
    name = "restore",
    description = {
      "Sends what a mount knows to a runtime that has taken the place of another.",
      "",
      "When another machine answers, or the mounted root is empty, the mount shows what it knew, keeps"
          + " what is saved, and sends nothing until this is said. Then directories, links and the"
          + " files whose content is here are sent, with mode and time of change; what is there"
          + " already stays. Changes that were not sent follow by themselves.",
      "",
      "Patterns are those of .gitignore; the file .colabfsignore in the root of the mount holds more.",
      ""
    })
final class RestoreCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "MOUNTPOINT | PROFILE",
      description = "The mounted directory, or the profile it was mounted from.")
  private @Nullable String which;

  @Option(
      names = {"-n", "--dry-run"},
      description = "Only show what would be sent and what cannot be.")
  private boolean dryRun;

  @Option(
      names = "--fresh",
      description =
          "Send nothing but what was not sent yet, and take the runtime as it is. What does not fit"
              + " stays in the journal, or lands beside what is there.")
  private boolean fresh;

  @Option(
      names = "--exclude",
      paramLabel = "PATTERN",
      description = "Do not send what matches; may be repeated.")
  private List<String> excludes = List.of();

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "Do not send larger files (with K, M or G).")
  private @Nullable String maxSize;

  private long maxBytes() {
    try {
      return maxSize == null ? RestoreRules.DEFAULT_MAX_BYTES : Values.size(maxSize);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--max-size is a number with K, M or G, such as 10M");
    }
  }

  @Override
  public Integer call() throws IOException, AppException, ControlException, CliFailure {
    boolean sized = spec.commandLine().getParseResult().hasMatchedOption("--max-size");
    if (fresh && (dryRun || !excludes.isEmpty() || sized)) {
      throw new ParameterException(
          spec.commandLine(), "--fresh sends nothing of the tree; leave out the other options");
    }
    long maxBytes = maxBytes();
    MountChoice choice = MountChoice.of(main);
    RunningMount mount = choice.mount(which);
    if (fresh) {
      choice.mounts().client(mount).takeAsItIs();
      main.surroundings().out().println("the runtime is taken as it is");
      return 0;
    }
    List<String> left =
        Stream.concat(main.settings().list(Setting.RESTORE_EXCLUDE).stream(), excludes.stream())
            .toList();
    RestoreReport report =
        Waiting.on(
            main.surroundings(),
            (progress, givenUp) ->
                choice.mounts().client(mount).restore(left, maxBytes, dryRun, progress, givenUp));
    new RestoreText(main.surroundings().out(), mount).print(report, dryRun);
    if (!report.whole()) {
      throw new CliFailure(
          "not everything was restored; put right what is said above and restore once more, or take the runtime as it is with 'colabfs restore --fresh'");
    }
    return 0;
  }
}
