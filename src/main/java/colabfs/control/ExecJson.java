package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON of a command to be run, both ways; what an older command line leaves out is usual. */
final class ExecJson {
  private ExecJson() {}

  static void fill(ObjectNode node, Request.Exec exec) {
    Command command = exec.command();
    ExecOptions options = command.options();
    Duration timeout = options.timeout();
    node.put("command", "exec")
        .put("directory", command.directory().toString())
        .put("elsewhere", command.elsewhere())
        .put("flush", command.flush())
        .put("progress", exec.progress())
        .put("supervised", options.supervised())
        .put("detached", options.detached())
        .put("timeout_ms", timeout == null ? null : (Long) timeout.toMillis());
    TerminalJson.fill(node, options.terminal());
    ArrayNode words = node.putArray("words");
    command.words().forEach(words::add);
    ObjectNode environment = node.putObject("environment");
    options.environment().forEach(environment::put);
  }

  static Request.Exec read(JsonNode node) throws IOException {
    List<String> words = new ArrayList<>();
    node.path("words").forEach(word -> words.add(word.asText()));
    if (words.isEmpty() && TerminalJson.read(node) == null) {
      throw new IOException("no command");
    }
    try {
      return new Request.Exec(
          new Command(
              words,
              RemotePath.of(node.path("directory").asText()),
              elsewhere(node.path("elsewhere")),
              node.path("flush").asBoolean(true),
              options(node)),
          node.path("progress").asBoolean(false));
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static @Nullable String elsewhere(JsonNode directory) throws IOException {
    if (directory.isTextual() && !directory.asText().startsWith("/")) {
      throw new IOException("not an absolute directory: " + directory.asText());
    }
    return directory.isTextual() ? directory.asText() : null;
  }

  private static ExecOptions options(JsonNode node) throws IOException {
    Map<String, String> environment = new HashMap<>();
    for (var entry : node.path("environment").properties()) {
      environment.put(entry.getKey(), entry.getValue().asText());
    }
    JsonNode timeout = node.path("timeout_ms");
    if (timeout.isNumber() && timeout.asLong() < 1) {
      throw new IOException("not a time: " + timeout);
    }
    return new ExecOptions(
        environment,
        timeout.isNumber() ? Duration.ofMillis(timeout.asLong()) : null,
        node.path("supervised").asBoolean(true),
        node.path("detached").asBoolean(false),
        TerminalJson.read(node));
  }
}
