package colabfs.fuse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What the kernel says is mounted where: /proc/self/mountinfo (proc(5)). */
final class MountTable {
  /** With what the source of every mount of ours begins. */
  static final String SOURCE_PREFIX = "colabfs:";

  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final int TARGET_FIELD = 4;

  /** One mount: type {@code fuse.colabfs}, source {@code colabfs:name}. */
  record Entry(String type, String source) {
    boolean isOurs() {
      return type.startsWith("fuse") && source.startsWith(SOURCE_PREFIX);
    }
  }

  private MountTable() {}

  /**
   * The topmost mount at exactly that path (links resolved), or null; null where there is no /proc.
   */
  static @Nullable Entry at(Path path) {
    byte[] wanted = NativeText.bytesOf(path);
    Entry found = null;
    try {
      for (String line : Files.readAllLines(MOUNTINFO, StandardCharsets.ISO_8859_1)) {
        String[] fields = line.split(" ", -1);
        int separator = Arrays.asList(fields).indexOf("-");
        if (separator > TARGET_FIELD && separator + 2 < fields.length) {
          if (Arrays.equals(unescape(fields[TARGET_FIELD]), wanted)) {
            String source = new String(unescape(fields[separator + 2]), StandardCharsets.UTF_8);
            found = new Entry(fields[separator + 1], source);
          }
        }
      }
    } catch (IOException e) {
      return null;
    }
    return found;
  }

  /** Blanks, tabs, newlines and backslashes stand there as a backslash and three octal digits. */
  private static byte[] unescape(String field) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(field.length());
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + 3 < field.length()) {
        bytes.write(Integer.parseInt(field.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toByteArray();
  }
}
