package colabfs.control;

import colabfs.remote.RemoteJob;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * The JSON of jobs, between the processes and as {@code colabfs jobs --json} prints it
 * (docs/STATUS.md).
 */
public final class JobsJson {
  private JobsJson() {}

  /** The whole document. */
  public static String document(List<RemoteJob> jobs) {
    ObjectNode document = JsonNodeFactory.instance.objectNode().put("version", Messages.VERSION);
    ArrayNode list = document.putArray("jobs");
    jobs.forEach(job -> list.add(node(job)));
    return document.toPrettyString() + "\n";
  }

  static ObjectNode node(RemoteJob job) {
    var started = job.started();
    var ended = job.ended();
    var left = job.left();
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", job.id())
        .put("command", job.command())
        .put("directory", job.directory())
        .put("state", job.state().name().toLowerCase(Locale.ROOT))
        .put("detached", job.detached())
        .put("terminal", job.terminal())
        .put("attached", job.attached())
        .put("left", left == null ? null : left.toString())
        .put("exit_status", job.code())
        .put("signal", job.signal())
        .put("started", started == null ? null : started.toString())
        .put("ended", ended == null ? null : ended.toString())
        .put("cpu_seconds", job.cpuSeconds() < 0 ? null : (Double) job.cpuSeconds())
        .put("stdout_bytes", job.stdoutBytes())
        .put("stderr_bytes", job.stderrBytes())
        .put("dropped_bytes", job.droppedBytes())
        .put("last_line", job.lastLine());
  }

  static RemoteJob read(JsonNode node) throws IOException {
    try {
      JsonNode code = node.path("exit_status");
      return new RemoteJob(
          node.path("id").asText(),
          node.path("command").asText(),
          node.path("directory").asText(),
          RemoteJob.State.valueOf(node.path("state").asText().toUpperCase(Locale.ROOT)),
          node.path("detached").asBoolean(),
          node.path("terminal").asBoolean(),
          node.path("attached").asBoolean(),
          Messages.readInstant(node.path("left")),
          code.isInt() ? (Integer) code.asInt() : null,
          node.path("signal").asText(),
          Messages.readInstant(node.path("started")),
          Messages.readInstant(node.path("ended")),
          node.path("cpu_seconds").asDouble(-1),
          node.path("stdout_bytes").asLong(),
          node.path("stderr_bytes").asLong(),
          node.path("dropped_bytes").asLong(),
          node.path("last_line").asText());
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
