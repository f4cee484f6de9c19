package colabfs.control;

import colabfs.core.RemotePath;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of the protocol and of the list of mounts, both ways. Errors: what cannot be read is an
 * {@link IOException}.
 */
final class Messages {
  /** Raised when an older peer could misread a message; see docs/STATUS.md for the status. */
  static final int VERSION = 1;

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Messages() {}

  static String write(Request request) {
    ObjectNode node = NODES.objectNode().put("version", VERSION);
    if (request instanceof Request.Exec exec) {
      node.put("command", "exec").put("directory", exec.directory().toString());
      ArrayNode words = node.putArray("words");
      exec.words().forEach(words::add);
    } else if (request instanceof Request.Unmount unmount) {
      node.put("command", "unmount").put("force", unmount.force());
    } else {
      node.put("command", "status");
    }
    return node.toString();
  }

  static Request readRequest(String text) throws IOException {
    JsonNode node = parse(text);
    if (node.path("version").asInt() != VERSION) {
      throw new IOException(
          "the mount was made by another version of colabfs; use that one, or unmount and mount again");
    }
    return switch (node.path("command").asText()) {
      case "status" -> new Request.Status();
      case "unmount" -> new Request.Unmount(node.path("force").asBoolean());
      case "exec" -> readExec(node);
      default -> throw new IOException("unknown command: " + node.path("command").asText());
    };
  }

  private static Request.Exec readExec(JsonNode node) throws IOException {
    List<String> words = new ArrayList<>();
    node.path("words").forEach(word -> words.add(word.asText()));
    if (words.isEmpty()) {
      throw new IOException("no command");
    }
    try {
      return new Request.Exec(words, RemotePath.of(node.path("directory").asText()));
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  static String writeError(ControlException error) {
    return NODES
        .objectNode()
        .put("reason", error.reason().name())
        .put("message", error.getMessage())
        .toString();
  }

  static ControlException readError(String text) throws IOException {
    JsonNode node = parse(text);
    ControlException.Reason reason = ControlException.Reason.FAILED;
    for (ControlException.Reason known : ControlException.Reason.values()) {
      if (known.name().equals(node.path("reason").asText())) {
        reason = known;
      }
    }
    return new ControlException(reason, node.path("message").asText());
  }

  /** The {@code PROGRESS} and the {@code RESULT} of an unmount. */
  static String writeUnsent(long bytes) {
    return NODES.objectNode().put("unsent_bytes", bytes).toString();
  }

  static long readUnsent(String text) throws IOException {
    return parse(text).path("unsent_bytes").asLong();
  }

  static String write(RunningMount mount) {
    ObjectNode node = NODES.objectNode().put("version", VERSION);
    fill(node, mount);
    return node.put("start_ticks", mount.process().startTicks()).toString();
  }

  static RunningMount readMount(String text) throws IOException {
    return readMount(parse(text));
  }

  private static RunningMount readMount(JsonNode node) throws IOException {
    Instant started = readInstant(node.path("started"));
    if (started == null || !node.path("mountpoint").asText().startsWith("/")) {
      throw new IOException("not a mount");
    }
    return new RunningMount(
        node.path("profile").asText(),
        Path.of(node.path("mountpoint").asText()),
        node.path("root").asText(),
        node.path("read_only").asBoolean(),
        new ProcessIdentity(node.path("pid").asLong(), node.path("start_ticks").asLong()),
        started);
  }

  private static void fill(ObjectNode node, RunningMount mount) {
    node.put("profile", mount.profile())
        .put("mountpoint", mount.mountpoint().toString())
        .put("root", mount.root())
        .put("read_only", mount.readOnly())
        .put("pid", mount.process().pid())
        .put("started", mount.started().toString());
  }

  /** One element of {@code mounts} in docs/STATUS.md; null where a figure is unknown. */
  static ObjectNode node(MountStatus status) {
    ObjectNode node = NODES.objectNode();
    fill(node, status.mount());
    Instant since = status.connectedSince();
    node.put("state", status.state())
        .put("since", since == null ? null : since.toString())
        .put("round_trip_ms", status.roundTripMillis())
        .put("last_error", status.lastError());
    MountStatus.Figures figures = status.figures();
    if (figures == null) {
      return node.putNull("unsent_bytes")
          .putNull("open_files")
          .<ObjectNode>set("cache", NODES.nullNode())
          .set("network", NODES.nullNode());
    }
    node.put("unsent_bytes", figures.unsentBytes()).put("open_files", figures.openFiles());
    node.putObject("cache")
        .put("attributes", figures.attributes())
        .put("listings", figures.listings())
        .put("block_bytes", figures.blockBytes());
    node.putObject("network")
        .put("sent_bytes", figures.sentBytes())
        .put("received_bytes", figures.receivedBytes());
    return node;
  }

  static MountStatus readStatus(String text) throws IOException {
    JsonNode node = parse(text);
    JsonNode roundTrip = node.path("round_trip_ms");
    JsonNode error = node.path("last_error");
    return new MountStatus(
        readMount(node),
        node.path("state").asText(),
        readInstant(node.path("since")),
        roundTrip.isNumber() ? roundTrip.asDouble() : null,
        readFigures(node),
        error.isTextual() ? error.asText() : null);
  }

  private static MountStatus.@Nullable Figures readFigures(JsonNode node) {
    JsonNode cache = node.path("cache");
    if (!cache.isObject()) {
      return null;
    }
    return new MountStatus.Figures(
        cache.path("attributes").asLong(),
        cache.path("listings").asLong(),
        cache.path("block_bytes").asLong(),
        node.path("unsent_bytes").asLong(),
        node.path("open_files").asLong(),
        node.path("network").path("sent_bytes").asLong(),
        node.path("network").path("received_bytes").asLong());
  }

  private static @Nullable Instant readInstant(JsonNode node) throws IOException {
    try {
      return node.isTextual() ? Instant.parse(node.asText()) : null;
    } catch (DateTimeParseException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  static JsonNode parse(String text) throws IOException {
    try {
      JsonNode node = JSON.readTree(text);
      if (node == null || !node.isObject()) {
        throw new IOException("not a JSON object");
      }
      return node;
    } catch (JsonProcessingException e) {
      // The text may hold a secret, so it is not repeated here.
      throw new IOException("not JSON: " + e.getOriginalMessage());
    }
  }
}
