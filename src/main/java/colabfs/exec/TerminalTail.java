package colabfs.exec;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The last that a terminal showed before somebody came to it, as text: what would ask his own
 * terminal for something, or set it, is left out. Of a program that draws on the whole screen
 * nothing is shown, as it draws again.
 *
 * <p>Bytes are taken for characters one by one here, so that UTF-8 passes as it is. Threading: one
 * thread.
 */
final class TerminalTail {
  /** Sequences but those for colours; and what was shown on the other screen. */
  private static final Pattern HIDDEN =
      Pattern.compile(
          "\\x1b\\[\\?(?:1049|1047|47)h.*?(?:\\x1b\\[\\?(?:1049|1047|47)l|\\z)"
              + "|\\x1b\\[[0-?]*[ -/]*(?!m)[@-~]"
              + "|\\x1b[\\]PX^_][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)?"
              + "|\\x1b[ -/]*[0-Z\\\\^-~]"
              + "|\\x1b\\[?[0-?]*\\z"
              + "|[\\x00-\\x07\\x0e-\\x1a\\x1c-\\x1f]",
          Pattern.DOTALL);

  private static final Pattern MODE = Pattern.compile("\\x1b\\[\\?(\\d{1,5})([hl])");
  private static final Pattern KEYS = Pattern.compile("\\x1b=|\\x1b\\[>4;\\dm");
  private static final Pattern OTHER_SCREEN = Pattern.compile("1049|1047|47");

  /** What a terminal does unless told otherwise: lines wrap, and the cursor shows. */
  private static final Pattern USUALLY_ON = Pattern.compile("7|25");

  /** A job that prints meanwhile has more, of which the end is enough. */
  private static final int MOST_BYTES = 64 * 1024;

  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private long end = Long.MAX_VALUE;
  private boolean hidden;
  private boolean begun;
  private boolean over;

  /** It ends there. */
  void until(long offset) {
    end = Math.min(end, offset);
  }

  /** How the terminal was set then; what sets another so. */
  byte[] modes(byte[] sequences) {
    String told = new String(sequences, StandardCharsets.ISO_8859_1);
    Matcher mode = MODE.matcher(told);
    while (mode.find()) {
      hidden |= isOn(mode) && OTHER_SCREEN.matcher(mode.group(1)).matches();
    }
    return (shown(sequences) + (hidden ? "\033[H\033[2J" : ""))
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  /** What of a terminal's settings makes another one like it that is as usual. */
  static String shown(byte[] sequences) {
    String told = new String(sequences, StandardCharsets.ISO_8859_1);
    StringBuilder shown = new StringBuilder();
    Matcher mode = MODE.matcher(told);
    while (mode.find()) {
      if (isOn(mode) != USUALLY_ON.matcher(mode.group(1)).matches()) {
        shown.append(mode.group());
      }
    }
    KEYS.matcher(told).results().forEach(keys -> shown.append(keys.group()));
    return shown.toString();
  }

  private static boolean isOn(Matcher mode) {
    return mode.group(2).equals("h");
  }

  /** What is to be shown of these. */
  byte[] printed(long offset, byte[] bytes) {
    int before = (int) Math.max(0, Math.min(bytes.length, end - offset));
    int from = 0;
    if (text.size() + before > MOST_BYTES) {
      text.reset();
      begun = false;
    }
    if (!begun && offset > 0) {
      while (from < before && bytes[from] != '\n') {
        from++; // what the first line began with is not here
      }
      from = Math.min(before, from + 1);
    }
    begun = true;
    text.write(bytes, from, before - from);
    if (offset + bytes.length < end) {
      return new byte[0];
    }
    over = true;
    byte[] told = hidden ? new byte[0] : visible();
    byte[] all = new byte[told.length + bytes.length - before];
    System.arraycopy(told, 0, all, 0, told.length);
    System.arraycopy(bytes, before, all, told.length, bytes.length - before);
    return all;
  }

  boolean isOver() {
    return over;
  }

  private byte[] visible() {
    String all = text.toString(StandardCharsets.ISO_8859_1);
    return (HIDDEN.matcher(all).replaceAll("") + "\033[0m").getBytes(StandardCharsets.ISO_8859_1);
  }
}
