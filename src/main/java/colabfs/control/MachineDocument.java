package colabfs.control;

import colabfs.machine.MachineFigures;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** What {@code colabfs gpu --json} prints; docs/STATUS.md describes it. */
public final class MachineDocument {
  private MachineDocument() {}

  /** The document, with a line feed at its end. */
  public static String of(Path mountpoint, MachineFigures figures) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("version", Messages.VERSION)
            .put("mountpoint", mountpoint.toString());
    node.setAll(MachineJson.node(figures));
    return node.toPrettyString() + "\n";
  }
}
