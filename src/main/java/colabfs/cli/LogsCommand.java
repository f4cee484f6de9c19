package colabfs.cli;

import colabfs.control.ControlException;
import colabfs.exec.ExecIo;
import colabfs.exec.LogsSince;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code colabfs logs [-f] [--since TIME] ID}. */
@Command(
    name = "logs",
    description = {
      "Prints what a command on the runtime has printed, its errors as errors.",
      "",
      "The runtime keeps the newest 64 MB of each of its two outputs while nobody follows it; where"
          + " something is missing, that is said.",
      ""
    })
final class LogsCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what it prints from now on, until it ends.")
  private boolean follow;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description =
          "Leave out what is older: 90s, 10m, 2h or 1d before now, or a time such as"
              + " 2026-11-21T10:00 (of here; 2026-11-21T10:00Z of UTC).")
  private @Nullable String since;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(paramLabel = "ID", description = "Its number, or as much of it as is unique.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String id;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    ExecIo own = ExecCommand.processStreams();
    ExecIo io = new ExecIo(InputStream.nullInputStream(), own.stdout(), own.stderr());
    LogsSince from = since();
    return choice.mounts().client(choice.mount(null)).logs(id, from, follow, io).await();
  }

  private LogsSince since() {
    if (since == null) {
      return LogsSince.ALL;
    }
    try {
      return SinceText.read(since, ZoneId.systemDefault());
    } catch (DateTimeException | ArithmeticException e) {
      throw new ParameterException(
          spec.commandLine(),
          "--since takes a time before now (90s, 10m, 2h, 1d) or a time (2026-11-21T10:00), not '%s'"
              .formatted(since),
          e);
    }
  }
}
