package colabfs.control;

import colabfs.forward.ForwardStatus;
import colabfs.fs.WarmReport;
import colabfs.machine.MachineFigures;
import colabfs.writeback.Conflict;
import colabfs.writeback.PendingChange;
import colabfs.writeback.PendingFigures;
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

  /** The array in a {@link FrameType#PART}. */
  static final String ELEMENTS = "elements";

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Messages() {}

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

  /** A {@code PROGRESS}. */
  static String writeProgress(PendingFigures left) {
    return PendingJson.node(left).toString();
  }

  static PendingFigures readProgress(String text) throws IOException {
    return PendingJson.readFigures(parse(text));
  }

  /** The {@code RESULT} of an unmount. */
  static String write(Unmounted unmounted) {
    Path journal = unmounted.journal();
    PendingFigures kept = unmounted.kept();
    return NODES
        .objectNode()
        .put("lost_bytes", unmounted.lostBytes())
        .put("journal", journal == null ? null : journal.toString())
        .<ObjectNode>set("kept", kept == null ? NODES.nullNode() : PendingJson.node(kept))
        .toString();
  }

  static Unmounted readUnmounted(String text) throws IOException {
    JsonNode node = parse(text);
    return new Unmounted(
        node.path("lost_bytes").asLong(),
        node.path("kept").isObject() ? PendingJson.readFigures(node.path("kept")) : null,
        readJournal(node));
  }

  /** The {@code RESULT} of a warming. */
  static String write(WarmReport report) {
    return NODES
        .objectNode()
        .put("files", report.files())
        .put("bytes", report.bytes())
        .put("present", report.present())
        .put("too_large", report.tooLarge())
        .put("missed", report.missed())
        .put("no_room_files", report.noRoomFiles())
        .put("no_room_bytes", report.noRoomBytes())
        .toString();
  }

  static WarmReport readWarmed(String text) throws IOException {
    JsonNode node = parse(text);
    return new WarmReport(
        node.path("files").asInt(),
        node.path("bytes").asLong(),
        node.path("present").asInt(),
        node.path("too_large").asInt(),
        node.path("missed").asInt(),
        node.path("no_room_files").asInt(),
        node.path("no_room_bytes").asLong());
  }

  /** The {@code RESULT} of what only counts. */
  static String writeCount(int count) {
    return NODES.objectNode().put("count", count).toString();
  }

  static int readCount(String text) throws IOException {
    return parse(text).path("count").asInt();
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
        readJournal(node),
        new ProcessIdentity(node.path("pid").asLong(), node.path("start_ticks").asLong()),
        started);
  }

  private static @Nullable Path readJournal(JsonNode node) {
    JsonNode journal = node.path("journal");
    return journal.isTextual() ? Path.of(journal.asText()) : null;
  }

  private static void fill(ObjectNode node, RunningMount mount) {
    Path journal = mount.journal();
    node.put("profile", mount.profile())
        .put("mountpoint", mount.mountpoint().toString())
        .put("root", mount.root())
        .put("read_only", mount.readOnly())
        .put("write_back", journal == null ? "sync" : "journal")
        .put("journal", journal == null ? null : journal.toString())
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
    MountStatus.Helper helper = status.helper();
    if (helper == null) {
      node.putNull("helper");
    } else {
      node.putObject("helper")
          .put("up", helper.up())
          .put("what", helper.what())
          .put("watches", helper.watches());
    }
    MountStatus.NewRuntime found = status.newRuntime();
    if (found == null) {
      node.putNull("new_runtime");
    } else {
      node.putObject("new_runtime")
          .put("what", found.what())
          .put("since", found.since().toString());
    }
    fill(node, status.pending());
    ArrayNode forwards = node.putArray("forwards");
    status.forwards().forEach(forward -> forwards.add(ForwardJson.node(forward)));
    MachineFigures machine = status.machine();
    node.set("machine", machine == null ? NODES.nullNode() : MachineJson.node(machine));
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

  private static void fill(ObjectNode node, MountStatus.@Nullable Pending pending) {
    if (pending == null) {
      node.putNull("pending").putNull("refused").putNull("conflicts");
      return;
    }
    node.set("pending", PendingJson.node(pending.figures()));
    ArrayNode refused = node.putArray("refused");
    pending.refused().forEach(change -> refused.add(PendingJson.node(change)));
    ArrayNode conflicts = node.putArray("conflicts");
    pending.conflicts().forEach(conflict -> conflicts.add(PendingJson.node(conflict)));
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
        readPending(node),
        readNewRuntime(node.path("new_runtime")),
        readHelper(node.path("helper")),
        readForwards(node.path("forwards")),
        node.path("machine").isObject() ? MachineJson.read(node.path("machine")) : null,
        error.isTextual() ? error.asText() : null);
  }

  private static MountStatus.@Nullable NewRuntime readNewRuntime(JsonNode node) throws IOException {
    Instant since = readInstant(node.path("since"));
    return since == null ? null : new MountStatus.NewRuntime(node.path("what").asText(), since);
  }

  private static List<ForwardStatus> readForwards(JsonNode array) throws IOException {
    List<ForwardStatus> forwards = new ArrayList<>();
    for (JsonNode node : array) {
      forwards.add(ForwardJson.read(node));
    }
    return forwards;
  }

  private static MountStatus.@Nullable Helper readHelper(JsonNode node) {
    return node.isObject()
        ? new MountStatus.Helper(
            node.path("up").asBoolean(), node.path("what").asText(), node.path("watches").asLong())
        : null;
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

  private static MountStatus.@Nullable Pending readPending(JsonNode node) throws IOException {
    JsonNode figures = node.path("pending");
    if (!figures.isObject()) {
      return null;
    }
    List<PendingChange> refused = new ArrayList<>();
    for (JsonNode change : node.path("refused")) {
      refused.add(PendingJson.readChange(change));
    }
    List<Conflict> conflicts = new ArrayList<>();
    for (JsonNode conflict : node.path("conflicts")) {
      conflicts.add(PendingJson.readConflict(conflict));
    }
    return new MountStatus.Pending(PendingJson.readFigures(figures), refused, conflicts);
  }

  static @Nullable Instant readInstant(JsonNode node) throws IOException {
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
