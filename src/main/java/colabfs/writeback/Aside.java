package colabfs.writeback;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Names for what is kept aside, by the time in UTC. No state. */
final class Aside {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private Aside() {}

  static String time(Instant at) {
    return TIME.format(at);
  }

  /** Where a damaged file goes: a name that is free. */
  static Path of(Path directory, Path file) {
    String name = "damaged-" + time(Instant.now()) + "-" + file.getFileName();
    Path free = directory.resolve(name);
    for (int more = 2; Files.exists(free); more++) {
      free = directory.resolve(name + "-" + more);
    }
    return free;
  }
}
