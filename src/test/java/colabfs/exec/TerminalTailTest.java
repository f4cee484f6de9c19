package colabfs.exec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class TerminalTailTest {
  private final TerminalTail tail = new TerminalTail();

  @Test
  void linesAndColours_areShown_questionsAndSettingsAreNot() {
    String printed =
        "half a line\r\n\033[31mgrün\033[0m\033[6n\033[?2004h\033]0;title\007\033[c$ \033P+q544e\033\\"
            + "\033(B\033=\007x";
    assertThat(shown(100, printed)).isEqualTo("\033[31mgrün\033[0m$ x\033[0m");
  }

  @Test
  void fromTheFirstByte_nothingIsCutOff() {
    assertThat(shown(0, "one\r\ntwo")).isEqualTo("one\r\ntwo\033[0m");
  }

  @Test
  void whatWasOnTheOtherScreen_isNotShown() {
    assertThat(shown(0, "$ vim\r\n\033[?1049h~ ~ ~\033[?1049l$ less\033[?47hx"))
        .isEqualTo("$ vim\r\n$ less\033[0m");
  }

  @Test
  void whileTheOtherScreenIsShown_nothingIs_asItIsDrawnAnew() {
    tail.until(110);
    assertThat(text(tail.modes(bytes("\033[?1049h\033[?1h\033[?7h\033[?2004l\033[?25l\033="))))
        .isEqualTo("\033[?1049h\033[?1h\033[?25l\033=\033[H\033[2J");
    assertThat(text(tail.printed(100, bytes("~\r\n~ ~ ~ xnew")))).isEqualTo("new");
    assertThat(tail.isOver()).isTrue();
  }

  @Test
  void whatComesAfterIt_isUntouched() {
    tail.until(4);
    assertThat(tail.printed(0, bytes("ab"))).isEmpty();
    assertThat(text(tail.printed(2, bytes("cd\033[6n")))).isEqualTo("abcd\033[0m\033[6n");
    assertThat(tail.isOver()).isTrue();
  }

  @Test
  void jobThatPrintsMoreAndMoreMeanwhile_fillsNoMemory() {
    tail.until(Long.MAX_VALUE - 1);
    byte[] piece = bytes("x".repeat(32 * 1024 - 1) + "\n");
    for (long at = 1; at < 10_000_000; at += piece.length) {
      assertThat(tail.printed(at, piece)).isEmpty();
    }
    tail.until(20_000_000);
    assertThat(tail.printed(20_000_000, bytes("new")))
        .hasSizeLessThan(128 * 1024)
        .endsWith(bytes("new"));
  }

  @Test
  void settingsThatAreNone_areNotShown() {
    assertThat(text(tail.modes(bytes("\033[?1049lrm -r x\r\033]0;x\007")))).isEmpty();
  }

  private String shown(long offset, String printed) {
    tail.until(offset + bytes(printed).length);
    return text(tail.printed(offset, bytes(printed)));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
