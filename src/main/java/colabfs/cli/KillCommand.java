package colabfs.cli;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.remote.RemoteJob;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs kill [-s SIG] ID...}. */
@Command(
    name = "kill",
    description = {"Sends a signal to commands on the runtime, and to all that they started.", ""})
final class KillCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(
      names = {"-s", "--signal"},
      paramLabel = "SIG",
      description = "Another signal than TERM: INT, HUP, KILL, USR1, ...")
  private String signal = "TERM";

  @Parameters(
      arity = "1..*",
      paramLabel = "ID",
      description = "Their numbers, or as much of each as is unique.")
  private List<String> ids = List.of();

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    ControlClient mount = choice.mounts().client(choice.mount(null));
    for (String id : ids) {
      RemoteJob job = mount.kill(id, signal.toUpperCase(Locale.ROOT));
      main.surroundings()
          .out()
          .println(
              "%s: sent %s to %s"
                  .formatted(
                      job.id(), signal.toUpperCase(Locale.ROOT), Shown.plain(job.command())));
    }
    return 0;
  }
}
