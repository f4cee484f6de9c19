package colabfs.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import colabfs.config.Settings.Source;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettingsTest {
  @TempDir Path home;
  private final Map<String, String> environment = new HashMap<>();
  private Path file = Path.of("/");

  @BeforeEach
  void start() {
    environment.put("XDG_CONFIG_HOME", home.toString());
    file = home.resolve("colabfs/config.json");
  }

  private Settings settings() {
    return Settings.of(environment);
  }

  private void write(String json) throws IOException {
    Files.createDirectories(home.resolve("colabfs"));
    Files.writeString(file, json);
  }

  @Test
  void value_isOfTheEnvironment_elseOfTheFile_elseBuiltIn() throws Exception {
    assertThat(settings().value(Setting.MOUNT_CACHE_SIZE).source()).isEqualTo(Source.BUILT_IN);
    assertThat(settings().configured(Setting.MOUNT_CACHE_SIZE)).isNull();
    Settings.set(file, "mount.cache-size", List.of("8G"));
    assertThat(settings().configured(Setting.MOUNT_CACHE_SIZE)).isEqualTo("8G");
    assertThat(settings().value(Setting.MOUNT_CACHE_SIZE).source()).isEqualTo(Source.FILE);
    environment.put("COLABFS_MOUNT_CACHE_SIZE", "1M");
    assertThat(settings().configured(Setting.MOUNT_CACHE_SIZE)).isEqualTo("1M");
    environment.put("COLABFS_MOUNT_CACHE_SIZE", "");
    assertThat(settings().configured(Setting.MOUNT_CACHE_SIZE)).isEqualTo("8G");
    assertThat(Settings.unset(file, "mount.cache-size")).isTrue();
    assertThat(Settings.unset(file, "mount.cache-size")).isFalse();
    assertThat(settings().configured(Setting.MOUNT_CACHE_SIZE)).isNull();
  }

  @Test
  void set_writesForTheUserAlone_andKeepsTheOthers() throws Exception {
    Settings.set(file, "mount.sync", List.of("yes"));
    Settings.set(file, "mount.timeout", List.of("30"));
    Settings.set(file, "restore.exclude", List.of("*.ckpt,data/", "*.tmp"));
    assertThat(settings().isOn(Setting.MOUNT_SYNC)).isTrue();
    assertThat(settings().configured(Setting.MOUNT_TIMEOUT)).isEqualTo("30");
    assertThat(settings().list(Setting.RESTORE_EXCLUDE))
        .containsExactly("*.ckpt", "data/", "*.tmp");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
        .isEqualTo("rwx------");
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mount.cache-size | 8Q | must be a number of bytes",
        "mount.cache-size | -1 | must be a number of bytes",
        "mount.timeout | 0 | must be 1 to 3600 seconds",
        "mount.timeout | 1.5 | must be 1 to 3600 seconds",
        "mount.fsync | maybe | must be one of local, remote",
        "mount.sync | perhaps | must be true or false",
        "mount.options | a b | must be options of FUSE",
        "exec.timeout | soon | must be a number of seconds above zero",
        "exec.env | 1A=x | must be NAME=VALUE or NAME",
        "warm.max-size | 2M | must be 1048576 bytes at most",
        "profile | work | cannot be kept in the file; set COLABFS_PROFILE",
        "mount.cachesize | 1G | no setting 'mount.cachesize' (did you mean 'mount.cache-size'?)",
      })
  void set_ofNoValue_changesNothing(String key, String value, String message) {
    assertThatThrownBy(() -> Settings.set(file, key, List.of(value)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"mount.sinc\": true} | no setting 'mount.sinc' (did you mean 'mount.sync'?) (line 1, column 2)",
        "{\"mount.sync\": 3} | mount.sync (line 1, column 2) must be true or false",
        "{\"mount.sync\": {}} | must be a text, a number, or true or false",
        "{\"mount.options\": [[]]} | must be a text, a number, or true or false",
        "{\"mount.sync\": true, \"mount.sync\": false} | a field stands there twice (line 1",
        "{\"mount.sync\": tru} | that is not JSON (line 1",
        "{\"mount.sync\": true | that is not JSON (line 1",
        "[1] | it is no JSON object",
        "{} {} | something follows the JSON object",
        "{\"profile\": \"work\"} | cannot be set in a file (line 1, column 2), only by COLABFS_PROFILE",
        "{\"version\": 2} | was written for a newer colabfs",
        "{\"version\": \"x\"} | \"version\" must be 1",
      })
  void file_thatIsBad_isAnErrorWithItsPlace_andNothingOfItIsUsed(String json, String message)
      throws IOException {
    write(json);
    Settings settings = settings();
    assertThatThrownBy(settings::check)
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(file.toString());
    assertThat(settings.isOn(Setting.MOUNT_SYNC)).isFalse();
    String before = Files.readString(file);
    assertThatThrownBy(() -> Settings.set(file, "mount.sync", List.of("true")))
        .hasMessageContaining(message);
    assertThat(file).hasContent(before);
  }

  @Test
  void file_ofStrangeBytesOrSize_isAnError() throws IOException {
    write("");
    Files.write(file, new byte[] {'{', (byte) 0xff, '}'});
    assertThatThrownBy(settings()::check).hasMessageContaining("it is not UTF-8");
    Files.write(file, new byte[(1 << 20) + 1]);
    assertThatThrownBy(settings()::check).hasMessageContaining("it is too large");
    Files.delete(file);
    Files.createDirectory(file);
    assertThatThrownBy(settings()::check).hasMessageContaining("cannot be read");
  }

  @Test
  void variable_thatIsBad_isAnError() {
    environment.put("COLABFS_MOUNT_TIMEOUT", "long");
    assertThatThrownBy(settings()::check)
        .hasMessage(
            "the environment variable COLABFS_MOUNT_TIMEOUT must be 1 to 3600 seconds; correct it, or unset it");
  }

  @Test
  void variable_thatIsUnknown_isAWarningWithTheNearestName() {
    environment.put("COLABFS_MOUNT_CASHE_SIZE", "1G");
    environment.put("COLABFS_ZZZZZZZZ", "1");
    environment.put("COLABFS_LC_ALL", "C");
    environment.put("COLABFS_PROFILE", "x");
    assertThat(settings().warnings())
        .containsExactly(
            "the environment variable COLABFS_MOUNT_CASHE_SIZE means nothing (did you mean COLABFS_MOUNT_CACHE_SIZE?)",
            "the environment variable COLABFS_ZZZZZZZZ means nothing; 'colabfs config' shows those that do");
  }

  @Test
  void emptyVariable_ofAList_emptiesIt() throws Exception {
    Settings.set(file, "mount.options", List.of("allow_other"));
    environment.put("COLABFS_MOUNT_OPTIONS", "");
    assertThat(settings().list(Setting.MOUNT_OPTIONS)).isEmpty();
  }

  @Test
  void debug_ofTheFile_reachesTheEnvironmentOfChildren() throws Exception {
    assertThat(settings().environment()).doesNotContainKey("COLABFS_DEBUG");
    Settings.set(file, "debug", List.of("on"));
    assertThat(settings().environment()).containsEntry("COLABFS_DEBUG", "1");
    environment.put("COLABFS_DEBUG", "no");
    assertThat(settings().environment()).containsEntry("COLABFS_DEBUG", "0");
  }

  @Test
  void text_hidesWhatMayBeSecret() {
    environment.put("COLABFS_EXEC_ENV", "TOKEN=hunter2,HOME");
    assertThat(SettingsText.json(settings()))
        .contains("TOKEN=(hidden),HOME", "\"source\" : \"environment\"")
        .doesNotContain("hunter2");
  }

  @Test
  void variables_thatTheProgramReads_areKnown() throws IOException {
    Pattern variable = Pattern.compile("\\bCOLABFS_[A-Z][A-Z_]*[A-Z]\\b");
    for (Path place : List.of(Path.of("src/main"), Path.of("scripts"))) {
      try (Stream<Path> files = Files.walk(place)) {
        for (Path each : files.filter(Files::isRegularFile).toList()) {
          String text = Files.readString(each, StandardCharsets.ISO_8859_1);
          assertThat(variable.matcher(text).results().map(MatchResult::group))
              .as(each.toString())
              .allMatch(Setting::isKnownVariable);
        }
      }
    }
  }

  @Test
  void docs_haveTheTable() throws IOException {
    String docs = Files.readString(Path.of("docs/CONFIG.md"));
    for (Setting setting : Setting.values()) {
      assertThat(docs)
          .contains(
              "| `%s` | `%s` | %s | %s | %s |"
                  .formatted(
                      setting.key(),
                      setting.variable(),
                      setting.takes(),
                      setting.builtIn(),
                      setting.purpose()));
    }
    assertThat(docs.lines().filter(line -> line.startsWith("| `")))
        .hasSize(Setting.values().length);
  }
}
