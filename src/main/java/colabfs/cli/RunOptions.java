package colabfs.cli;

import colabfs.exec.ExecOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of {@code colabfs exec} that say how a command is run. */
final class RunOptions {
  private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)([smhd]?)");

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--detach",
      description = "Leave it running, and print its number for 'colabfs attach' and 'logs'.")
  boolean detach;

  @Option(
      names = "--no-supervise",
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
      description = "Leave arguments that are paths in the mount as they are.")
  boolean noMap;

  ExecOptions read(Map<String, String> here) {
    if (detach && noSupervise) {
      throw usage("--detach and --no-supervise exclude each other");
    }
    return new ExecOptions(environment(here), duration(), !noSupervise, detach);
  }

  private Map<String, String> environment(Map<String, String> here) {
    Map<String, String> environment = new HashMap<>();
    for (String variable : variables) {
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
    Matcher matcher = TIME.matcher(timeout);
    double seconds = matcher.matches() ? Double.parseDouble(matcher.group(1)) : 0;
    if (seconds <= 0) {
      throw usage("--timeout takes a number of seconds above zero, or one with m, h or d");
    }
    long unit =
        switch (matcher.group(2)) {
          case "m" -> 60;
          case "h" -> 3600;
          case "d" -> 86_400;
          default -> 1;
        };
    return Duration.ofMillis(Math.round(seconds * unit * 1000));
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
