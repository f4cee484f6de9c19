package colabfs.app;

import colabfs.profile.Profile;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RuntimeId;
import colabfs.ssh.LastSeen;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the server told when it was last connected to, in a file for the user alone: a mount without
 * a connection begins with it. Threading: any thread; the last to write wins.
 */
final class LastSeenFile {
  private static final String ROOT = "root";
  private static final String UID = "uid";
  private static final String GID = "gid";
  private static final String GIDS = "gids";
  private static final String HOST_KEY = "host_key";
  private static final String SOFTWARE = "software";
  private static final String EXTENSIONS = "extensions";
  private static final String MACHINE_ID = "machine_id";
  private static final String BOOT_ID = "boot_id";
  private static final String FINGERPRINT = "fingerprint";

  private final Path file;

  LastSeenFile(Path file) {
    this.file = file;
  }

  /** Null when there is none, or it is not to be understood. */
  @Nullable LastSeen read() throws IOException {
    if (!Files.exists(file)) {
      return null;
    }
    Properties known = new Properties();
    try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      known.load(in);
      int uid = Integer.parseInt(required(known, UID));
      int gid = Integer.parseInt(required(known, GID));
      Set<Integer> gids =
          words(known, GIDS).stream().map(Integer::valueOf).collect(Collectors.toSet());
      return new LastSeen(
          required(known, ROOT),
          new RemoteIdentity(uid, gid, gids),
          required(known, HOST_KEY),
          new RuntimeId(
              known.getProperty(MACHINE_ID),
              known.getProperty(BOOT_ID),
              known.getProperty(FINGERPRINT)),
          new Profile.ServerFacts(required(known, SOFTWARE), words(known, EXTENSIONS), uid, gid));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static String required(Properties known, String name) {
    String value = known.getProperty(name);
    if (value == null) {
      throw new IllegalArgumentException("without " + name);
    }
    return value;
  }

  private static List<String> words(Properties known, String name) {
    return Arrays.stream(required(known, name).split(" ", -1))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** Replaces the file as a whole. */
  void write(LastSeen seen) throws IOException {
    Properties known = new Properties();
    known.setProperty(ROOT, seen.root());
    known.setProperty(UID, Integer.toString(seen.identity().uid()));
    known.setProperty(GID, Integer.toString(seen.identity().gid()));
    known.setProperty(
        GIDS,
        seen.identity().gids().stream().map(String::valueOf).collect(Collectors.joining(" ")));
    known.setProperty(HOST_KEY, seen.hostKey());
    known.setProperty(SOFTWARE, seen.facts().software());
    known.setProperty(EXTENSIONS, String.join(" ", seen.facts().extensions()));
    setIfKnown(known, MACHINE_ID, seen.runtimeId().machineId());
    setIfKnown(known, BOOT_ID, seen.runtimeId().bootId());
    setIfKnown(known, FINGERPRINT, seen.runtimeId().hostKey());
    Path directory = file.toAbsolutePath().getParent();
    Path fresh =
        Files.createTempFile(
            directory,
            file.getFileName() + ".",
            ".new",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (Writer out = Files.newBufferedWriter(fresh, StandardCharsets.UTF_8)) {
        known.store(out, null);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static void setIfKnown(Properties known, String name, @Nullable String value) {
    if (value != null) {
      known.setProperty(name, value);
    }
  }
}
