package colabfs.agent;

import colabfs.remote.RemoteJob;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Asks which jobs there are. The answer is JSON, of bounded length; a job without an id is none.
 */
final class JobListCall extends Call<List<RemoteJob>> {
  /** Tens of thousands of jobs. */
  private static final int MOST_BYTES = 16 << 20;

  private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final ByteArrayOutputStream text = new ByteArrayOutputStream();

  JobListCall() {
    super("the jobs");
  }

  @Override
  Outgoing.Message message(int number) {
    return Outgoing.one(Frame.prepare(Protocol.JOBS, number, 0).flip());
  }

  @Override
  void chunk(ByteBuffer piece) throws ProtocolException {
    if (text.size() + piece.remaining() > MOST_BYTES) {
      throw new ProtocolException("a longer list of jobs than there may be");
    }
    byte[] bytes = Fields.readBytes(piece, piece.remaining());
    text.write(bytes, 0, bytes.length);
  }

  @Override
  List<RemoteJob> done(ByteBuffer payload) throws ProtocolException {
    return read(text.toByteArray());
  }

  static List<RemoteJob> read(byte[] json) throws ProtocolException {
    JsonNode list;
    try {
      list = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new ProtocolException("a list of jobs that is no JSON");
    } catch (IOException e) {
      throw new IllegalStateException("nothing is read but memory", e);
    }
    if (list == null || !list.isArray()) {
      throw new ProtocolException("no list of jobs");
    }
    List<RemoteJob> jobs = new ArrayList<>();
    for (JsonNode node : list) {
      if (ID.matcher(node.path("id").asText()).matches()) {
        jobs.add(job(node));
      }
    }
    Comparator<Instant> oldestFirst = Comparator.nullsFirst(Comparator.naturalOrder());
    jobs.sort(Comparator.comparing(RemoteJob::started, oldestFirst));
    return jobs;
  }

  private static RemoteJob job(JsonNode node) {
    boolean hasEnded = node.path("state").asText().equals("ended");
    RemoteJob.State state =
        hasEnded
            ? RemoteJob.State.ENDED
            : node.path("lost").asBoolean() ? RemoteJob.State.LOST : RemoteJob.State.RUNNING;
    String signal = text(node, "signal");
    JsonNode code = node.path("exit");
    boolean hasCode = hasEnded && (code.isInt() || !signal.isEmpty());
    return new RemoteJob(
        node.path("id").asText(),
        text(node, "command"),
        text(node, "cwd"),
        state,
        node.path("detached").asBoolean(),
        node.path("terminal").asBoolean(),
        !hasEnded && node.path("attached").asBoolean(),
        instant(node.path("left")),
        hasCode ? ExitCodes.code(code.asInt(), signal) : null,
        signal,
        instant(node.path("started")),
        instant(node.path("ended")),
        node.path("cpu").isNumber() ? node.path("cpu").asDouble() : -1,
        Math.max(0, node.path("stdout").asLong()),
        Math.max(0, node.path("stderr").asLong()),
        Math.max(0, node.path("dropped").asLong()),
        text(node, "last"));
  }

  private static String text(JsonNode node, String field) {
    return Fields.printable(node.path(field).asText(""));
  }

  private static @Nullable Instant instant(JsonNode nanos) {
    return nanos.canConvertToLong() && nanos.asLong() > 0
        ? Instant.ofEpochSecond(0, nanos.asLong())
        : null;
  }
}
