package colabfs.control;

import colabfs.core.RemotePath;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The JSON of a request, both ways. Errors: what cannot be read is an {@link IOException}. */
final class RequestJson {
  /** A longer wait than a week is a mistake, and would overflow in nanoseconds at some point. */
  private static final long MAX_STALLED_MILLIS = Duration.ofDays(7).toMillis();

  private RequestJson() {}

  static String write(Request request) {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("version", Messages.VERSION);
    fill(node, request);
    return node.toString();
  }

  private static void fill(ObjectNode node, Request request) {
    if (request instanceof Request.Exec exec) {
      ExecJson.fill(node, exec);
    } else if (request instanceof Request.Attach attach) {
      TerminalJson.fill(node.put("command", "attach").put("job", attach.job()), attach.terminal());
    } else if (request instanceof Request.Logs logs) {
      TerminalJson.fill(
          node.put("command", "logs").put("job", logs.job()).put("follow", logs.follow()),
          logs.since());
    } else if (request instanceof Request.Jobs) {
      node.put("command", "jobs");
    } else if (request instanceof Request.Kill kill) {
      node.put("command", "kill").put("job", kill.job()).put("signal", kill.signal());
    } else if (request instanceof Request.Prune) {
      node.put("command", "prune");
    } else if (request instanceof Request.Unmount unmount) {
      node.put("command", "unmount").put("force", unmount.force());
    } else if (request instanceof Request.Flush flush) {
      Duration stalled = flush.stalled();
      path(node.put("command", "flush"), flush.below())
          .put("stalled_ms", stalled == null ? null : stalled.toMillis());
    } else if (request instanceof Request.Warm warm) {
      path(node.put("command", "warm"), warm.below()).put("max_bytes", warm.maxFileBytes());
    } else if (request instanceof Request.Pending pending) {
      path(node.put("command", "pending"), pending.below());
    } else if (request instanceof Request.Retry) {
      node.put("command", "retry");
    } else if (request instanceof Request.Export export) {
      path(node.put("command", "export"), export.below())
          .put("directory", export.directory().toString());
    } else if (request instanceof Request.Discard discard) {
      path(node.put("command", "discard"), discard.below());
    } else if (request instanceof Request.Restore restore) {
      node.put("command", "restore").put("dry_run", restore.dryRun());
      ArrayNode excludes = node.put("max_bytes", restore.maxBytes()).putArray("excludes");
      restore.excludes().forEach(excludes::add);
    } else if (request instanceof Request.TakeAsItIs) {
      node.put("command", "take_as_it_is");
    } else if (request instanceof Request.Conflicts) {
      node.put("command", "conflicts");
    } else if (request instanceof Request.Dismiss dismiss) {
      path(node.put("command", "dismiss"), dismiss.below());
    } else if (request instanceof Request.Forward forward) {
      ForwardJson.fill(node.put("command", "forward").putArray("specs"), forward.specs());
    } else if (request instanceof Request.StopForwards stop) {
      ArrayNode which = node.put("command", "stop_forwards").putArray("which");
      stop.which().forEach(which::add);
    } else if (request instanceof Request.ListForwards) {
      node.put("command", "list_forwards");
    } else if (request instanceof Request.Machine) {
      node.put("command", "machine");
    } else if (request instanceof Request.Proxy) {
      node.put("command", "proxy");
    } else {
      node.put("command", "status");
    }
  }

  private static ObjectNode path(ObjectNode node, RemotePath path) {
    return node.put("path", path.toString());
  }

  static Request read(String text) throws IOException {
    JsonNode node = Messages.parse(text);
    if (node.path("version").asInt() != Messages.VERSION) {
      throw new IOException(
          "the mount was made by another version of colabfs; use that one, or unmount and mount again");
    }
    return switch (node.path("command").asText()) {
      case "status" -> new Request.Status();
      case "unmount" -> new Request.Unmount(node.path("force").asBoolean());
      case "exec" -> ExecJson.read(node);
      case "plan" -> PlanJson.read(node);
      case "attach" -> new Request.Attach(node.path("job").asText(), TerminalJson.read(node));
      case "logs" ->
          new Request.Logs(
              node.path("job").asText(),
              TerminalJson.readSince(node),
              node.path("follow").asBoolean());
      case "jobs" -> new Request.Jobs();
      case "kill" -> new Request.Kill(node.path("job").asText(), node.path("signal").asText());
      case "prune" -> new Request.Prune();
      case "flush" -> new Request.Flush(readPath(node, "path"), readStalled(node));
      case "warm" -> new Request.Warm(readPath(node, "path"), readMaxBytes(node));
      case "pending" -> new Request.Pending(readPath(node, "path"));
      case "retry" -> new Request.Retry();
      case "export" -> new Request.Export(readPath(node, "path"), readLocalDirectory(node));
      case "discard" -> new Request.Discard(readPath(node, "path"));
      case "restore" -> readRestore(node);
      case "take_as_it_is" -> new Request.TakeAsItIs();
      case "conflicts" -> new Request.Conflicts();
      case "forward" -> new Request.Forward(ForwardJson.readSpecs(node.path("specs")));
      case "stop_forwards" -> new Request.StopForwards(readTexts(node.path("which")));
      case "list_forwards" -> new Request.ListForwards();
      case "machine" -> new Request.Machine();
      case "proxy" -> new Request.Proxy();
      case "dismiss" -> new Request.Dismiss(readPath(node, "path"));
      default ->
          throw new IOException(
              "the mount does not know the command '%s'; unmount, and mount again with this colabfs"
                  .formatted(node.path("command").asText()));
    };
  }

  private static List<String> readTexts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static Request.Restore readRestore(JsonNode node) throws IOException {
    return new Request.Restore(
        readTexts(node.path("excludes")), readMaxBytes(node), node.path("dry_run").asBoolean(true));
  }

  private static long readMaxBytes(JsonNode node) throws IOException {
    JsonNode maxBytes = node.path("max_bytes");
    if (!maxBytes.canConvertToLong() || maxBytes.asLong() < 0) {
      throw new IOException("not a size: " + maxBytes);
    }
    return maxBytes.asLong();
  }

  /** A path that is missing is not the root: what is done to all of it must be said. */
  private static RemotePath readPath(JsonNode node, String field) throws IOException {
    try {
      return RemotePath.of(node.path(field).asText());
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static Path readLocalDirectory(JsonNode node) throws IOException {
    try {
      Path directory = Path.of(node.path("directory").asText());
      if (!directory.isAbsolute()) {
        throw new IOException("not an absolute directory: " + directory);
      }
      return directory;
    } catch (InvalidPathException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static @Nullable Duration readStalled(JsonNode node) throws IOException {
    JsonNode millis = node.path("stalled_ms");
    if (millis.isMissingNode() || millis.isNull()) {
      return null;
    }
    if (!millis.canConvertToLong() || millis.asLong() < 1 || millis.asLong() > MAX_STALLED_MILLIS) {
      throw new IOException("not a time to wait: " + millis);
    }
    return Duration.ofMillis(millis.asLong());
  }
}
