package colabfs.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a command shows on the terminal here. It sees how the command sets the terminal, and sets it
 * back when the person leaves before the command does that itself: the other screen, the mouse, the
 * keys' modes, a hidden cursor.
 *
 * <p>Threading: any thread.
 */
final class Screen extends OutputStream {
  private static final Logger LOG = System.getLogger(Screen.class.getName());

  /** DEC's private modes, xterm's modified keys, the keypad, and the two kinds of reset. */
  private static final Pattern SETTING =
      Pattern.compile("\\x1b(?:\\[\\?([0-9;]{1,40})([hl])|\\[>4(?:;([0-9]))?m|([=>])|(c|\\[!p))");

  private static final int LONGEST = 48;
  private static final int MOST = 64;

  /** Lines wrap, and the cursor shows. */
  private static final Pattern USUALLY_ON = Pattern.compile("7|25");

  private final OutputStream out;

  /** Settings mean something where it goes. */
  private final boolean isTerminal;

  private final Map<String, Boolean> modes = new TreeMap<>();
  private boolean keypad;
  private boolean keys;
  private boolean left;
  private String rest = "";

  Screen(OutputStream out, boolean isTerminal) {
    this.out = out;
    this.isTerminal = isTerminal;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    if (!left) {
      see(rest + new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
      out.write(bytes, offset, length);
    }
  }

  private void see(String text) {
    Matcher setting = SETTING.matcher(text);
    while (setting.find()) {
      if (setting.group(1) != null) {
        for (String mode : setting.group(1).split(";", -1)) {
          if (modes.size() < MOST || modes.containsKey(mode)) {
            modes.put(mode, setting.group(2).equals("h"));
          }
        }
      } else if (setting.group(4) != null) {
        keypad = setting.group(4).equals("=");
      } else if (setting.group(5) != null) {
        modes.clear();
        keypad = false;
        keys = false;
      } else {
        keys = setting.group(3) != null && !setting.group(3).equals("0");
      }
    }
    int last = text.lastIndexOf('\033');
    rest = last >= 0 && text.length() - last <= LONGEST ? text.substring(last) : "";
  }

  /** Shows nothing more, and leaves the terminal as it usually is. */
  synchronized void leave() {
    if (left) {
      return;
    }
    left = true;
    StringBuilder usual = new StringBuilder();
    modes.forEach(
        (mode, on) -> {
          if (on != USUALLY_ON.matcher(mode).matches()) {
            usual.append("\033[?").append(mode).append(on ? 'l' : 'h');
          }
        });
    usual.append(keypad ? "\033>" : "").append(keys ? "\033[>4m" : "");
    if (isTerminal && !usual.isEmpty()) {
      try {
        out.write(("\033[0m" + usual).getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "the terminal is gone", e);
      }
    }
  }
}
