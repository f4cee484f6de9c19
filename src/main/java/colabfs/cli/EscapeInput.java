package colabfs.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * What is typed, with ssh's escapes taken out of it: a tilde at the beginning of a line, and a dot
 * to leave, a question mark for help, or a second tilde for one of its own.
 *
 * <p>Threading: one thread reads.
 */
final class EscapeInput extends InputStream {
  private static final int ESCAPE = '~';

  private static final String HELP =
      """

      colabfs knows, at the beginning of a line:
        ~.   leave; the command goes on, and 'colabfs attach' comes back to it
        ~~   a tilde
        ~?   this
      """
          .replace("\n", "\r\n");

  private final InputStream in;
  private final Runnable leave;
  private final Consumer<String> say;

  /** Before that it is no terminal's: tildes are tildes. */
  private volatile boolean escapes;

  private final byte[] typed = new byte[4096];
  private ByteBuffer ready = ByteBuffer.allocate(0);
  private boolean atStart = true;
  private boolean escaped;
  private boolean ended;

  EscapeInput(InputStream in, Runnable leave, Consumer<String> say) {
    this.in = in;
    this.leave = leave;
    this.say = say;
  }

  void begin() {
    escapes = true;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /** Waits until something was typed that is not an escape. */
  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    while (ready.remaining() == 0 && length > 0) {
      int n = ended ? -1 : in.read(typed);
      if (n < 0) {
        return -1;
      }
      ready = escapes ? taken(n) : ByteBuffer.wrap(typed, 0, n);
    }
    int count = Math.min(length, ready.remaining());
    ready.get(into, offset, count);
    return count;
  }

  private ByteBuffer taken(int count) {
    ByteBuffer kept = ByteBuffer.allocate(count + 1); // a tilde was held back
    for (int i = 0; i < count && !ended; i++) {
      take(typed[i], kept);
    }
    return kept.flip();
  }

  private void take(byte key, ByteBuffer kept) {
    if (escaped) {
      escaped = false;
      switch (key) {
        case '.' -> {
          ended = true;
          leave.run();
          return;
        }
        case '?' -> {
          say.accept(HELP);
          return;
        }
        case ESCAPE -> {}
        default -> kept.put((byte) ESCAPE);
      }
    } else if (key == ESCAPE && atStart) {
      escaped = true;
      return;
    }
    kept.put(key);
    atStart = key == '\r' || key == '\n';
  }
}
