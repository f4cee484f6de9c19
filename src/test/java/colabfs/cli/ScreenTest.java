package colabfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ScreenTest {
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  @Test
  void leaving_setsTheTerminalBack_howeverItWasSet() throws IOException {
    String set = "a\033[?1049hb\033[?1;2004h\033=\033[?25l\033[>4;2m\033[?1lü";
    for (int piece : new int[] {1, 2, 3, 7, 100}) {
      shown.reset();
      Screen screen = new Screen(shown, true);
      write(screen, set, piece);
      screen.leave();
      assertThat(text()).isEqualTo(set + "\033[0m\033[?1049l\033[?2004l\033[?25h\033>\033[>4m");
    }
  }

  @Test
  void whatTheCommandSetBackItself_isLeft() throws IOException {
    Screen screen = new Screen(shown, true);
    String set = "\033[?1049h\033[?25l\033=\033[?25h\033>\033[?1049l";
    write(screen, set, 100);
    screen.leave();
    assertThat(text()).isEqualTo(set);
  }

  @Test
  void afterLeaving_nothingIsShown() throws IOException {
    Screen screen = new Screen(shown, true);
    screen.leave();
    write(screen, "more", 100);
    assertThat(text()).isEmpty();
  }

  @Test
  void whereItIsNoTerminal_nothingIsAdded() throws IOException {
    Screen screen = new Screen(shown, false);
    write(screen, "\033[?1049h", 100);
    screen.leave();
    assertThat(text()).isEqualTo("\033[?1049h");
  }

  private static void write(Screen screen, String text, int piece) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; at += piece) {
      screen.write(bytes, at, Math.min(piece, bytes.length - at));
    }
  }

  private String text() {
    return shown.toString(StandardCharsets.UTF_8);
  }
}
