package colabfs.exec;

import colabfs.remote.RemoteJobs.Terminal;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a command is run.
 *
 * @param environment set after the login's own
 * @param timeout after which it is ended, as timeout(1) does; null for none
 * @param supervised it outlives the connection, where the runtime can do that
 * @param detached it is left running at once; its number is what is printed
 * @param terminal that it gets on the runtime, as large as the one here; null for three streams
 */
public record ExecOptions(
    Map<String, String> environment,
    @Nullable Duration timeout,
    boolean supervised,
    boolean detached,
    @Nullable Terminal terminal) {

  /** As it is without any option. */
  public static final ExecOptions USUAL = new ExecOptions(Map.of(), null, true, false);

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** Without a terminal. */
  public ExecOptions(
      Map<String, String> environment,
      @Nullable Duration timeout,
      boolean supervised,
      boolean detached) {
    this(environment, timeout, supervised, detached, null);
  }

  public ExecOptions {
    environment = Map.copyOf(environment);
    for (String name : environment.keySet()) {
      if (!isName(name)) {
        throw new IllegalArgumentException("not the name of a variable: " + name);
      }
    }
  }

  /** The same, at a terminal. */
  public ExecOptions at(Terminal wanted) {
    return new ExecOptions(environment, timeout, supervised, detached, wanted);
  }

  /** Whether a shell takes it for a variable's name. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
