package colabfs.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * How the helper gets to the runtime: a line that lets Python read the program from its standard
 * input, and the program itself, compressed. Nothing is left on the runtime's disk, and the list of
 * processes shows no path.
 */
final class Bootstrap {

  /** Exit status when there is no Python 3, or none that is new enough. */
  static final int NOT_FOUND = 127;

  static final int TOO_OLD = 126;

  /** What the program is made of, each with a NUL behind it; the first one runs. */
  private static final List<String> PARTS = List.of("helper.py", "jobs.py", "supervisor.py");

  private Bootstrap() {}

  /** The program, as it is sent before the first frame. */
  static byte[] program() {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, deflater)) {
        for (String name : PARTS) {
          copy(name, out);
          out.write(0);
        }
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      deflater.end();
    }
  }

  private static void copy(String name, OutputStream out) throws IOException {
    try (InputStream source = Bootstrap.class.getResourceAsStream(name)) {
      if (source == null) {
        throw new IllegalStateException(name + " is missing in the program; build it again");
      }
      source.transferTo(out);
    }
  }

  /**
   * Isolated from the user's settings and packages ({@code -I -S}: a start in 20 ms whatever is
   * installed), with names in UTF-8 whatever the locale says. For the login's shell, whichever it
   * is.
   */
  static String commandLine(byte[] program) {
    return "exec python3 -I -S -X utf8 -c 'import sys,zlib;sys.version_info>=(3,8) or sys.exit("
        + TOO_OLD
        + ");parts=zlib.decompress(sys.stdin.buffer.read("
        + program.length
        + ")).split(bytes(1));exec(compile(parts[0],\"colabfs-helper\",\"exec\"))'";
  }
}
