package colabfs.app;

import colabfs.control.ExecPlanner;
import colabfs.control.LaunchPipe;
import colabfs.control.LaunchPipe.Person;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.Consumer;

/** The two ways in which a process comes to serve a mount: for a terminal, or left behind. */
public final class MountProgram {
  private final MountOptions options;
  private final Map<String, String> environment;
  private final ExecPlanner planner;

  /**
   * @param planner reads the command lines of who runs commands through the mount
   */
  public MountProgram(MountOptions options, Map<String, String> environment, ExecPlanner planner) {
    this.options = options;
    this.environment = environment;
    this.planner = planner;
  }

  /**
   * Serves until the mount is unmounted or Ctrl-C; logs to standard error.
   *
   * @param ready is told the mounted root when the mount answers
   */
  public void inForeground(Person person, Consumer<String> ready) throws AppException {
    MountLog.toStandardError(isDebugging());
    new MountProcess(options, environment, planner)
        .serve(person, (mount, newRuntime) -> ready.accept(mount.root()), true);
  }

  /**
   * Serves for {@link DaemonLauncher}, which is told over the streams how it went; logs to the
   * mount's file.
   *
   * @return the exit status
   */
  public int asDaemon(InputStream in, OutputStream out) throws IOException {
    LaunchPipe pipe = new LaunchPipe(in, out);
    try {
      MountLog.toFile(
          MountLog.file(environment, options.profile(), options.mountpoint()), isDebugging());
      new MountProcess(options, environment, planner)
          .serve(pipe.person(), (mount, newRuntime) -> pipe.ready(mount.root(), newRuntime), false);
      return 0;
    } catch (AppException e) {
      pipe.failed(String.valueOf(e.getMessage()));
    } catch (UncheckedIOException e) {
      pipe.failed("the mount was not made: %s; try again".formatted(e.getMessage()));
    }
    return 1;
  }

  private boolean isDebugging() {
    return environment.getOrDefault("COLABFS_DEBUG", "").equals("1");
  }
}
