package colabfs.cli;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One command line after another in this process, with a configuration directory of its own. */
final class CliRun {
  private final Map<String, String> environment = new HashMap<>();
  private final Deque<String> answers = new ArrayDeque<>();
  final List<String> questions = new ArrayList<>();
  private boolean hasTerminal;
  private String input = "";

  int code;
  String out = "";
  String err = "";

  CliRun(Path configHome) {
    environment.put("XDG_CONFIG_HOME", configHome.toString());
  }

  CliRun with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  CliRun withInput(String text) {
    input = text;
    return this;
  }

  /** Somebody sits there and answers in this order; then ends the input. */
  CliRun withTerminal(String... answersInOrder) {
    hasTerminal = true;
    answers.addAll(List.of(answersInOrder));
    return this;
  }

  int run(String... args) {
    StringWriter outText = new StringWriter();
    StringWriter errText = new StringWriter();
    code =
        Main.run(
            new Surroundings(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintWriter(outText),
                new PrintWriter(errText),
                new Answers(),
                Map.copyOf(environment)),
            args);
    out = outText.toString();
    err = errText.toString();
    return code;
  }

  private final class Answers implements Terminal {
    @Override
    public boolean isThere() {
      return hasTerminal;
    }

    @Override
    public @Nullable String ask(String prompt) {
      questions.add(prompt);
      return answers.poll();
    }

    @Override
    public char @Nullable [] askSecretly(String prompt) {
      String answer = ask(prompt);
      return answer == null ? null : answer.toCharArray();
    }
  }
}
