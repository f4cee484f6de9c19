package colabfs.control;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The JSON of a command line that is to be read, as scripts/colabfs-exec.py writes it. */
final class PlanJson {
  private PlanJson() {}

  static Request.Plan read(JsonNode node) throws IOException {
    List<String> arguments = new ArrayList<>();
    node.path("arguments").forEach(argument -> arguments.add(argument.asText()));
    Map<String, String> environment = new HashMap<>();
    for (var entry : node.path("environment").properties()) {
      environment.put(entry.getKey(), entry.getValue().asText());
    }
    try {
      Path directory = Path.of(node.path("directory").asText());
      if (!directory.isAbsolute()) {
        throw new IOException("not an absolute directory: " + directory);
      }
      return new Request.Plan(
          new TypedLine(
              arguments,
              directory,
              environment,
              node.path("terminal").asBoolean(),
              node.path("namespace").asText()));
    } catch (InvalidPathException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
