package colabfs.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What {@code colabfs mount} and the process that it leaves behind say to one another while the
 * mount is made: one JSON object a line, over that process's standard input and output, so that no
 * secret is ever in an argument or in the environment.
 *
 * <p>Threading: one thread at each end, except that questions may come from any, one at a time.
 */
public final class LaunchPipe {
  private static final String KIND = "kind";
  private static final String HOST_KEY = "host_key";
  private static final String SECRET = "secret";
  private static final String READY = "ready";
  private static final String FAILED = "failed";

  private final BufferedReader in;
  private final OutputStream out;

  public LaunchPipe(InputStream in, OutputStream out) {
    this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    this.out = out;
  }

  /** Who answers the questions of a connection. */
  public interface Person {
    /** Whether a server that is not known yet is trusted. */
    boolean acceptsHostKey(String keyLine, String fingerprint);

    /** A passphrase or password; null when nobody can be asked. */
    char @Nullable [] secret(String prompt);
  }

  /**
   * How the launch ended.
   *
   * @param root the mounted root on the runtime, empty after a failure
   * @param newRuntime that another runtime answers than was served before, in words; null when not
   * @param failure null when the mount answers; else why not, for the user
   */
  public record Outcome(String root, @Nullable String newRuntime, @Nullable String failure) {}

  /** The daemon's end: the person at the other end of the pipe. */
  public Person person() {
    return new Person() {
      @Override
      public boolean acceptsHostKey(String keyLine, String fingerprint) {
        JsonNode answer =
            question(node(HOST_KEY).put("key", keyLine).put("fingerprint", fingerprint));
        return answer != null && answer.path("accepted").asBoolean();
      }

      @Override
      public char @Nullable [] secret(String prompt) {
        JsonNode answer = question(node(SECRET).put("prompt", prompt));
        JsonNode secret = answer == null ? null : answer.get("secret");
        return secret == null || !secret.isTextual() ? null : secret.asText().toCharArray();
      }
    };
  }

  /** The daemon's end: the mount answers; {@code newRuntime} as in {@link Outcome}. */
  public void ready(String root, @Nullable String newRuntime) throws IOException {
    send(node(READY).put("root", root).put("newRuntime", newRuntime));
  }

  /** The daemon's end: there will be no mount. */
  public void failed(String message) throws IOException {
    send(node(FAILED).put("message", message));
  }

  /**
   * The command's end: answers questions until the launch has ended.
   *
   * @throws IOException when the daemon ended without a word
   */
  public Outcome follow(Person person) throws IOException {
    while (true) {
      String line = in.readLine();
      if (line == null) {
        throw new IOException("the mount's process ended without a word");
      }
      JsonNode said = Messages.parse(line);
      switch (said.path(KIND).asText()) {
        case READY -> {
          return new Outcome(said.path("root").asText(), said.path("newRuntime").textValue(), null);
        }
        case FAILED -> {
          return new Outcome("", null, said.path("message").asText());
        }
        case HOST_KEY -> {
          boolean accepted =
              person.acceptsHostKey(said.path("key").asText(), said.path("fingerprint").asText());
          send(JsonNodeFactory.instance.objectNode().put("accepted", accepted));
        }
        case SECRET -> {
          char[] secret = person.secret(said.path("prompt").asText());
          send(
              JsonNodeFactory.instance
                  .objectNode()
                  .put("secret", secret == null ? null : new String(secret)));
        }
        default -> throw new IOException("not understood: " + line);
      }
    }
  }

  private static ObjectNode node(String kind) {
    return JsonNodeFactory.instance.objectNode().put(KIND, kind);
  }

  private synchronized @Nullable JsonNode question(ObjectNode node) {
    try {
      send(node);
      String line = in.readLine();
      return line == null ? null : Messages.parse(line);
    } catch (IOException e) {
      throw new UncheckedIOException("nobody answers any more", e);
    }
  }

  private void send(ObjectNode node) throws IOException {
    out.write((node + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
