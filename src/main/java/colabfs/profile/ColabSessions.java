package colabfs.profile;

import colabfs.core.Nearest;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that Google's command-line tool has, as its file tells them: a JSON object of name
 * to session. The file is only read. Its tokens are in no message and no {@code toString}.
 *
 * <p>Threading: immutable.
 */
public final class ColabSessions {
  /** Names another file than the tool's usual one. */
  public static final String FILE_VARIABLE = "COLABFS_COLAB_SESSIONS";

  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).build();

  /** Far above any real file; keeps a wrong path from filling the heap. */
  private static final long MAX_FILE_BYTES = 4 << 20;

  private static final int MAX_TOKEN = 16 * 1024;
  private static final int MAX_RUNTIME = 256;

  /** The tool empties its file before it writes it: what is half there is looked at again. */
  private static final int TRIES = 6;

  private static final Duration BETWEEN_TRIES = Duration.ofMillis(50);
  private static final int MAX_NAMED = 12;

  private final Path file;
  private final Map<String, Fields> sessions;

  /** What is told of one session, unchecked. */
  private record Fields(Map<String, String> values) {}

  /**
   * One session.
   *
   * @param address scheme, host and port of the gateway in front of its runtime
   * @param token what the gateway wants to see; short-lived
   * @param runtime which runtime it is: another one made under the same name has another
   */
  public record Session(String name, URI address, String token, String runtime) {
    @Override
    public String toString() {
      return "Session[name=%s, address=%s, runtime=%s]".formatted(name, address, runtime);
    }
  }

  private ColabSessions(Path file, Map<String, Fields> sessions) {
    this.file = file;
    this.sessions = sessions;
  }

  /** The file that holds a profile's session. */
  public static Path file(Profile.Colab colab, Map<String, String> environment) {
    String named = colab.sessionsFile();
    if (named == null) {
      named = environment.getOrDefault(FILE_VARIABLE, "");
    }
    String home = environment.getOrDefault("HOME", ""); // which the tool goes by
    if (!home.startsWith("/")) {
      home = System.getProperty("user.home");
    }
    if (named.isBlank()) {
      return Path.of(home, ".config", "colab-cli", "sessions.json");
    }
    return named.startsWith("~/")
        ? Path.of(home, named.substring(2))
        : Path.of(named).toAbsolutePath().normalize();
  }

  /** Reads a file; the message of what it throws is for the user. */
  public static ColabSessions read(Path file) throws ProfileException {
    for (int attempt = 1; ; attempt++) {
      byte[] content = content(file);
      try {
        Map<String, Fields> sessions = parse(content);
        if (!sessions.isEmpty() || attempt == TRIES) {
          return new ColabSessions(file, sessions);
        }
      } catch (IOException e) {
        if (attempt == TRIES) {
          throw new ProfileException(
              "the sessions file of Google's tool, %s, cannot be understood (%s). Have the tool write it again ('colab sessions'), or name another with --colab-sessions."
                  .formatted(file, reason(e)),
              e);
        }
      }
      LockSupport.parkNanos(BETWEEN_TRIES.toNanos());
    }
  }

  private static byte[] content(Path file) throws ProfileException {
    try {
      if (!Files.exists(file)) {
        throw new ProfileException(
            "Google's tool has no sessions here: there is no file %s. Make one with 'colab new -s NAME' (pip install google-colab-cli), or name the file with --colab-sessions."
                .formatted(file));
      }
      if (!Files.isRegularFile(file)) {
        throw new ProfileException(
            "%s is no regular file; name the sessions file of Google's tool with --colab-sessions"
                .formatted(file));
      }
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ProfileException(
            "%s is too large to be the sessions file of Google's tool; name the right one with --colab-sessions"
                .formatted(file));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new ProfileException(
          "the sessions file of Google's tool, %s, cannot be read: %s. Check its owner and mode."
              .formatted(file, e.getClass().getSimpleName()),
          e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof JsonProcessingException json && json.getLocation() != null
        ? "no JSON at line %d, column %d"
            .formatted(json.getLocation().getLineNr(), json.getLocation().getColumnNr())
        : String.valueOf(e.getMessage());
  }

  private static Map<String, Fields> parse(byte[] content) throws IOException {
    Map<String, Fields> sessions = new TreeMap<>();
    if (new String(content, StandardCharsets.UTF_8).isBlank()) {
      return sessions;
    }
    try (JsonParser json = JSON.createParser(content)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("it is no JSON object");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        if (json.nextToken() == JsonToken.START_OBJECT) {
          sessions.put(name, fields(json));
        } else {
          json.skipChildren();
        }
      }
    }
    return sessions;
  }

  private static Fields fields(JsonParser json) throws IOException {
    Map<String, String> values = new HashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      if (json.nextToken() == JsonToken.VALUE_STRING) {
        values.put(name, json.getText());
      } else {
        json.skipChildren();
      }
    }
    return new Fields(values);
  }

  /** The sessions' names, sorted. */
  public List<String> names() {
    return List.copyOf(sessions.keySet());
  }

  /** One of them; when it is not there, the message names those that are. */
  public Session session(String name) throws ProfileException {
    Fields fields = sessions.get(name);
    if (fields == null) {
      throw new ProfileException(missing(name));
    }
    String token = fields.values().getOrDefault("token", "");
    if (token.isBlank() || token.length() > MAX_TOKEN || hasControl(token)) {
      throw damaged(name, "token");
    }
    URI address = address(fields.values().getOrDefault("url", ""));
    if (address == null) {
      throw damaged(name, "url");
    }
    String runtime = fields.values().getOrDefault("endpoint", "");
    if (runtime.length() > MAX_RUNTIME || hasControl(runtime)) {
      throw damaged(name, "endpoint");
    }
    return new Session(name, address, token, runtime.isBlank() ? address.toString() : runtime);
  }

  private ProfileException damaged(String name, String field) {
    return new ProfileException(
        "the session '%s' in %s has no usable \"%s\". Have Google's tool write it again: 'colab status -s %s'."
            .formatted(ProfileDraft.shown(name), file, field, ProfileDraft.shown(name)));
  }

  /** Scheme, host and port of a URL; null when it is none that a browser would open. */
  private static @Nullable URI address(String url) {
    try {
      URI given = new URI(url.strip());
      String scheme = String.valueOf(given.getScheme()).toLowerCase(Locale.ROOT);
      if (given.getHost() == null
          || given.getUserInfo() != null
          || !Set.of("http", "https").contains(scheme)) {
        return null;
      }
      return new URI(scheme, null, given.getHost(), given.getPort(), null, null, null);
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private String missing(String name) {
    String shown = ProfileDraft.shown(name);
    if (sessions.isEmpty()) {
      return "Google's tool has no session '%s' (%s holds none). Make it with 'colab new -s %s'."
          .formatted(shown, file, shown);
    }
    String nearest = Nearest.to(name, names()).orElse(null);
    String there =
        sessions.keySet().stream()
            .limit(MAX_NAMED)
            .map(ProfileDraft::shown)
            .collect(Collectors.joining(", "));
    return "Google's tool has no session '%s'%s. There is: %s%s (%s). Make it with 'colab new -s %s', or name one of those."
        .formatted(
            shown,
            nearest == null ? "" : " (did you mean '" + ProfileDraft.shown(nearest) + "'?)",
            there,
            sessions.size() > MAX_NAMED ? ", ..." : "",
            file,
            shown);
  }

  private static boolean hasControl(String text) {
    return text.chars().anyMatch(Character::isISOControl);
  }
}
