package colabfs.control;

import colabfs.forward.ForwardStatus;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;

/** What {@code colabfs forward --list --json} prints; docs/STATUS.md describes it. */
public final class ForwardsDocument {
  private ForwardsDocument() {}

  /** The document, with a line feed at its end. */
  public static String of(Path mountpoint, List<ForwardStatus> forwards) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("version", Messages.VERSION)
            .put("mountpoint", mountpoint.toString());
    ArrayNode array = node.putArray("forwards");
    forwards.forEach(forward -> array.add(ForwardJson.node(forward)));
    return node.toPrettyString() + "\n";
  }
}
