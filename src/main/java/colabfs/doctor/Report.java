package colabfs.doctor;

import colabfs.doctor.Finding.Level;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * All that was found.
 *
 * @param profile which one was examined
 * @param findings in the order of the checks
 * @param complete false when it was interrupted
 */
public record Report(String profile, List<Finding> findings, boolean complete) {
  private static final int VERSION = 1;

  public Report {
    findings = List.copyOf(findings);
  }

  public int count(Level level) {
    return (int) findings.stream().filter(finding -> finding.level() == level).count();
  }

  /** The last line for people. */
  public String summary() {
    String text =
        "%d ok, %d %s, %d failed, %d skipped"
            .formatted(
                count(Level.OK),
                count(Level.WARN),
                count(Level.WARN) == 1 ? "warning" : "warnings",
                count(Level.FAIL),
                count(Level.SKIPPED));
    return complete ? text : text + "; interrupted, the rest was not looked at";
  }

  /** The JSON that {@code colabfs doctor --json} prints (docs/TROUBLESHOOTING.md). */
  public String json() {
    ObjectNode document =
        JsonNodeFactory.instance
            .objectNode()
            .put("version", VERSION)
            .put("profile", profile)
            .put("complete", complete);
    ObjectNode counts = document.putObject("summary");
    for (Level level : Level.values()) {
      counts.put(level.toString(), count(level));
    }
    ArrayNode checks = document.putArray("checks");
    for (Finding finding : findings) {
      checks
          .addObject()
          .put("id", finding.id())
          .put("status", finding.level().toString())
          .put("message", finding.message())
          .put("next", finding.next());
    }
    return document.toPrettyString() + "\n";
  }
}
