package colabfs.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SetupCellTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String KEY = "ssh-ed25519 AAAA me";

  @TempDir Path directory;

  private static SetupSettings settings(String root, String tunnel) {
    return new SetupSettings("lab", List.of(KEY), root, 8722, tunnel, true, false);
  }

  @Test
  void notebook_isOfFormat4_andItsCodeIsTheCell() throws IOException {
    SetupCell cell = new SetupCell(settings("/content", "none"));
    JsonNode notebook = JSON.readTree(cell.notebook());
    assertThat(notebook.path("nbformat").asInt()).isEqualTo(4);
    assertThat(notebook.path("nbformat_minor").isInt()).isTrue();
    assertThat(notebook.path("metadata").path("kernelspec").path("name").asText())
        .isEqualTo("python3");
    JsonNode words = notebook.path("cells").path(0);
    assertThat(words.path("cell_type").asText()).isEqualTo("markdown");
    assertThat(words.path("metadata").isObject()).isTrue();
    assertThat(text(words)).contains("may not be used for SSH");
    JsonNode code = notebook.path("cells").path(1);
    assertThat(code.path("cell_type").asText()).isEqualTo("code");
    assertThat(code.path("metadata").isObject()).isTrue();
    assertThat(code.path("outputs").isArray()).isTrue();
    assertThat(code.path("execution_count").isNull()).isTrue();
    assertThat(text(code)).isEqualTo(cell.code().stripTrailing());
    assertThat(notebook.path("cells")).hasSize(2);
  }

  private static String text(JsonNode cell) {
    StringBuilder text = new StringBuilder();
    cell.path("source").forEach(line -> text.append(line.asText()));
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "it's",
        "'''\nimport os; os.abort()\n'''",
        "\"\"\" \\",
        "\\' \\\\' \\u0027 \\N{DIGIT ONE}",
        "tab\tnul\0 line\u2028 \ud83d\ude00 ä",
        "%s %n {x}"
      })
  void settings_ofAnyText_arriveInPythonAsTheyAre(String text)
      throws IOException, InterruptedException {
    Path code = directory.resolve("cell.py");
    SetupCell cell = new SetupCell(settings("/" + text, "command:" + text + "x"));
    Files.writeString(code, cell.code());
    // the program's name is not that of a main program, so the cell defines and does not run
    String program =
        "import json,sys;names={'__name__':'x'};exec(open(sys.argv[1]).read(),names);"
            + "print(json.dumps(json.loads(names['SETTINGS'])))";
    Process python =
        new ProcessBuilder("python3", "-B", "-c", program, code.toString())
            .redirectErrorStream(true)
            .start();
    String out = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(python.waitFor()).as(out).isZero();
    JsonNode read = JSON.readTree(out);
    assertThat(read.path("root").asText()).isEqualTo("/" + text);
    assertThat(read.path("tunnel").asText()).isEqualTo("command:" + text + "x");
    assertThat(read.path("keys").path(0).asText()).isEqualTo(KEY);
    assertThat(read.path("port").asInt()).isEqualTo(8722);
    assertThat(read.path("drive").asBoolean()).isTrue();
    assertThat(read.path("password").asBoolean()).isFalse();
  }

  @Test
  void settings_thatCannotBe_areRefused() {
    assertThatThrownBy(() -> settings("/c", "carrier")).hasMessageContaining("take none, ngrok");
    assertThatThrownBy(() -> settings("/c", "command: ")).hasMessageContaining("no program");
    assertThatThrownBy(() -> settings("content", "none")).hasMessageContaining("not absolute");
    assertThatThrownBy(
            () -> new SetupSettings("lab", List.of(KEY), "/c", 65536, "none", false, false))
        .hasMessageContaining("1 to 65535");
  }
}
