package colabfs.control;

import colabfs.core.FileType;
import colabfs.core.RemotePath;
import colabfs.restore.RestoreReport;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;

/** The JSON of what a restore does. Errors: what cannot be read is an {@link IOException}. */
final class RestoreJson {
  private RestoreJson() {}

  static ObjectNode node(RestoreReport.Item item) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("outcome", lower(item.outcome()))
        .put("type", lower(item.type()))
        .put("path", item.path().toString())
        .put("bytes", item.bytes())
        .put("note", item.note());
  }

  static RestoreReport.Item readItem(JsonNode node) throws IOException {
    try {
      JsonNode note = node.path("note");
      return new RestoreReport.Item(
          RestoreReport.Outcome.valueOf(upper(node.path("outcome"))),
          FileType.valueOf(upper(node.path("type"))),
          RemotePath.of(node.path("path").asText()),
          node.path("bytes").asLong(),
          note.isTextual() ? note.asText() : null);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** The {@code RESULT} after all items. */
  static String end(boolean whole) {
    return JsonNodeFactory.instance.objectNode().put("whole", whole).toString();
  }

  static boolean readEnd(String text) throws IOException {
    return Messages.parse(text).path("whole").asBoolean();
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String upper(JsonNode text) {
    return text.asText().toUpperCase(Locale.ROOT);
  }
}
