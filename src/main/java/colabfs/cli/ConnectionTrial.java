package colabfs.cli;

import colabfs.app.SessionHolder;
import colabfs.core.RemotePath;
import colabfs.profile.HostKeyLine;
import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.profile.ProfileStore;
import colabfs.ssh.ConnectFailure;
import colabfs.ssh.SshRemote;
import colabfs.ssh.SshSettings;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Tries a new profile: connects, has the host key decided on, prints what the server is, and saves
 * the profile with what was learned. Nothing is saved when it fails.
 *
 * <p>Threading: prompts come on a thread of the connection's while {@link #run} waits.
 */
final class ConnectionTrial {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final Surroundings surroundings;
  private final ProfileStore store;
  private final boolean acceptNewHostKey;

  private volatile @Nullable String typedPassword;
  private volatile @Nullable String typedPassphrase;

  ConnectionTrial(Surroundings surroundings, ProfileStore store, boolean acceptNewHostKey) {
    this.surroundings = surroundings;
    this.store = store;
    this.acceptNewHostKey = acceptNewHostKey;
  }

  /** Waits for the network, and for the person at the terminal. */
  void run(Profile profile) throws CliFailure, ProfileException {
    SshSettings settings =
        new SshSettings(
            () -> profile,
            null,
            (keyLine, fingerprint) -> isTrusted(profile, keyLine, fingerprint),
            this::secret,
            TIMEOUT,
            TIMEOUT);
    try (SshRemote remote = SshRemote.connect(settings)) {
      Profile learned = remote.pinnedIn(profile).withServer(remote.facts());
      store.save(withTypedSecrets(learned));
      print(learned, remote);
    } catch (ConnectFailure e) {
      throw new CliFailure(explain(profile, e), e);
    }
  }

  private boolean isTrusted(Profile profile, String keyLine, String fingerprint) {
    if (acceptNewHostKey || !surroundings.terminal().isThere()) {
      return acceptNewHostKey;
    }
    surroundings
        .err()
        .printf(
            "The server %s is not known yet. Its host key is%n  %s %s%nCompare it with what"
                + " 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' shows there.%n",
            Shown.address(profile), keyLine.split(" ", 2)[0], fingerprint);
    for (int attempt = 0; attempt < 3; attempt++) {
      String answer = surroundings.terminal().ask("Trust it (yes/no)? ");
      switch (answer == null ? "no" : answer.strip().toLowerCase(Locale.ROOT)) {
        case "yes" -> {
          return true;
        }
        case "no" -> {
          return false;
        }
        default -> surroundings.err().println("Please type yes or no.");
      }
    }
    return false;
  }

  private char @Nullable [] secret(String prompt) {
    char[] typed = surroundings.terminal().askSecretly(prompt);
    if (typed != null) {
      String kind = prompt.toLowerCase(Locale.ROOT);
      if (kind.contains("passphrase")) {
        typedPassphrase = new String(typed);
      } else if (kind.contains("password")) {
        typedPassword = new String(typed);
      }
    }
    return typed;
  }

  /** A mount's daemon cannot ask, so what was typed may be kept; never a one-time code. */
  private Profile withTypedSecrets(Profile profile) {
    String password = typedPassword;
    String passphrase = typedPassphrase;
    if (password == null && passphrase == null) {
      return profile;
    }
    String answer =
        surroundings
            .terminal()
            .ask("Keep what you typed in the profile, which only you can read (yes/no)? ");
    if (answer == null || !answer.strip().toLowerCase(Locale.ROOT).startsWith("y")) {
      return profile;
    }
    Profile.Credentials old = profile.credentials();
    return new Profile(
        profile.name(),
        profile.endpoint(),
        profile.user(),
        new Profile.Credentials(
            password == null ? old.password() : password,
            old.key(),
            passphrase == null ? old.passphrase() : passphrase,
            old.passwordCommand()),
        profile.hostKey(),
        profile.root(),
        profile.server());
  }

  private void print(Profile profile, SshRemote remote) throws ProfileException {
    PrintWriter out = surroundings.out();
    Shown.line(out, "profile", profile.name() + ": " + Shown.address(profile));
    Shown.line(out, "host key", Shown.hostKey(HostKeyLine.parse(remote.hostKey())) + ", pinned");
    Shown.line(out, "root", remote.root());
    Shown.line(out, "round trip", roundTrip(remote));
    Shown.server(out, remote.facts());
  }

  private static String roundTrip(SshRemote remote) {
    long start = System.nanoTime();
    try {
      remote.fs().lstat(RemotePath.ROOT).get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      return "%.1f ms".formatted((System.nanoTime() - start) / 1e6);
    } catch (ExecutionException | TimeoutException e) {
      return "not measured: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "not measured";
    }
  }

  private String explain(Profile profile, ConnectFailure failure) {
    String message = SessionHolder.explain(failure, profile, surroundings.environment());
    return switch (failure.reason()) {
      case HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, AUTHENTICATION, ROOT_MISSING, NO_SFTP -> message;
      case REFUSED, UNREACHABLE, TIMEOUT, NOT_ADMITTED, BUSY, TRANSPORT ->
          message + " (nothing was saved; --no-check saves without trying)";
    };
  }
}
