package colabfs.app;

import colabfs.control.LaunchPipe.Person;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.ssh.ConnectFailure;
import colabfs.ssh.LastSeen;
import colabfs.ssh.SecretPrompt;
import colabfs.ssh.SshRemote;
import colabfs.ssh.SshSettings;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Connects to a profile's runtime. Questions go to a person while the first connection is made;
 * reconnects later get the same answers, and no new server is trusted.
 */
final class Connection {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

  private final ProfileStore profiles;
  private final String profile;
  private final Person person;
  private final Map<String, String> environment;

  /** What was typed, by what was asked: kept in memory for reconnects, written nowhere. */
  private final Map<String, String> typed = new ConcurrentHashMap<>();

  private volatile boolean connected;

  Connection(String profile, Person person, Map<String, String> environment) {
    this.profiles = new ProfileStore(ProfileStore.configDirectory(environment));
    this.environment = environment;
    this.profile = profile;
    this.person = person;
  }

  SshRemote open(MountOptions options) throws AppException {
    return open(options.effectiveRoot(), options.effectiveCallTimeout());
  }

  /** Without waiting: nobody is asked for anything, now or later. */
  SshRemote offline(MountOptions options, LastSeen before) throws AppException {
    connected = true;
    try {
      return SshRemote.offline(
          settings(options.effectiveRoot(), options.effectiveCallTimeout()), before);
    } catch (ConnectFailure e) {
      throw AppException.of(e);
    }
  }

  /** Waits for the network, and for the person. */
  SshRemote open(@Nullable String root, Duration callTimeout) throws AppException {
    try {
      SshRemote remote = SshRemote.connect(settings(root, callTimeout));
      connected = true;
      return remote;
    } catch (ConnectFailure e) {
      throw explained(e);
    }
  }

  private AppException explained(ConnectFailure e) {
    if (e.reason() == ConnectFailure.Reason.BUSY) {
      try {
        return new AppException(SessionHolder.explain(e, profiles.load(profile), environment), e);
      } catch (ProfileException missing) {
        return AppException.of(e);
      }
    }
    boolean saysHow = String.valueOf(e.getMessage()).contains("colabfs init");
    return e.reason() == ConnectFailure.Reason.HOST_KEY_UNKNOWN && !saysHow
        ? new AppException(
            "%s That is: colabfs init %s --accept-new-host-key".formatted(e.getMessage(), profile),
            e)
        : AppException.of(e);
  }

  private SshSettings settings(@Nullable String root, Duration callTimeout) {
    SecretPrompt secrets = this::secret;
    return new SshSettings(
        () -> profiles.load(profile),
        root,
        (key, fingerprint) -> !connected && person.acceptsHostKey(key, fingerprint),
        secrets,
        callTimeout,
        CONNECT_TIMEOUT);
  }

  /** Keeps the key of a server that was just trusted. */
  void pin(SshRemote remote) throws ProfileException {
    Profile stored = profiles.load(profile);
    Profile pinned = remote.pinnedIn(stored);
    if (!pinned.equals(stored)) {
      profiles.save(pinned);
    }
  }

  private char @Nullable [] secret(String prompt) {
    if (connected) {
      String known = typed.get(prompt);
      return known == null ? null : known.toCharArray();
    }
    char[] answer = person.secret(prompt);
    if (answer != null) {
      typed.put(prompt, new String(answer));
    }
    return answer;
  }
}
