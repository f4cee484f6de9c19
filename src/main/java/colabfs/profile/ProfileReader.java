package colabfs.profile;

import colabfs.core.Nearest;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads one profile's JSON object, token by token. */
final class ProfileReader {

  private static final Set<String> OWN_FIELDS =
      Set.of(
          "version",
          "host",
          "port",
          "user",
          "password",
          "key",
          "passphrase",
          "password_command",
          "host_key",
          "proxy_command",
          "colab_session",
          "colab_sessions",
          "colab_runtime",
          "root",
          "server");

  /** What ColabLink calls the same; {@code workspace} until it had {@code remote_root}. */
  private static final Map<String, String> OTHER_NAMES =
      Map.of("username", "user", "remote_root", "root", "workspace", "root");

  private final JsonParser json;
  private final boolean stored;

  /** The values by the names under which they stood. */
  private final Map<String, String> values = new LinkedHashMap<>();

  private final List<String> warnings = new ArrayList<>();
  private Profile.@Nullable ServerFacts facts;

  /**
   * @param stored true for our own file, where an unknown field is an error and other tools' names
   *     are unknown
   */
  ProfileReader(JsonParser json, boolean stored) {
    this.json = json;
    this.stored = stored;
  }

  void read() throws IOException, ProfileException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw new ProfileException(
          "the JSON is no object: give something like {\"host\": \"0.tcp.ngrok.io\", \"port\": 12345}");
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      field(json.currentName(), json.nextToken());
    }
    if (json.nextToken() != null) {
      throw new ProfileException("something follows the JSON object: give one object only");
    }
  }

  private void field(String name, JsonToken token) throws IOException, ProfileException {
    if (!stored && name.equals("password_command")) {
      warnings.add(
          "the field \"password_command\" is left out, as it would run a program here; give it with --password-command");
      json.skipChildren();
      return;
    }
    if (OWN_FIELDS.contains(name) || (!stored && OTHER_NAMES.containsKey(name))) {
      switch (name) {
        case "version" -> checkVersion(token);
        case "server" -> server(token);
        default -> scalar(name, token);
      }
      return;
    }
    String message =
        "the field \"%s\" is unknown%s".formatted(ProfileDraft.shown(name), nearest(name));
    if (stored) {
      throw new ProfileException(message + "; correct the file, or make the profile again");
    }
    warnings.add(message + "; it is left out");
    json.skipChildren();
  }

  private void scalar(String name, JsonToken token) throws IOException, ProfileException {
    switch (token) {
      case VALUE_NULL -> {}
      case VALUE_STRING, VALUE_NUMBER_INT -> {
        String text = json.getText();
        if (!text.isBlank()) {
          values.put(name, isSecret(name) ? text : text.strip());
        }
      }
      default ->
          throw new ProfileException(
              "the field \"%s\" is neither text nor a whole number: correct it".formatted(name));
    }
  }

  private static boolean isSecret(String name) {
    return name.equals("password") || name.equals("passphrase");
  }

  private void checkVersion(JsonToken token) throws IOException, ProfileException {
    if (token != JsonToken.VALUE_NUMBER_INT || json.getLongValue() < 1) {
      throw new ProfileException("the field \"version\" is no version: it should be 1");
    }
    if (json.getLongValue() > ProfileJson.VERSION) {
      throw new ProfileException(
          "the profile was written by a newer colabfs (version %d, this one knows %d): update colabfs, or make the profile again"
              .formatted(json.getLongValue(), ProfileJson.VERSION));
    }
  }

  private void server(JsonToken token) throws IOException, ProfileException {
    if (!stored) {
      json.skipChildren();
      return;
    }
    if (token != JsonToken.START_OBJECT) {
      throw damagedServer();
    }
    String software = "";
    List<String> extensions = new ArrayList<>();
    int uid = 0;
    int gid = 0;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      switch (name) {
        case "software" -> software = json.getText();
        case "uid" -> uid = json.getIntValue();
        case "gid" -> gid = json.getIntValue();
        case "extensions" -> {
          if (value != JsonToken.START_ARRAY) {
            throw damagedServer();
          }
          while (json.nextToken() != JsonToken.END_ARRAY) {
            extensions.add(json.getText());
          }
        }
        default -> throw damagedServer();
      }
    }
    facts = new Profile.ServerFacts(software, extensions, uid, gid);
  }

  private static ProfileException damagedServer() {
    return new ProfileException(
        "the field \"server\" is damaged: take it out of the file, it will be found again");
  }

  ProfileDraft draft() throws ProfileException {
    return new ProfileDraft(
        values.get("host"),
        values.get("port"),
        same("user", "username"),
        values.get("password"),
        values.get("key"),
        values.get("passphrase"),
        values.get("password_command"),
        values.get("host_key"),
        values.get("proxy_command"),
        root(),
        colab());
  }

  private Profile.@Nullable Colab colab() {
    String session = values.get("colab_session");
    return session == null
        ? null
        : new Profile.Colab(session, values.get("colab_sessions"), values.get("colab_runtime"));
  }

  private @Nullable String root() throws ProfileException {
    String root = same("root", "remote_root");
    return root != null ? root : values.get("workspace");
  }

  private @Nullable String same(String ours, String theirs) throws ProfileException {
    String our = values.get(ours);
    String their = values.get(theirs);
    if (our != null && their != null && !our.equals(their)) {
      throw new ProfileException(
          "\"%s\" and \"%s\" say different things: take one away".formatted(ours, theirs));
    }
    return our != null ? our : their;
  }

  List<String> warnings() {
    return List.copyOf(warnings);
  }

  Profile.@Nullable ServerFacts facts() {
    return facts;
  }

  private static String nearest(String name) {
    return Nearest.to(name, OWN_FIELDS).map(" (did you mean \"%s\"?)"::formatted).orElse("");
  }
}
