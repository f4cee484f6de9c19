package colabfs.control;

import colabfs.forward.ForwardSpec;
import colabfs.forward.ForwardSpec.Kind;
import colabfs.forward.ForwardStatus;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The JSON of forwards, both ways. Errors: what cannot be read is an {@link IOException}. */
final class ForwardJson {
  private static final int MAX_PORT = 65_535;

  private ForwardJson() {}

  static void fill(ArrayNode specs, List<ForwardSpec> forwards) {
    forwards.forEach(spec -> specs.add(node(spec)));
  }

  private static ObjectNode node(ForwardSpec spec) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("kind", spec.kind().name())
        .put("bind", spec.bind())
        .put("port", spec.port())
        .put("host", spec.host())
        .put("host_port", spec.hostPort());
  }

  /** One element of {@code forwards} in docs/STATUS.md. */
  static ObjectNode node(ForwardStatus status) {
    return node(status.spec())
        .put("spec", status.spec().toString())
        .put("open", status.open())
        .put("connections", status.connections())
        .put("total", status.total())
        .put("trouble", status.trouble());
  }

  static List<ForwardSpec> readSpecs(JsonNode specs) throws IOException {
    List<ForwardSpec> read = new ArrayList<>();
    for (JsonNode node : specs) {
      read.add(readSpec(node));
    }
    if (read.isEmpty()) {
      throw new IOException("nothing to forward");
    }
    return read;
  }

  private static ForwardSpec readSpec(JsonNode node) throws IOException {
    for (Kind kind : Kind.values()) {
      if (kind.name().equals(node.path("kind").asText())) {
        return new ForwardSpec(
            kind,
            node.path("bind").asText(),
            port(node.path("port")),
            node.path("host").asText(),
            port(node.path("host_port")));
      }
    }
    throw new IOException("not a forward: " + node);
  }

  private static int port(JsonNode node) throws IOException {
    if (!node.isInt() || node.asInt() < 0 || node.asInt() > MAX_PORT) {
      throw new IOException("not a port: " + node);
    }
    return node.asInt();
  }

  static ForwardStatus read(JsonNode node) throws IOException {
    JsonNode trouble = node.path("trouble");
    return new ForwardStatus(
        readSpec(node),
        node.path("open").asBoolean(),
        node.path("connections").asInt(),
        node.path("total").asLong(),
        trouble.isTextual() ? trouble.asText() : null);
  }
}
