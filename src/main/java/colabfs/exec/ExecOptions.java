package colabfs.exec;

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
 */
public record ExecOptions(
    Map<String, String> environment,
    @Nullable Duration timeout,
    boolean supervised,
    boolean detached) {

  /** As it is without any option. */
  public static final ExecOptions USUAL = new ExecOptions(Map.of(), null, true, false);

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  public ExecOptions {
    environment = Map.copyOf(environment);
    for (String name : environment.keySet()) {
      if (!isName(name)) {
        throw new IllegalArgumentException("not the name of a variable: " + name);
      }
    }
  }

  /** Whether a shell takes it for a variable's name. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
