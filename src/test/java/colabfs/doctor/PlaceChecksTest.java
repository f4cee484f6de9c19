package colabfs.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import colabfs.config.Settings;
import colabfs.doctor.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlaceChecksTest {
  @TempDir Path root;

  @SuppressWarnings("NullAway.Init") // set before each test
  private FakeHere machine;

  @BeforeEach
  void start() throws IOException {
    machine = new FakeHere(root);
  }

  private List<Finding> look(String id) {
    try {
      return new PlaceChecks(machine.here(), Settings.of(machine.environment))
          .all().stream()
              .filter(check -> check.id().equals(id))
              .findFirst()
              .orElseThrow()
              .look()
              .look();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void is(String id, Level level, String... words) {
    Finding finding = look(id).get(0);
    assertThat(finding.level()).as(finding.message()).isEqualTo(level);
    assertThat(List.of(words))
        .allSatisfy(word -> assertThat(finding.message() + "; " + finding.next()).contains(word));
  }

  @Test
  void directory_missing_isNotMade() {
    is("state-directory", Level.OK, "will be made when it is needed");
    assertThat(root.resolve("STATE")).doesNotExist();
  }

  @Test
  void directory_ofTheUserAlone_isWell_openOneIsAWarningAndStaysSo() throws IOException {
    Path cache = machine.directory("CACHE/colabfs");
    is("cache-directory", Level.OK, "for you alone");
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxr-xr-x"));
    is("cache-directory", Level.WARN, "is open to others", "chmod 700 " + cache);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void directory_thatIsAFile_orAnothersUser_fails() throws IOException {
    Files.createDirectories(root.resolve("CONFIG"));
    Files.createFile(root.resolve("CONFIG/colabfs"));
    is("config-directory", Level.FAIL, "is no directory");
    Files.delete(root.resolve("CONFIG/colabfs"));
    machine.directory("CONFIG/colabfs");
    machine.uid++;
    is("config-directory", Level.FAIL, "belongs to another user");
  }

  @Test
  void directoryAbove_thatIsAFile_fails() throws IOException {
    Files.createFile(root.resolve("STATE"));
    is("state-directory", Level.FAIL, "cannot be made", "cannot be written");
  }

  @Test
  void disk_withRoom_isWell() {
    assertThat(look("journal-disk").get(0).message()).contains("free for what is unsent");
    assertThat(look("cache-disk").get(0).message()).contains("free");
  }

  @Test
  void disk_amounts_decide() {
    assertThat(PlaceChecks.journalDisk(10L << 20, root).level()).isEqualTo(Level.FAIL);
    assertThat(PlaceChecks.journalDisk(100L << 20, root).level()).isEqualTo(Level.WARN);
    assertThat(PlaceChecks.journalDisk(10L << 30, root).level()).isEqualTo(Level.OK);
    assertThat(PlaceChecks.cacheDisk(100L << 20, root))
        .satisfies(finding -> assertThat(finding.level()).isEqualTo(Level.WARN))
        .satisfies(finding -> assertThat(finding.message()).contains("only 100 MiB free"));
    assertThat(PlaceChecks.cacheDisk(1L << 30, root).message())
        .isEqualTo("1.0 GiB free for the cache");
  }

  @Test
  void config_thatIsBadOrOpen_isNamed_withStrangeVariables() throws IOException {
    is("config", Level.OK, "no file");
    Path directory = machine.directory("CONFIG/colabfs");
    Path file = Files.writeString(directory.resolve("config.json"), "{\"mount.sinc\": 1}");
    is("config", Level.FAIL, "did you mean 'mount.sync'?");
    Files.writeString(file, "{\"mount.sync\": true}");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    is("config", Level.WARN, "chmod 600 " + file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    is("config", Level.OK, "is valid");
    machine.environment.put("COLABFS_SINC", "1");
    is("config", Level.WARN, "COLABFS_SINC means nothing");
  }
}
