package colabfs.config;

import colabfs.core.Nearest;
import colabfs.profile.PrivateFiles;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file of settings, {@code config.json}: one JSON object whose fields are the settings' keys.
 *
 * <p>Durability: replaced in one step. Errors: {@link ConfigException} with file and line; nothing
 * that is not understood is passed over.
 */
final class ConfigFile {
  private static final int VERSION = 1;

  /** Far above any; keeps a stray file from filling the heap. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;

  /** Loaded when there is a file: short commands without one do not pay for it. */
  private static final class Json {
    static final JsonFactory FACTORY =
        JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();
  }

  ConfigFile(Path file) {
    this.file = file;
  }

  /** What it says; nothing when it is not there. */
  Map<Setting, List<String>> read() throws ConfigException {
    String text;
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw bad("it is too large for settings", null);
      }
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      return Map.of();
    } catch (MalformedInputException e) {
      throw bad("it is not UTF-8", e);
    } catch (IOException e) {
      throw new ConfigException(
          "the settings in %s cannot be read: %s; check who owns the file"
              .formatted(file, reason(e)),
          e);
    }
    try (JsonParser json = Json.FACTORY.createParser(text)) {
      return read(json);
    } catch (JsonProcessingException e) {
      String what =
          String.valueOf(e.getOriginalMessage()).startsWith("Duplicate field")
              ? "a field stands there twice"
              : "that is not JSON";
      throw bad(what + at(e.getLocation()), e);
    } catch (IOException e) {
      throw new UncheckedIOException("text cannot fail to be read", e);
    }
  }

  private Map<Setting, List<String>> read(JsonParser json) throws IOException, ConfigException {
    Map<Setting, List<String>> values = new EnumMap<>(Setting.class);
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw bad("it is no JSON object", null);
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonLocation where = json.currentTokenLocation();
      JsonToken token = json.nextToken();
      if (key.equals("version")) {
        version(json, token);
        continue;
      }
      Setting setting = setting(key, where);
      try {
        values.put(setting, value(setting, json, token));
      } catch (IllegalArgumentException e) {
        throw bad("%s%s must be %s".formatted(key, at(where), e.getMessage()), e);
      }
    }
    if (json.nextToken() != null) {
      throw bad("something follows the JSON object" + at(json.currentTokenLocation()), null);
    }
    return values;
  }

  private void version(JsonParser json, JsonToken token) throws IOException, ConfigException {
    if (token != JsonToken.VALUE_NUMBER_INT || json.getLongValue() < 1) {
      throw bad("\"version\" must be 1", null);
    }
    if (json.getLongValue() > VERSION) {
      throw new ConfigException(
          "%s was written for a newer colabfs (version %d, this one knows %d); update colabfs, or remove the file"
              .formatted(file, json.getLongValue(), VERSION));
    }
  }

  private Setting setting(String key, JsonLocation where) throws ConfigException {
    Setting found = Setting.of(key).orElse(null);
    if (found == null) {
      throw bad(unknown(key) + at(where), null);
    }
    if (!found.isOfFile()) {
      throw bad(
          "%s cannot be set in a file%s, only by %s".formatted(key, at(where), found.variable()),
          null);
    }
    return found;
  }

  /** That there is no such setting, and which may be meant. */
  static String unknown(String key) {
    List<String> keys =
        Stream.of(Setting.values()).filter(Setting::isOfFile).map(Setting::key).toList();
    String shown = key.length() > 60 ? key.substring(0, 60) + "..." : key;
    return "there is no setting '%s'%s"
        .formatted(
            shown.replaceAll("\\p{Cntrl}", "?"),
            Nearest.to(key, keys).map(" (did you mean '%s'?)"::formatted).orElse(""));
  }

  private static List<String> value(Setting setting, JsonParser json, JsonToken token)
      throws IOException {
    if (setting.isList() && token == JsonToken.START_ARRAY) {
      List<String> elements = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        elements.add(setting.checked(scalar(json, json.currentToken())));
      }
      return elements;
    }
    String text = scalar(json, token);
    return setting.isList()
        ? Values.list(text).stream().map(setting::checked).toList()
        : List.of(setting.checked(text));
  }

  private static String scalar(JsonParser json, JsonToken token) throws IOException {
    return switch (token) {
      case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE ->
          json.getText();
      default -> throw new IllegalArgumentException("a text, a number, or true or false");
    };
  }

  /** Replaces the file, for the user alone. */
  void write(Map<Setting, List<String>> values) throws ConfigException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.FACTORY.createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeNumberField("version", VERSION);
      for (Map.Entry<Setting, List<String>> each : values.entrySet()) {
        json.writeFieldName(each.getKey().key());
        write(json, each.getKey(), each.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("text cannot fail to be written", e);
    }
    try {
      Path directory = file.getParent();
      if (directory == null) {
        throw new IOException("it has no directory");
      }
      PrivateFiles.makeDirectory(directory);
      PrivateFiles.write(directory, file, text + "\n");
    } catch (IOException e) {
      throw new ConfigException(
          "the settings in %s cannot be written: %s; check the directory and the disk"
              .formatted(file, reason(e)),
          e);
    }
  }

  private static void write(JsonGenerator json, Setting setting, List<String> value)
      throws IOException {
    if (setting.isList()) {
      json.writeStartArray();
      for (String element : value) {
        json.writeString(element);
      }
      json.writeEndArray();
    } else if (setting.isFlag()) {
      json.writeBoolean(Boolean.parseBoolean(value.get(0)));
    } else {
      json.writeString(value.get(0));
    }
  }

  private ConfigException bad(String what, @Nullable Throwable cause) {
    String message = "the settings in %s: %s; correct or remove the file".formatted(file, what);
    return cause == null ? new ConfigException(message) : new ConfigException(message, cause);
  }

  private static String at(@Nullable JsonLocation where) {
    return where == null
        ? ""
        : " (line %d, column %d)".formatted(where.getLineNr(), where.getColumnNr());
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    return e instanceof java.nio.file.FileSystemException f && f.getReason() != null
        ? f.getReason()
        : e.toString();
  }
}
