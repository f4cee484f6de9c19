package colabfs.control;

import colabfs.machine.MachineFigures;
import colabfs.machine.MachineFigures.Gpu;
import colabfs.machine.MachineFigures.Space;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JSON of a machine's figures, both ways. Errors: what cannot be read is an IOException. */
final class MachineJson {
  private MachineJson() {}

  /** {@code machine} in docs/STATUS.md. */
  static ObjectNode node(MachineFigures figures) {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("at", figures.at().toString());
    ArrayNode gpus = node.putArray("gpus");
    for (Gpu gpu : figures.gpus()) {
      ObjectNode one = gpus.addObject().put("name", gpu.name());
      one.put("utilization_percent", gpu.utilization());
      space(one, "memory", gpu.memory());
      one.put("temperature_celsius", gpu.temperature());
      one.put("power_watts", gpu.powerWatts()).put("power_limit_watts", gpu.powerLimitWatts());
    }
    space(node, "memory", figures.memory());
    space(node, "disk", figures.disk());
    return node;
  }

  private static void space(ObjectNode node, String name, @Nullable Space space) {
    if (space == null) {
      node.putNull(name);
    } else {
      node.putObject(name)
          .put("used_bytes", space.usedBytes())
          .put("total_bytes", space.totalBytes());
    }
  }

  static MachineFigures read(JsonNode node) throws IOException {
    List<Gpu> gpus = new ArrayList<>();
    for (JsonNode one : node.path("gpus")) {
      gpus.add(
          new Gpu(
              one.path("name").asText(),
              whole(one.path("utilization_percent")),
              readSpace(one.path("memory")),
              whole(one.path("temperature_celsius")),
              number(one.path("power_watts")),
              number(one.path("power_limit_watts"))));
    }
    try {
      return new MachineFigures(
          Instant.parse(node.path("at").asText()),
          gpus,
          readSpace(node.path("memory")),
          readSpace(node.path("disk")));
    } catch (DateTimeParseException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static @Nullable Space readSpace(JsonNode node) {
    return node.isObject()
        ? new Space(node.path("used_bytes").asLong(), node.path("total_bytes").asLong())
        : null;
  }

  private static @Nullable Integer whole(JsonNode node) {
    return node.isNumber() ? node.asInt() : null;
  }

  private static @Nullable Double number(JsonNode node) {
    return node.isNumber() ? node.asDouble() : null;
  }
}
