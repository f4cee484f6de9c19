package colabfs.cli;

import colabfs.demo.Demo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code colabfs demo}: the demonstration; with a terminal it stays mounted until Enter. */
@Command(
    name = "demo",
    description = {
      "Mounts a runtime that runs inside this program, and shows what is typed and what comes out.",
      "",
      "Nothing of yours is touched: profiles, logs and files are in a temporary directory.",
      ""
    })
final class DemoCommand implements Callable<Integer> {
  /** Set by the launcher: its own path. */
  private static final String LAUNCHER = "colabfs.launcher";

  @ParentCommand
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Main main;

  @Parameters(
      arity = "0..1",
      paramLabel = "MOUNTPOINT",
      description = "An empty directory to mount on (a temporary one).")
  private @Nullable Path mountpoint;

  @Override
  public Integer call() throws CliFailure, IOException, InterruptedException {
    String launcher = System.getProperty(LAUNCHER);
    if (launcher == null) {
      throw new CliFailure(
          "the demonstration runs colabfs itself; start it as scripts/colabfs demo");
    }
    if (mountpoint != null && !Files.isDirectory(mountpoint)) {
      throw new CliFailure(
          "%s is no directory; make it: mkdir -p %s".formatted(mountpoint, mountpoint));
    }
    Demo demo = Demo.prepare(Path.of(launcher), mountpoint, main.surroundings().out());
    Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "demo-end"));
    boolean shown = demo.show();
    if (shown && main.surroundings().terminal().isThere()) {
      stay(demo);
    }
    boolean ended = demo.end();
    return shown && ended ? 0 : 1;
  }

  private void stay(Demo demo) throws IOException {
    PrintWriter out = main.surroundings().out();
    out.println();
    out.println("Mounted on " + demo.mountpoint() + ". Have a look from another terminal:");
    out.println("  cd " + demo.mountpoint());
    out.println("  . " + demo.environment() + "    # then colabfs exec and status work there too");
    out.flush();
    main.surroundings().terminal().ask("Press Enter here to end. ");
  }
}
