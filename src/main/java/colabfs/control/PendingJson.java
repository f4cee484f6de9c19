package colabfs.control;

import colabfs.core.Errno;
import colabfs.core.RemotePath;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of pending changes and conflicts, both ways; its fields are in docs/STATUS.md. Errors:
 * what cannot be read is an {@link IOException}.
 */
final class PendingJson {
  private PendingJson() {}

  static ObjectNode node(PendingFigures figures) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("changes", figures.changes())
        .put("bytes", figures.bytes())
        .put("refused", figures.refused())
        .put("conflicts", figures.conflicts());
  }

  static PendingFigures readFigures(JsonNode node) {
    return new PendingFigures(
        node.path("changes").asInt(),
        node.path("bytes").asLong(),
        node.path("refused").asInt(),
        node.path("conflicts").asInt());
  }

  static ObjectNode node(PendingChange change) {
    RemotePath target = change.target();
    Errno error = change.error();
    return JsonNodeFactory.instance
        .objectNode()
        .put("number", change.number())
        .put("kind", lower(change.kind()))
        .put("path", change.path().toString())
        .put("target", target == null ? null : target.toString())
        .put("bytes", change.bytes())
        .put("state", lower(change.state()))
        .put("error", error == null ? null : error.name())
        .put("reason", change.reason())
        .put("since", change.since().toString());
  }

  static PendingChange readChange(JsonNode node) throws IOException {
    try {
      JsonNode error = node.path("error");
      JsonNode target = node.path("target");
      return new PendingChange(
          node.path("number").asLong(),
          PendingChange.Kind.valueOf(upper(node.path("kind"))),
          RemotePath.of(node.path("path").asText()),
          target.isTextual() ? RemotePath.of(target.asText()) : null,
          node.path("bytes").asLong(),
          PendingChange.State.valueOf(upper(node.path("state"))),
          error.isTextual() ? Errno.valueOf(error.asText()) : null,
          text(node.path("reason")),
          Instant.parse(node.path("since").asText()));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException("not a pending change: " + e.getMessage(), e);
    }
  }

  static ObjectNode node(Conflict conflict) {
    RemotePath copy = conflict.copy();
    return JsonNodeFactory.instance
        .objectNode()
        .put("path", conflict.path().toString())
        .put("copy", copy == null ? null : copy.toString())
        .put("what", conflict.what())
        .put("at", conflict.at().toString());
  }

  static Conflict readConflict(JsonNode node) throws IOException {
    try {
      JsonNode copy = node.path("copy");
      return new Conflict(
          RemotePath.of(node.path("path").asText()),
          copy.isTextual() ? RemotePath.of(copy.asText()) : null,
          node.path("what").asText(),
          Instant.parse(node.path("at").asText()));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException("not a conflict: " + e.getMessage(), e);
    }
  }

  private static @Nullable String text(JsonNode node) {
    return node.isTextual() ? node.asText() : null;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String upper(JsonNode node) {
    return node.asText().toUpperCase(Locale.ROOT);
  }
}
