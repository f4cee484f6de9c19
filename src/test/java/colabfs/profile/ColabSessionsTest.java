package colabfs.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ColabSessionsTest {
  private static final String TRAINER =
      """
      {
        "trainer": {"name": "trainer", "token": "secret+token", "endpoint": "m-s-1",
          "url": "https://8080-m-s-1.prod.colab.dev/tun?x=y", "variant": "GPU",
          "last_execution": ["a", null, ["b"]], "keep_alive_pid": 12, "more": {"deep": [{}]}},
        "trial": {"name": "trial", "token": "t", "url": "http://127.0.0.1:8080", "endpoint": ""},
        "strange": 7
      }
      """;

  @TempDir Path dir;

  private ColabSessions read(String text) throws IOException, ProfileException {
    return ColabSessions.read(Files.writeString(dir.resolve("sessions.json"), text));
  }

  @Test
  void session_isRead_withoutItsPath_andWithoutShowingItsToken() throws Exception {
    ColabSessions.Session session = read(TRAINER).session("trainer");
    assertThat(session.address()).isEqualTo(URI.create("https://8080-m-s-1.prod.colab.dev"));
    assertThat(session.token()).isEqualTo("secret+token");
    assertThat(session.runtime()).isEqualTo("m-s-1");
    assertThat(session.toString()).doesNotContain("secret");
  }

  @Test
  void sessionWithoutARuntimesName_isKnownByItsAddress() throws Exception {
    assertThat(read(TRAINER).session("trial").runtime()).isEqualTo("http://127.0.0.1:8080");
  }

  @Test
  void missingSession_namesThoseThatAreThere_andTheNearest() throws Exception {
    assertThat(read(TRAINER).names()).containsExactly("trainer", "trial");
    assertThatThrownBy(() -> read(TRAINER).session("trianer"))
        .hasMessageContaining("did you mean 'trainer'?")
        .hasMessageContaining("There is: trainer, trial")
        .hasMessageContaining("colab new -s trianer")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  \n", "{}"})
  void emptyFile_hasNoSessions(String text) throws Exception {
    assertThatThrownBy(() -> read(text).session("trainer"))
        .hasMessageContaining("holds none")
        .hasMessageContaining("colab new -s trainer");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[1]", "{\"a\": {\"token\": \"secret", "\u0000\u0001", "secret", "{\"a\""})
  void garbage_isAClearError_thatShowsNothingOfIt(String text) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("cannot be understood")
        .hasMessageContaining("colab sessions")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\": {\"token\": \"t\"}}",
        "{\"a\": {\"token\": \"t\", \"url\": \"file:///etc/passwd\"}}",
        "{\"a\": {\"token\": \"t\", \"url\": \"https://user:pw@host\"}}",
        "{\"a\": {\"token\": \"t\", \"url\": \"https://\"}}",
        "{\"a\": {\"token\": \"t\\nX-Header: 1\", \"url\": \"https://host\"}}",
        "{\"a\": {\"token\": \"\", \"url\": \"https://host\"}}",
        "{\"a\": {\"token\": 5, \"url\": \"https://host\"}}",
        "{\"a\": {\"token\": \"t\", \"url\": \"https://host\", \"endpoint\": \"\\u001b[2J\"}}",
      })
  void hostileSession_isNotUsed(String text) {
    assertThatThrownBy(() -> read(text).session("a"))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("no usable")
        .hasMessageContaining("colab status -s a");
  }

  @Test
  void missingFile_saysHowToMakeASession() {
    assertThatThrownBy(() -> ColabSessions.read(dir.resolve("none.json")))
        .hasMessageContaining("colab new -s NAME")
        .hasMessageContaining("none.json");
  }

  @Test
  void directoryOrHugeFile_isNotRead() throws Exception {
    assertThatThrownBy(() -> ColabSessions.read(dir)).hasMessageContaining("no regular file");
    Path huge = Files.write(dir.resolve("huge"), new byte[(4 << 20) + 1]);
    assertThatThrownBy(() -> ColabSessions.read(huge)).hasMessageContaining("too large");
  }

  @Test
  void fileThatIsBeingWritten_isReadAgain() throws Exception {
    Path file = Files.write(dir.resolve("sessions.json"), new byte[0]);
    Thread tool =
        new Thread(
            () -> {
              try {
                Files.write(file, TRAINER.getBytes(StandardCharsets.UTF_8));
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    tool.start();
    assertThat(ColabSessions.read(file).names()).contains("trainer");
    tool.join();
  }

  @Test
  void place_isTheProfiles_elseTheEnvironments_elseTheTools() {
    Profile.Colab usual = new Profile.Colab("a", null, null);
    assertThat(ColabSessions.file(usual, Map.of("HOME", "/h")))
        .isEqualTo(Path.of("/h/.config/colab-cli/sessions.json"));
    assertThat(ColabSessions.file(usual, Map.of("HOME", "/h", "COLABFS_COLAB_SESSIONS", "~/s")))
        .isEqualTo(Path.of("/h/s"));
    assertThat(
            ColabSessions.file(
                new Profile.Colab("a", "/own", null), Map.of("COLABFS_COLAB_SESSIONS", "/s")))
        .isEqualTo(Path.of("/own"));
  }
}
