package colabfs.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * {@code init}'s arguments, told apart by how they begin.
 *
 * @param json text that begins with a brace, {@code @FILE} or {@code -}
 */
record Arguments(@Nullable String name, @Nullable String json) {

  static Arguments of(List<String> arguments, CommandLine command) {
    String name = null;
    String json = null;
    for (String argument : arguments) {
      if (argument.stripLeading().startsWith("{")
          || argument.startsWith("@")
          || argument.equals("-")) {
        if (json != null) {
          throw new ParameterException(command, "the JSON is given twice");
        }
        json = argument.stripLeading();
      } else if (json != null && json.startsWith("{") && !json.endsWith("}")) {
        throw new ParameterException(
            command, "the shell has cut the JSON at its spaces: put it in '...'");
      } else if (name != null) {
        throw new ParameterException(command, "two names are given");
      } else {
        name = argument;
      }
    }
    return new Arguments(name, json);
  }
}
