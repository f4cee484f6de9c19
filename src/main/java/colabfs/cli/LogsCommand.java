package colabfs.cli;

import colabfs.control.ControlException;
import colabfs.exec.ExecIo;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs logs [-f] ID}. */
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

  @Parameters(paramLabel = "ID", description = "Its number, or as much of it as is unique.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String id;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    ExecIo own = ExecCommand.processStreams();
    ExecIo io = new ExecIo(InputStream.nullInputStream(), own.stdout(), own.stderr());
    return choice.mounts().client(choice.mount(null)).logs(id, follow, io).await();
  }
}
