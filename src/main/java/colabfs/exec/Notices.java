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
    try {
      stderr.write(("colabfs: " + words + "\n").getBytes(StandardCharsets.UTF_8));
      stderr.flush();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody listens", e);
    }
  }
}
