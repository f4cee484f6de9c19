package colabfs.cli;

import colabfs.control.ControlException;
import colabfs.control.MachineDocument;
import colabfs.control.RunningMount;
import colabfs.machine.MachineFigures;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs gpu}. */
@Command(
    name = "gpu",
    description = {
      "Shows the runtime's GPUs (by nvidia-smi), memory and disk, as they are now.",
      "",
      "'colabfs status' shows the figures that were seen last, and waits for nothing.",
      ""
    })
final class GpuCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Option(names = "--json", description = "Print JSON (docs/STATUS.md).")
  private boolean json;

  @Override
  public Integer call() throws IOException, ControlException, CliFailure {
    MountChoice choice = MountChoice.of(main);
    RunningMount mount = choice.mount(main.profileOption());
    MachineFigures figures = choice.mounts().client(mount).machine();
    PrintWriter out = main.surroundings().out();
    if (json) {
      out.print(MachineDocument.of(mount.mountpoint(), figures));
    } else {
      MachineText.print(out, figures);
    }
    return 0;
  }
}
