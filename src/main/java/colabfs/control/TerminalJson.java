package colabfs.control;

import colabfs.exec.LogsSince;
import colabfs.remote.RemoteJobs.Terminal;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The JSON of terminals, and of times of output, both ways. */
final class TerminalJson {
  /** What a terminal's kernel takes: 16 bits. */
  private static final int MOST = 65_535;

  private TerminalJson() {}

  static void fill(ObjectNode node, @Nullable Terminal terminal) {
    if (terminal != null) {
      node.putObject("terminal")
          .put("name", terminal.name())
          .put("rows", terminal.rows())
          .put("columns", terminal.columns());
    }
  }

  static @Nullable Terminal read(JsonNode node) throws IOException {
    JsonNode terminal = node.path("terminal");
    return terminal.isObject()
        ? new Terminal(
            terminal.path("name").asText(),
            size(terminal.path("rows").asInt()),
            size(terminal.path("columns").asInt()))
        : null;
  }

  static int size(int number) throws IOException {
    if (number < 1 || number > MOST) {
      throw new IOException("not the size of a terminal: " + number);
    }
    return number;
  }

  static void fill(ObjectNode node, LogsSince since) {
    Instant time = since.time();
    Duration before = since.before();
    if (time != null) {
      node.put("since", time.toString());
    } else if (before != null) {
      node.put("since_ms", before.toMillis());
    }
  }

  static LogsSince readSince(JsonNode node) throws IOException {
    JsonNode before = node.path("since_ms");
    if (before.isNumber() && before.asLong() < 0) {
      throw new IOException("not a time: " + before);
    }
    return new LogsSince(
        Messages.readInstant(node.path("since")),
        before.isNumber() ? Duration.ofMillis(before.asLong()) : null);
  }
}
