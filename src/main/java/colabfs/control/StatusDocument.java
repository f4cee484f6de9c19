package colabfs.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The JSON that {@code colabfs status --json} prints, documented in docs/STATUS.md. */
public final class StatusDocument {
  private StatusDocument() {}

  public static String of(List<MountStatus> mounts) {
    ObjectNode document = JsonNodeFactory.instance.objectNode().put("version", Messages.VERSION);
    ArrayNode list = document.putArray("mounts");
    mounts.forEach(status -> list.add(Messages.node(status)));
    return document.toPrettyString() + "\n";
  }
}
