package colabfs.cli;

import colabfs.app.AppException;
import colabfs.app.KnownMounts;
import colabfs.control.ControlException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs flush [PATH]}. */
@Command(
    name = "flush",
    description = {
      "Waits until everything that was saved is on the runtime.",
      "",
      "It waits as long as something moves, and fails when the runtime refuses a change or nothing"
          + " moves any more; nothing is lost by that. Without an argument: all of the only mount, or"
          + " of the one that the working directory is in.",
      ""
    })
final class FlushCommand implements Callable<Integer> {
  private static final int MAX_TIMEOUT_SECONDS = 24 * 3600;

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PATH",
      description = "A mounted directory, or a file or directory in it: wait for that alone.")
  private @Nullable String path;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "Give up when nothing has moved for so long.")
  private @Nullable Integer timeoutSeconds;

  @Override
  public Integer call() throws IOException, AppException, ControlException, CliFailure {
    if (timeoutSeconds != null && (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS)) {
      throw new ParameterException(
          spec.commandLine(), "--timeout must be 1 to %d seconds".formatted(MAX_TIMEOUT_SECONDS));
    }
    Duration stalled = timeoutSeconds == null ? null : Duration.ofSeconds(timeoutSeconds);
    MountChoice choice = MountChoice.of(main);
    KnownMounts.Place place = choice.place(path);
    return Waiting.on(
        main.surroundings(),
        (progress, givenUp) -> {
          choice.mounts().client(place.mount()).flush(place.path(), stalled, progress, givenUp);
          return 0;
        });
  }
}
