package colabfs.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;

/** Settings for people and for programs; values that may be secrets are never in it. */
public final class SettingsText {
  private static final int VERSION = 1;

  private SettingsText() {}

  /** A setting's value in words. */
  public static String value(Setting setting, Settings.Value value) {
    if (value.source() == Settings.Source.BUILT_IN) {
      return setting.builtIn();
    }
    List<String> shown = shown(setting, value);
    return shown.isEmpty() ? "none" : String.join(",", shown);
  }

  private static List<String> shown(Setting setting, Settings.Value value) {
    return setting.isConfidential()
        ? value.elements().stream().map(each -> each.replaceFirst("=.*", "=(hidden)")).toList()
        : value.elements();
  }

  /** Where a value comes from, in words. */
  public static String source(Setting setting, Settings.Value value) {
    return switch (value.source()) {
      case ENVIRONMENT -> setting.variable();
      case FILE -> "config.json";
      case BUILT_IN -> "built-in";
    };
  }

  /** The JSON that {@code colabfs config --json} prints (docs/CONFIG.md). */
  public static String json(Settings settings) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      DefaultPrettyPrinter pretty = new DefaultPrettyPrinter();
      pretty.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
      json.setPrettyPrinter(pretty);
      json.writeStartObject();
      json.writeNumberField("version", VERSION);
      json.writeStringField("file", settings.file().toString());
      json.writeArrayFieldStart("settings");
      for (Setting setting : Setting.values()) {
        write(json, setting, settings.value(setting));
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("text cannot fail to be written", e);
    }
    return text + "\n";
  }

  private static void write(JsonGenerator json, Setting setting, Settings.Value value)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("key", setting.key());
    json.writeStringField("value", value(setting, value));
    json.writeStringField("source", value.source().name().toLowerCase(Locale.ROOT));
    json.writeStringField("built_in", setting.builtIn());
    json.writeStringField("variable", setting.variable());
    json.writeStringField("purpose", setting.purpose());
    json.writeEndObject();
  }
}
