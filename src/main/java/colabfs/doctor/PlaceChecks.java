package colabfs.doctor;

import colabfs.config.ConfigException;
import colabfs.config.Settings;
import colabfs.control.RuntimeDirectory;
import colabfs.profile.ProfileStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The user's own directories on this machine, and the settings in them. */
final class PlaceChecks {
  /** Below it, saving soon fails. */
  private static final long LITTLE_BYTES = 64L << 20;

  private static final long SCARCE_BYTES = 1L << 30;

  /** The cache leaves that much free, and so keeps nothing when there is less. */
  private static final long CACHE_LEAVES_BYTES = 256L << 20;

  private final Here here;
  private final Settings settings;
  private final Path state;
  private final Path cache;

  PlaceChecks(Here here, Settings settings) {
    this.here = here;
    this.settings = settings;
    this.state = RuntimeDirectory.stateDirectory(here.environment());
    this.cache = RuntimeDirectory.cacheDirectory(here.environment());
  }

  List<Check> all() {
    Path config = ProfileStore.configDirectory(here.environment());
    Path runtime = RuntimeDirectory.place(here.environment());
    return List.of(
        Check.of("config-directory", () -> directory("config-directory", config)),
        Check.of("state-directory", () -> directory("state-directory", state)),
        Check.of("cache-directory", () -> directory("cache-directory", cache)),
        Check.of("runtime-directory", () -> directory("runtime-directory", runtime)),
        Check.of(
            "journal-disk",
            () -> journalDisk(free(existing(state)), existing(state)),
            "state-directory"),
        Check.of(
            "cache-disk",
            () -> cacheDisk(free(existing(cache)), existing(cache)),
            "cache-directory"),
        Check.several("config", this::config));
  }

  private Finding directory(String id, Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      Path above = existing(directory);
      return Files.isDirectory(above) && Files.isWritable(above)
          ? Finding.ok(id, "%s will be made when it is needed".formatted(directory))
          : Finding.fail(
              id,
              "%s cannot be made: %s cannot be written".formatted(directory, above),
              "make it yours, or set another place (XDG_*_HOME)");
    }
    if (!Files.isDirectory(directory)) {
      return Finding.fail(id, directory + " is no directory", "move it away");
    }
    long owner = ((Number) Files.getAttribute(directory, "unix:uid")).longValue();
    if (owner != here.uid()) {
      return Finding.fail(
          id,
          "%s belongs to another user (uid %d)".formatted(directory, owner),
          "make it yours with chown, or set another place (XDG_*_HOME)");
    }
    if (!Files.isWritable(directory)) {
      return Finding.fail(
          id,
          directory + " cannot be written",
          "chmod 700 %s; or the disk is mounted read-only".formatted(directory));
    }
    return SystemChecks.isOpenToOthers(directory)
        ? Finding.warn(id, directory + " is open to others", "chmod 700 " + directory)
        : Finding.ok(id, directory + ", for you alone");
  }

  private static Path existing(Path path) {
    Path found = path;
    while (!Files.exists(found) && found.getParent() != null) {
      found = found.getParent();
    }
    return found;
  }

  private static long free(Path place) throws IOException {
    return Files.getFileStore(place).getUsableSpace();
  }

  /** For what is unsent. */
  static Finding journalDisk(long freeBytes, Path place) {
    String text = "%s free for what is unsent".formatted(Reasons.bytes(freeBytes));
    String next = "free some of the disk that %s is on".formatted(place);
    if (freeBytes < LITTLE_BYTES) {
      return Finding.fail("journal-disk", "only " + text + ": saving may fail", next);
    }
    return freeBytes < SCARCE_BYTES
        ? Finding.warn("journal-disk", "only " + text, next)
        : Finding.ok("journal-disk", text);
  }

  /** For what was read. */
  static Finding cacheDisk(long freeBytes, Path place) {
    return freeBytes < CACHE_LEAVES_BYTES
        ? Finding.warn(
            "cache-disk",
            "only %s free: nothing of what is read is kept for later mounts"
                .formatted(Reasons.bytes(freeBytes)),
            "free some of the disk that %s is on".formatted(place))
        : Finding.ok("cache-disk", "%s free for the cache".formatted(Reasons.bytes(freeBytes)));
  }

  private List<Finding> config() throws IOException {
    List<Finding> found = new ArrayList<>();
    ConfigException problem = settings.problem();
    if (problem != null) {
      found.add(Finding.fail("config", String.valueOf(problem.getMessage()), null));
    } else if (Files.exists(settings.file()) && SystemChecks.isOpenToOthers(settings.file())) {
      found.add(
          Finding.warn(
              "config", settings.file() + " is open to others", "chmod 600 " + settings.file()));
    }
    settings.warnings().forEach(each -> found.add(Finding.warn("config", each, "unset it")));
    if (found.isEmpty()) {
      found.add(
          Finding.ok(
              "config",
              Files.exists(settings.file())
                  ? settings.file() + " is valid"
                  : "no file: what is built in holds"));
    }
    return found;
  }
}
