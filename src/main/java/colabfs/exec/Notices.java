package colabfs.exec;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;

/** What colabfs itself has to say while a command runs, among what that prints as errors. */
final class Notices {
  private static final Logger LOG = System.getLogger(Notices.class.getName());

  private Notices() {}

  /** Says it, if anybody still listens. */
  static void say(OutputStream stderr, String words) {
    write(stderr, "colabfs: " + words + "\n");
  }

  /**
   * As {@link #say}, for a terminal that does nothing to lines by itself, and where something may
   * stand already.
   */
  static void sayRaw(OutputStream stderr, String words) {
    write(stderr, "\r\ncolabfs: " + words + "\r\n");
  }

  private static void write(OutputStream stderr, String line) {
    try {
      stderr.write(line.getBytes(StandardCharsets.UTF_8));
      stderr.flush();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody listens", e);
    }
  }
}
