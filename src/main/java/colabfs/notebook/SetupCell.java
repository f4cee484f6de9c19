package colabfs.notebook;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The cell for one user: the program {@code setup_cell.py} behind a head with the settings.
 *
 * <p>The settings are JSON in a raw string of Python. They are pure ASCII without an apostrophe, so
 * nothing that stands in them can end that string, whatever the user typed.
 */
public final class SetupCell {

  /** By this a file is known as one that was written here. */
  public static final String MARK = "Written by colabfs setup";

  private static final String PROGRAM = "setup_cell.py";

  private static final String INTRODUCTION =
      """
      # Reach this runtime with colabfs

      Run the cell below. It starts an SSH server that only your key opens, opens the tunnel that you chose, and prints \
      one line to paste into a terminal of your own machine. It goes on running, so that the tunnel stays open. \
      Run it again after a reset.

      Google's rules: free runtimes without compute units may not be used for SSH, and third-party tunnels are a risk to \
      the account.
      """;

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final SetupSettings settings;

  public SetupCell(SetupSettings settings) {
    this.settings = settings;
  }

  /** The cell's Python code. */
  public String code() {
    return """
        # %s. It lets colabfs on your own machine mount this runtime:
        # starts an SSH server that the keys below open, opens a tunnel to it, and prints the line to paste there.
        # Nothing secret is in it. Only Python's standard library is used. Run it as often as you like.

        SETTINGS = r'''
        %s
        '''

        %s"""
        .formatted(MARK, written(this::settings), program());
  }

  /** A notebook of format 4 with the cell and a word before it. */
  public String notebook() {
    return written(this::notebook) + "\n";
  }

  private void settings(JsonGenerator json) throws IOException {
    json.setCharacterEscapes(new NoApostrophe());
    json.writeStartObject();
    json.writeStringField("name", settings.name());
    json.writeArrayFieldStart("keys");
    for (String key : settings.keys()) {
      json.writeString(key);
    }
    json.writeEndArray();
    json.writeStringField("root", settings.root());
    json.writeNumberField("port", settings.port());
    json.writeStringField("tunnel", settings.tunnel());
    json.writeBooleanField("drive", settings.drive());
    json.writeBooleanField("password", settings.password());
    json.writeEndObject();
  }

  private void notebook(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeArrayFieldStart("cells");
    json.writeStartObject();
    json.writeStringField("cell_type", "markdown");
    json.writeObjectFieldStart("metadata");
    json.writeEndObject();
    lines(json, INTRODUCTION);
    json.writeEndObject();
    json.writeStartObject();
    json.writeStringField("cell_type", "code");
    json.writeNullField("execution_count");
    json.writeObjectFieldStart("metadata");
    json.writeEndObject();
    json.writeArrayFieldStart("outputs");
    json.writeEndArray();
    lines(json, code());
    json.writeEndObject();
    json.writeEndArray();
    json.writeObjectFieldStart("metadata");
    json.writeObjectFieldStart("kernelspec");
    json.writeStringField("display_name", "Python 3");
    json.writeStringField("language", "python");
    json.writeStringField("name", "python3");
    json.writeEndObject();
    json.writeObjectFieldStart("language_info");
    json.writeStringField("name", "python");
    json.writeEndObject();
    json.writeEndObject();
    json.writeNumberField("nbformat", 4);
    json.writeNumberField("nbformat_minor", 4);
    json.writeEndObject();
  }

  /** A cell's text as notebooks have it: lines that keep their ends. */
  private static void lines(JsonGenerator json, String text) throws IOException {
    json.writeArrayFieldStart("source");
    List<String> lines = text.stripTrailing().lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      json.writeString(i + 1 < lines.size() ? lines.get(i) + "\n" : lines.get(i));
    }
    json.writeEndArray();
  }

  private static String program() {
    try (InputStream source = SetupCell.class.getResourceAsStream(PROGRAM)) {
      if (source == null) {
        throw new IllegalStateException(PROGRAM + " is missing in the program; build it again");
      }
      return new String(source.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
    return text.toString();
  }

  /** JSON's own escapes, and one for the apostrophe, which would end Python's string. */
  private static final class NoApostrophe extends CharacterEscapes {
    private static final long serialVersionUID = 1L;

    private final int[] ascii = standardAsciiEscapesForJSON();

    NoApostrophe() {
      ascii['\''] = ESCAPE_STANDARD;
    }

    @Override
    public int[] getEscapeCodesForAscii() {
      return ascii.clone();
    }

    @Override
    public @Nullable SerializableString getEscapeSequence(int character) {
      return null;
    }
  }
}
