package colabfs.control;

import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The JSON that {@code colabfs pending --json} prints, documented in docs/STATUS.md. */
public final class PendingDocument {
  private PendingDocument() {}

  public static String of(
      RunningMount mount, List<PendingChange> changes, List<Conflict> conflicts) {
    ObjectNode document = JsonNodeFactory.instance.objectNode().put("version", Messages.VERSION);
    document.put("mountpoint", mount.mountpoint().toString());
    ArrayNode pending = document.putArray("pending");
    changes.forEach(change -> pending.add(PendingJson.node(change)));
    ArrayNode unresolved = document.putArray("conflicts");
    conflicts.forEach(conflict -> unresolved.add(PendingJson.node(conflict)));
    return document.toPrettyString() + "\n";
  }
}
