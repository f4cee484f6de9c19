package colabfs.profile;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Profiles as JSON: what is pasted from another tool, what is stored, and what may be shown.
 *
 * <p>Works on tokens, since binding to classes would cost a short command half its time. No message
 * repeats the text that it complains about: it may hold a password.
 */
public final class ProfileJson {

  /** The stored format's version; docs/PROFILES.md describes it. */
  public static final int VERSION = 1;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  /**
   * Pasted JSON, taken apart.
   *
   * @param warnings what was not understood and left out, for the user
   */
  public record Pasted(ProfileDraft draft, List<String> warnings) {}

  /**
   * The profile in a pasted JSON object: ColabLink's ({@code username}, {@code remote_root}, or
   * {@code workspace} of its older versions) or ours. Unknown fields are left out.
   */
  public static Profile parse(String name, String json) throws ProfileException {
    return pasted(json).draft().toProfile(name);
  }

  /** As {@link #parse}, before the checks and with the warnings. */
  public static Pasted pasted(String json) throws ProfileException {
    ProfileReader reader = read(json, false);
    return new Pasted(reader.draft(), reader.warnings());
  }

  /** A stored profile; unknown fields are errors. */
  static Profile stored(String name, String json) throws ProfileException {
    ProfileReader reader = read(json, true);
    Profile profile = reader.draft().toProfile(name);
    Profile.ServerFacts facts = reader.facts();
    return facts == null ? profile : profile.withServer(facts);
  }

  private static ProfileReader read(String json, boolean stored) throws ProfileException {
    try (JsonParser parser = JSON.createParser(json)) {
      ProfileReader reader = new ProfileReader(parser, stored);
      reader.read();
      return reader;
    } catch (JsonProcessingException e) {
      throw new ProfileException(notJson(json, e), e);
    } catch (IOException e) {
      throw new UncheckedIOException("text cannot fail to be read", e);
    }
  }

  private static String notJson(String json, JsonProcessingException e) {
    String where =
        e.getLocation() == null
            ? ""
            : " (line %d, column %d)"
                .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
    if (String.valueOf(e.getOriginalMessage()).startsWith("Duplicate field")) {
      return "the JSON has a field twice" + where + ": take one away";
    }
    String next;
    if (json.strip().startsWith("{'")) {
      next = "JSON's quotes are \"double\": replace Python's 'single' ones";
    } else if (json.indexOf('\u201c') >= 0 || json.indexOf('\u201d') >= 0) {
      next = "its quotes were made typographic on the way: replace them by plain \"quotes\"";
    } else if (json.indexOf('"') < 0) {
      next =
          "it has no quotes, the shell has probably taken them: put the text in '...', or pipe it"
              + " into 'colabfs init -'";
    } else {
      next = "copy it once more, from { to }";
    }
    return "that is not JSON" + where + ": " + next;
  }

  /** The stored form, with its secrets. */
  static String text(Profile profile) {
    return written(
        json -> {
          json.writeStartObject();
          json.writeNumberField("version", VERSION);
          endpoint(json, profile.endpoint());
          json.writeStringField("user", profile.user());
          field(json, "password", profile.credentials().password());
          field(json, "key", profile.credentials().key());
          field(json, "passphrase", profile.credentials().passphrase());
          field(json, "password_command", profile.credentials().passwordCommand());
          field(json, "host_key", profile.hostKey());
          json.writeStringField("root", profile.root());
          server(json, profile.server());
          json.writeEndObject();
        });
  }

  /** One profile for the user's eyes or programs: secrets are named, never given. */
  public static String shown(Profile profile, boolean isDefault) {
    return written(json -> shown(json, profile, isDefault));
  }

  /** All of them, as {@code {"version": 1, "profiles": [...]}}. */
  public static String shown(List<Profile> profiles, String defaultName) {
    return written(
        json -> {
          json.writeStartObject();
          json.writeNumberField("version", VERSION);
          json.writeArrayFieldStart("profiles");
          for (Profile profile : profiles) {
            shown(json, profile, profile.name().equals(defaultName));
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  private static void shown(JsonGenerator json, Profile profile, boolean isDefault)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", profile.name());
    json.writeBooleanField("default", isDefault);
    endpoint(json, profile.endpoint());
    json.writeStringField("user", profile.user());
    json.writeBooleanField("has_password", profile.credentials().password() != null);
    field(json, "password_command", profile.credentials().passwordCommand());
    field(json, "key", profile.credentials().key());
    json.writeBooleanField("has_passphrase", profile.credentials().passphrase() != null);
    field(json, "host_key", profile.hostKey());
    field(json, "host_key_fingerprint", fingerprint(profile.hostKey()));
    json.writeStringField("root", profile.root());
    server(json, profile.server());
    json.writeEndObject();
  }

  private static void server(JsonGenerator json, Profile.@Nullable ServerFacts facts)
      throws IOException {
    if (facts == null) {
      return;
    }
    json.writeObjectFieldStart("server");
    json.writeStringField("software", facts.software());
    json.writeArrayFieldStart("extensions");
    for (String extension : facts.extensions()) {
      json.writeString(extension);
    }
    json.writeEndArray();
    json.writeNumberField("uid", facts.uid());
    json.writeNumberField("gid", facts.gid());
    json.writeEndObject();
  }

  private static void endpoint(JsonGenerator json, Profile.Endpoint endpoint) throws IOException {
    if (endpoint instanceof Profile.Colab colab) {
      json.writeStringField("colab_session", colab.session());
      field(json, "colab_sessions", colab.sessionsFile());
      field(json, "colab_runtime", colab.pinnedRuntime());
      return;
    }
    json.writeStringField("host", endpoint.host());
    json.writeNumberField("port", endpoint.port());
    if (endpoint instanceof Profile.Command command) {
      json.writeStringField("proxy_command", command.command());
    }
  }

  private static @Nullable String fingerprint(@Nullable String hostKey) {
    if (hostKey == null) {
      return null;
    }
    try {
      return HostKeyLine.parse(hostKey).fingerprint();
    } catch (ProfileException e) {
      throw new IllegalArgumentException("a profile's host key was checked when it was made", e);
    }
  }

  private static void field(JsonGenerator json, String name, @Nullable String value)
      throws IOException {
    if (value != null) {
      json.writeStringField(name, value);
    }
  }

  private interface Writing {
    void to(JsonGenerator json) throws IOException;
  }

  private static String written(Writing writing) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      DefaultPrettyPrinter pretty = new DefaultPrettyPrinter();
      pretty.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
      json.setPrettyPrinter(pretty);
      writing.to(json);
    } catch (IOException e) {
      throw new UncheckedIOException("text cannot fail to be written", e);
    }
    return text + "\n";
  }

  private ProfileJson() {}
}
