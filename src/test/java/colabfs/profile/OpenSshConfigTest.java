package colabfs.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The user's own ssh configuration is touched with care. */
final class OpenSshConfigTest {
  private static final String KEY = "ssh-ed25519 AAAA";

  @TempDir Path home;
  private OpenSshConfig config;
  private Path ssh;

  @BeforeEach
  void begin() {
    config = OpenSshConfig.in(home);
    ssh = home.resolve(".ssh");
  }

  @Test
  void withoutAnything_allIsMade_forTheUserAlone() throws Exception {
    put(profile("p", null));
    config.include();
    assertThat(mode(ssh)).isEqualTo("rwx------");
    assertThat(mode(ssh.resolve("config"))).isEqualTo("rw-------");
    assertThat(mode(config.hosts())).isEqualTo("rw-------");
    assertThat(ssh.resolve("colabfs_known_hosts")).hasContent("colabfs-p " + KEY + "\n");
    assertThat(config.isIncluded()).isTrue();
  }

  @Test
  void include_keepsModeBytesAndLinks() throws Exception {
    Files.createDirectories(home.resolve("dotfiles"));
    Path real = home.resolve("dotfiles/ssh_config");
    byte[] old = {'#', ' ', (byte) 0xe4, '\r', '\n', 'H', 'o', 's', 't', ' ', 'x'};
    Files.write(real, old);
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-rw-r--"));
    Files.createDirectories(ssh);
    Files.createSymbolicLink(ssh.resolve("config"), real);
    config.include();
    assertThat(ssh.resolve("config")).isSymbolicLink();
    assertThat(mode(real)).isEqualTo("rw-rw-r--");
    byte[] line = (config.includeLine() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] now = Files.readAllBytes(real);
    assertThat(now).startsWith(line).endsWith(old).hasSize(line.length + old.length);
    assertThat(config.remove(null)).isTrue();
    assertThat(real).hasBinaryContent(old);
  }

  @Test
  void linkThatLeadsNowhere_isLeftAlone() throws Exception {
    Files.createDirectories(ssh);
    Files.createSymbolicLink(ssh.resolve("config"), home.resolve("gone"));
    assertThatThrownBy(config::include)
        .isInstanceOf(ProfileException.class)
        .hasMessageContaining("Include");
    assertThat(home.resolve("gone")).doesNotExist();
  }

  @Test
  void includeBelowAHost_isNotOne() throws Exception {
    Files.createDirectories(ssh);
    Files.writeString(ssh.resolve("config"), "Host x\n  Include colabfs_config\n");
    assertThat(config.isIncluded()).isFalse();
    Files.writeString(ssh.resolve("config"), "# c\n\ninclude ~/.ssh/colabfs_config\nHost x\n");
    assertThat(config.isIncluded()).isTrue();
  }

  @Test
  void severalProfiles_standBesideEachOther_andLeaveOneByOne() throws Exception {
    put(profile("p", null));
    put(profile("q", "~/.ssh/id"));
    put(profile("p", "/new/key"));
    config.include();
    assertThat(Files.readString(config.hosts()))
        .containsOnlyOnce("Host colabfs-p\n")
        .containsOnlyOnce("Host colabfs-q\n")
        .contains("IdentityFile /new/key\n");
    assertThat(config.remove("p")).isTrue();
    assertThat(config.remove("p")).isFalse();
    assertThat(config.hosts()).content().contains("colabfs-q").doesNotContain("colabfs-p");
    assertThat(ssh.resolve("colabfs_known_hosts")).hasContent("colabfs-q " + KEY + "\n");
    assertThat(config.remove("q")).isTrue();
    assertThat(config.hosts()).doesNotExist();
    assertThat(ssh.resolve("config")).isEmptyFile();
  }

  @Test
  void refresh_pinsAnotherKey_onlyWhereThereAreLines() throws Exception {
    config.refresh(profile("p", null));
    assertThat(ssh).doesNotExist();
    put(profile("p", null));
    config.refresh(profile("p", null).withHostKey("ssh-ed25519 BBBB"));
    assertThat(ssh.resolve("colabfs_known_hosts")).hasContent("colabfs-p ssh-ed25519 BBBB\n");
  }

  @Test
  void oddPaths_areQuoted_andWhatCannotBe_isRefused() throws Exception {
    String entry =
        config.entry(
            profile("p", "/my keys/100%"), List.of("/opt/it's here/c%f", "proxy", "p"), List.of());
    assertThat(entry)
        .contains("IdentityFile \"/my keys/100%%\"\n")
        .contains("ProxyCommand '/opt/it'\\''s here/c%%f' proxy p\n");
    assertThatThrownBy(() -> config.entry(profile("p", "/a\"b"), List.of("c"), List.of()))
        .isInstanceOf(ProfileException.class);
    assertThatThrownBy(
            () -> config.entry(profile("p", "/a\nProxyCommand x"), List.of("c"), List.of()))
        .isInstanceOf(ProfileException.class);
  }

  @Test
  void ownKeys_areForProfilesWithoutOne() throws ProfileException {
    List<Path> keys = List.of(Path.of("/h/.ssh/id_rsa"), Path.of("/h/my own"));
    assertThat(config.entry(profile("p", null), List.of("c"), keys))
        .contains("IdentityFile /h/.ssh/id_rsa\n", "IdentityFile \"/h/my own\"\n")
        .doesNotContain("IdentitiesOnly");
    assertThat(config.entry(profile("p", "/named"), List.of("c"), keys)).doesNotContain("/h/");
  }

  private void put(Profile profile) throws ProfileException {
    config.put(
        profile, config.entry(profile, List.of("colabfs", "proxy", profile.name()), List.of()));
  }

  private static Profile profile(String name, @Nullable String key) {
    return new Profile(
        name,
        new Profile.Tcp("host", 22),
        "root",
        new Profile.Credentials(null, key, null),
        KEY,
        "/content",
        null);
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
