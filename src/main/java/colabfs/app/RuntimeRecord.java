package colabfs.app;

import colabfs.remote.RuntimeId;
import java.io.IOException;
import java.io.StringReader;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * Which runtime a journal's changes are for: the small file {@code runtime} beside the journal.
 * Errors: what cannot be read or written is logged, and counts as unknown.
 */
final class RuntimeRecord {
  private static final Logger LOG = System.getLogger(RuntimeRecord.class.getName());
  private static final String NAME = "runtime";
  private static final String VERSION = "1";

  private final @Nullable Path directory;

  /**
   * What is known of a runtime.
   *
   * @param hadEntries its root was not empty
   * @param unfinished a restore was begun on another one, or on this one after it was emptied
   */
  record Known(RuntimeId id, boolean hadEntries, boolean unfinished) {
    static final Known NOTHING = new Known(RuntimeId.UNKNOWN, false, false);
  }

  /**
   * @param directory of the journal; null without one: nothing is kept
   */
  RuntimeRecord(@Nullable Path directory) {
    this.directory = directory;
  }

  /** Null when nothing was kept. */
  @Nullable Known read() {
    if (directory == null) {
      return null;
    }
    Properties lines = new Properties();
    try {
      lines.load(new StringReader(Files.readString(directory.resolve(NAME))));
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException | IllegalArgumentException e) {
      LOG.log(Level.WARNING, "which runtime the journal is for cannot be read", e);
      return null;
    }
    if (!VERSION.equals(lines.getProperty("version"))) {
      return null;
    }
    return new Known(
        new RuntimeId(
            lines.getProperty("machine_id"),
            lines.getProperty("boot_id"),
            lines.getProperty("host_key")),
        Boolean.parseBoolean(lines.getProperty("entries")),
        Boolean.parseBoolean(lines.getProperty("unfinished")));
  }

  /** Replaces what was kept, in one step. */
  void write(Known known) {
    if (directory == null) {
      return;
    }
    StringBuilder text = new StringBuilder("version=" + VERSION + "\n");
    line(text, "machine_id", known.id().machineId());
    line(text, "boot_id", known.id().bootId());
    line(text, "host_key", known.id().hostKey());
    line(text, "entries", String.valueOf(known.hadEntries()));
    line(text, "unfinished", String.valueOf(known.unfinished()));
    Path written = directory.resolve(NAME + ".new");
    try {
      Files.deleteIfExists(written);
      try (FileChannel out =
          FileChannel.open(PrivateFile.make(written), StandardOpenOption.WRITE)) {
        out.write(StandardCharsets.UTF_8.encode(text.toString()));
        out.force(true);
      }
      Files.move(written, directory.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "which runtime the journal is for could not be kept", e);
    }
  }

  /** The values are fingerprints and hexadecimal digits: none has a backslash or a line's end. */
  private static void line(StringBuilder text, String name, @Nullable String value) {
    if (value != null) {
      text.append(name).append('=').append(value).append('\n');
    }
  }
}
