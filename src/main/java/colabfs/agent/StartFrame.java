package colabfs.agent;

import colabfs.remote.RemoteJobs.Start;
import colabfs.remote.RemoteJobs.Terminal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The request that starts a job, as a frame. */
final class StartFrame {
  /** What the helper takes in one frame, less what stands beside the texts. */
  private static final int MOST_BYTES = 224 * 1024;

  private static final int TERMINAL = 1;
  private static final int DETACHED = 2;
  private static final int BOUNDED = 4;

  private final Start start;
  private final @Nullable Terminal terminal;
  private final @Nullable Duration timeout;

  StartFrame(Start start) {
    this.start = start;
    this.terminal = start.terminal();
    this.timeout = start.timeout();
  }

  boolean isTooLong() {
    return bytes() > MOST_BYTES;
  }

  private int bytes() {
    int bytes =
        textBytes(start.id())
            + 1
            + 2 * Short.BYTES
            + textBytes(term())
            + Long.BYTES
            + textBytes(start.directory())
            + Integer.BYTES
            + longTextBytes(start.commandLine())
            + longTextBytes(start.shown())
            + (timeout == null ? 0 : Long.BYTES);
    for (Map.Entry<String, String> entry : start.environment().entrySet()) {
      bytes += textBytes(entry.getKey()) + longTextBytes(entry.getValue());
    }
    return bytes;
  }

  /** The frame of that request. */
  ByteBuffer write(int number) {
    ByteBuffer frame = Frame.prepare(Protocol.START, number, bytes());
    putText(frame, start.id());
    frame
        .put((byte) flags())
        .putShort((short) (terminal == null ? 0 : terminal.rows()))
        .putShort((short) (terminal == null ? 0 : terminal.columns()));
    putText(frame, term());
    frame.putLong(start.spoolBytes());
    putText(frame, start.directory());
    frame.putInt(start.environment().size());
    start
        .environment()
        .forEach(
            (name, value) -> {
              putText(frame, name);
              putLongText(frame, value);
            });
    putLongText(frame, start.commandLine());
    putLongText(frame, start.shown());
    if (timeout != null) {
      frame.putLong(timeout.toMillis());
    }
    return frame.flip();
  }

  private int flags() {
    return (terminal == null ? 0 : TERMINAL)
        | (start.detached() ? DETACHED : 0)
        | (timeout == null ? 0 : BOUNDED);
  }

  private String term() {
    return terminal == null ? "" : terminal.name();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int textBytes(String text) {
    return Fields.textBytes(utf8(text));
  }

  private static int longTextBytes(String text) {
    return Integer.BYTES + utf8(text).length;
  }

  private static void putText(ByteBuffer out, String text) {
    Fields.putText(out, utf8(text));
  }

  private static void putLongText(ByteBuffer out, String text) {
    byte[] bytes = utf8(text);
    out.putInt(bytes.length).put(bytes);
  }
}
