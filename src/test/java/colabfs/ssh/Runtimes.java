package colabfs.ssh;

import colabfs.it.OpenSshServer;
import colabfs.profile.Profile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Profiles and settings for the tests of this room. */
final class Runtimes {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(20);
  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** Nobody's keys and no agent. */
  static final Surroundings NOTHING = new Surroundings(Path.of("/nonexistent"), null, null);

  private Runtimes() {}

  /**
   * An OpenSSH server whose shells read no start files: those of the user who runs the tests may
   * take long, and must not be killed in the middle.
   */
  static OpenSshServer server(Path dir, String... config) throws IOException, InterruptedException {
    List<String> lines = new ArrayList<>(List.of(config));
    lines.add("SetEnv HOME=" + dir.toRealPath());
    return OpenSshServer.start(
        dir, OpenSshServer.Options.USUAL.withConfig(lines.toArray(String[]::new)));
  }

  /** The server, reached directly, with its own key file and its host key pinned. */
  static Profile profile(OpenSshServer server) throws IOException {
    return profile(server, server.port());
  }

  /** The same, reached by another port. */
  static Profile profile(OpenSshServer server, int port) throws IOException {
    return new Profile(
        "test",
        new Profile.Tcp("127.0.0.1", port),
        server.user(),
        key(server.privateKey(), null),
        server.hostKeyLine(),
        server.root().toString(),
        null);
  }

  static Profile.Credentials key(Path file, @Nullable String passphrase) {
    return new Profile.Credentials(null, file.toString(), passphrase);
  }

  static Profile with(Profile profile, Profile.Credentials credentials) {
    return new Profile(
        profile.name(),
        profile.endpoint(),
        profile.user(),
        credentials,
        profile.hostKey(),
        profile.root(),
        null);
  }

  static Profile with(Profile profile, Profile.Endpoint endpoint) {
    return new Profile(
        profile.name(),
        endpoint,
        profile.user(),
        profile.credentials(),
        profile.hostKey(),
        profile.root(),
        null);
  }

  static Profile withRoot(Profile profile, String root) {
    return new Profile(
        profile.name(),
        profile.endpoint(),
        profile.user(),
        profile.credentials(),
        profile.hostKey(),
        root,
        null);
  }

  static Profile unpinned(Profile profile) {
    return new Profile(
        profile.name(),
        profile.endpoint(),
        profile.user(),
        profile.credentials(),
        null,
        profile.root(),
        null);
  }

  static SshSettings settings(Profile profile) {
    return settings(() -> profile);
  }

  static SshSettings settings(ProfileSource profile) {
    return new SshSettings(
        profile, null, HostKeyPrompt.REFUSE, SecretPrompt.NONE, CALL_TIMEOUT, CONNECT_TIMEOUT);
  }

  static SshSettings quick(Profile profile, Duration connectTimeout) {
    return new SshSettings(
        () -> profile, null, HostKeyPrompt.REFUSE, SecretPrompt.NONE, CALL_TIMEOUT, connectTimeout);
  }

  /** A profile that somebody changes while it is in use. */
  static final class ChangingProfile implements ProfileSource {
    private volatile Profile profile;

    ChangingProfile(Profile first) {
      this.profile = first;
    }

    void set(Profile next) {
      profile = next;
    }

    @Override
    public Profile read() {
      return profile;
    }
  }
}
