package colabfs.cli;

import colabfs.config.Values;
import colabfs.exec.ExecOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of {@code colabfs exec} that say how a command is run. */
final class RunOptions {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--detach",
      description = "Leave it running, and print its number for 'colabfs attach' and 'logs'.")
  boolean detach;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal on the runtime; Enter ~ . leaves it, Enter ~ ? helps.")
  boolean terminal;

  @Option(
      names = "--no-supervise",
      negatable = true,
      fallbackValue = "true",
      description = "Let it end with the connection, instead of going on when that is lost.")
  boolean noSupervise;

  @Option(
      names = "-e",
      paramLabel = "NAME[=VALUE]",
      description = "Set a variable of its environment; without a value, to what it is here.")
  private List<String> variables = List.of();

  @Option(
      names = "--cwd",
      paramLabel = "DIR",
      description = "Run it there: a directory in the mount, or an absolute one on the runtime.")
  @Nullable String cwd;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "End it after that time, with exit status 124 (also with m, h or d).")
  private @Nullable String timeout;

  @Option(
      names = "--no-map",
      negatable = true,
      fallbackValue = "true",
      description = "Leave arguments that are paths in the mount as they are.")
  boolean noMap;

  /**
   * What was asked for.
   *
   * @param usual variables that are set before those of the command line
   */
  ExecOptions read(Map<String, String> here, List<String> usual) {
    boolean given = spec.commandLine().getParseResult().hasMatchedOption("--no-supervise");
    if (detach && noSupervise && given) {
      throw usage("--detach and --no-supervise exclude each other");
    }
    boolean supervised = !noSupervise || detach;
    return new ExecOptions(environment(here, usual), duration(), supervised, detach);
  }

  private Map<String, String> environment(Map<String, String> here, List<String> usual) {
    Map<String, String> environment = new HashMap<>();
    for (String variable : Stream.concat(usual.stream(), variables.stream()).toList()) {
      int equals = variable.indexOf('=');
      String name = equals < 0 ? variable : variable.substring(0, equals);
      String value = equals < 0 ? here.get(name) : variable.substring(equals + 1);
      if (!ExecOptions.isName(name)) {
        throw usage("-e takes NAME=VALUE; '%s' is not the name of a variable".formatted(name));
      }
      if (value == null) {
        throw usage(
            "-e %s: it is not set here; give it a value with -e %s=...".formatted(name, name));
      }
      environment.put(name, value);
    }
    return environment;
  }

  private @Nullable Duration duration() {
    if (timeout == null) {
      return null;
    }
    try {
      return Values.time(timeout);
    } catch (IllegalArgumentException e) {
      throw usage("--timeout takes " + e.getMessage());
    }
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
