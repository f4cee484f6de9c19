package colabfs.cli;

import colabfs.demo.Demo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code colabfs demo}: the demonstration; with a terminal it stays mounted until Enter. */
@Command(
    name = "demo",
    description = "Mount a runtime that runs inside this program, and show what can be done.")
final class DemoCommand implements Callable<Integer> {
  /** Set by the launcher: its own path. */
  private static final String LAUNCHER = "colabfs.launcher";

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "MOUNTPOINT",
      description = "An empty directory to mount on; a temporary one when left out.")
  private @Nullable Path mountpoint;

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    String launcher = System.getProperty(LAUNCHER);
    if (launcher == null) {
      err.println("The demonstration runs colabfs itself. Start it as scripts/colabfs demo.");
      return 1;
    }
    if (mountpoint != null && !Files.isDirectory(mountpoint)) {
      err.println(mountpoint + " is no directory. Make it: mkdir -p " + mountpoint);
      return 1;
    }
    Demo demo = Demo.prepare(Path.of(launcher), mountpoint, out);
    Runtime.getRuntime().addShutdownHook(new Thread(demo::close, "demo-end"));
    boolean shown = demo.show();
    if (shown && hasTerminal()) {
      stay(demo, out);
    }
    boolean ended = demo.end();
    return shown && ended ? 0 : 1;
  }

  private static void stay(Demo demo, PrintWriter out) throws IOException {
    out.println();
    out.println("Mounted on " + demo.mountpoint() + ". Have a look from another terminal:");
    out.println("  cd " + demo.mountpoint());
    out.println("  . " + demo.environment() + "    # then colabfs exec and status work there too");
    out.print("Press Enter here to end. ");
    out.flush();
    int typed = System.in.read();
    while (typed >= 0 && typed != '\n') {
      typed = System.in.read();
    }
  }

  /** Whether a person is there. {@code System.console()} answers otherwise on newer JDKs. */
  private static boolean hasTerminal() throws IOException, InterruptedException {
    return new ProcessBuilder("/bin/sh", "-c", "test -t 0 && test -t 1")
            .inheritIO()
            .start()
            .waitFor()
        == 0;
  }
}
