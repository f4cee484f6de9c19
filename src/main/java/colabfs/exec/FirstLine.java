package colabfs.exec;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Finds the line {@code marker:PID} at the beginning of what a command prints. What comes before it
 * (a login's start-up file that prints) is not the command's and is dropped.
 */
final class FirstLine {
  /** Start-up files do not print more; without a marker by then there will be none. */
  private static final int SEARCH_BYTES = 64 * 1024;

  private FirstLine() {}

  /**
   * What was found.
   *
   * @param pid process id, or 0 when the line did not come
   * @param rest what was read and is the command's own output
   */
  record Found(long pid, InputStream rest) {}

  /** Reads up to the end of the line, or all there is when the line does not come. */
  static Found read(InputStream in, String marker) throws IOException {
    ByteArrayOutputStream held = new ByteArrayOutputStream();
    byte[] buffer = new byte[4096];
    while (held.size() < SEARCH_BYTES) {
      int n = in.read(buffer);
      if (n < 0) {
        break;
      }
      held.write(buffer, 0, n);
      String text = held.toString(StandardCharsets.ISO_8859_1);
      int start = text.indexOf(marker + ":");
      int end = start < 0 ? -1 : text.indexOf('\n', start);
      if (end >= 0) {
        byte[] rest = text.substring(end + 1).getBytes(StandardCharsets.ISO_8859_1);
        long pid = Long.parseLong(text.substring(start + marker.length() + 1, end));
        return new Found(pid, new ByteArrayInputStream(rest));
      }
    }
    return new Found(0, new ByteArrayInputStream(held.toByteArray()));
  }
}
