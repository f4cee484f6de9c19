package colabfs.app;

import colabfs.control.RunningMount;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Journals that were found damaged and are kept aside, until a person has looked after what they
 * were to bring to the runtime. No state.
 */
public final class DamagedJournals {
  private DamagedJournals() {}

  /** Those of a mount, the oldest first; none without write-back. */
  public static List<Path> of(RunningMount mount) {
    Path directory = mount.journal();
    return directory == null ? List.of() : in(directory);
  }

  /** Those of a journal's directory, the oldest first. */
  public static List<Path> in(Path directory) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "damaged-*")) {
      files.forEach(found::add);
    } catch (IOException e) {
      return List.of(); // there is no journal any more
    }
    Collections.sort(found); // their names begin with the time
    return found;
  }
}
