package colabfs.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProfileStoreTest {
  @TempDir Path directory;

  private final List<String> warnings = new ArrayList<>();
  private Path config = Path.of("/");
  private ProfileStore store = new ProfileStore(config);

  @BeforeEach
  void makeStore() {
    config = directory.resolve("above/colabfs");
    store = new ProfileStore(config, warnings::add);
  }

  private static Profile profile(String name) {
    return new Profile(
        name,
        new Profile.Tcp("h", 22),
        "root",
        new Profile.Credentials("secret", null, null),
        null,
        "/content",
        null);
  }

  @Test
  void save_newProfile_isThereAndPrivate() throws ProfileException, IOException {
    store.save(profile("a"));

    assertThat(store.load("a")).isEqualTo(profile("a"));
    assertThat(mode(config.resolve("profiles/a.json"))).isEqualTo("rw-------");
    assertThat(mode(config.resolve("profiles"))).isEqualTo("rwx------");
    assertThat(mode(config)).isEqualTo("rwx------");
  }

  @Test
  void save_existingProfile_isReplacedAndLeavesNoDraft() throws ProfileException, IOException {
    store.save(profile("a"));
    store.save(profile("a").withHostKey(ProfileJsonTest.ED25519));

    assertThat(store.load("a").hostKey()).isEqualTo(ProfileJsonTest.ED25519);
    try (Stream<Path> files = Files.list(config.resolve("profiles"))) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void save_directoryThatOthersMayEnter_isMadePrivate() throws ProfileException, IOException {
    Files.createDirectories(config.resolve("profiles"));
    Files.setPosixFilePermissions(
        config.resolve("profiles"), PosixFilePermissions.fromString("rwxr-xr-x"));

    store.save(profile("a"));

    assertThat(mode(config.resolve("profiles"))).isEqualTo("rwx------");
  }

  @Test
  void load_fileThatOthersMayRead_isMadePrivateWithAWarning() throws ProfileException, IOException {
    store.save(profile("a"));
    Path file = config.resolve("profiles/a.json");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

    assertThat(store.load("a")).isEqualTo(profile("a"));
    assertThat(mode(file)).isEqualTo("rw-------");
    assertThat(warnings).singleElement().asString().contains("could be read by others");
  }

  @Test
  void load_missingProfile_namesTheOthers() throws ProfileException {
    assertThatThrownBy(() -> store.load("x")).hasMessageContaining("colabfs init x");
    store.save(profile("a"));
    store.save(profile("b"));
    assertThatThrownBy(() -> store.load("x"))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("there is: a, b");
  }

  @Test
  void load_damagedFile_namesTheFile() throws IOException {
    Files.createDirectories(config.resolve("profiles"));
    Files.writeString(config.resolve("profiles/a.json"), "{\"host\": ");
    assertThatThrownBy(() -> store.load("a"))
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("a.json")
        .hasMessageContaining("not JSON");
  }

  @Test
  void load_fileThatIsNoText_isAProfileException() throws IOException {
    Files.createDirectories(config.resolve("profiles"));
    Files.write(config.resolve("profiles/a.json"), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThatThrownBy(() -> store.load("a")).isInstanceOf(ProfileException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../x", "a/b", ".hidden", "-p", "a b", "ü", "a\0", "{"})
  void anyUse_nameThatIsNoName_isRefused(String name) {
    assertThatThrownBy(() -> store.load(name)).hasMessageContaining("no profile name");
    assertThatThrownBy(() -> store.save(profile(name))).hasMessageContaining("no profile name");
    assertThatThrownBy(() -> store.remove(name)).hasMessageContaining("no profile name");
    assertThatThrownBy(() -> store.setDefault(name)).hasMessageContaining("no profile name");
    assertThat(store.exists(name)).isFalse();
  }

  @Test
  void names_amongOtherFiles_areTheProfilesSorted() throws ProfileException, IOException {
    assertThat(store.names()).isEmpty();
    store.save(profile("b"));
    store.save(profile("A.1_x-y"));
    Files.writeString(config.resolve("profiles/.a.json.tmp"), "");
    Files.writeString(config.resolve("profiles/notes.txt"), "");
    assertThat(store.names()).containsExactly("A.1_x-y", "b");
  }

  @Test
  void defaultName_setAndRemoved_fallsBack() throws ProfileException {
    assertThat(store.defaultName()).isEqualTo("default");
    assertThatThrownBy(() -> store.setDefault("a")).hasMessageContaining("no profile 'a'");
    store.save(profile("a"));
    store.setDefault("a");
    assertThat(store.defaultName()).isEqualTo("a");
    assertThat(store.remove("a")).isTrue();
    assertThat(store.defaultName()).isEqualTo("default");
    assertThat(store.remove("a")).isFalse();
  }

  @Test
  void configDirectory_followsXdgOnlyWhenAbsolute() {
    assertThat(ProfileStore.configDirectory(Map.of("XDG_CONFIG_HOME", "/x")))
        .isEqualTo(Path.of("/x/colabfs"));
    Path home = Path.of(System.getProperty("user.home"), ".config", "colabfs");
    assertThat(ProfileStore.configDirectory(Map.of("XDG_CONFIG_HOME", "x"))).isEqualTo(home);
    assertThat(ProfileStore.configDirectory(Map.of())).isEqualTo(home);
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
