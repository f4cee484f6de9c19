package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.ssh.ConnectFailure.Reason;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.jspecify.annotations.Nullable;

/** Puts what went wrong on the way to one server into words: what happened, and what to do. */
final class Diagnosis {
  private static final String NEW_ADDRESS =
      "If the runtime or its tunnel was started again, run 'colabfs init' with the new address.";
  private static final String CHECK_ADDRESS =
      "Check host and port in the profile ('colabfs init').";

  private final Profile.Endpoint endpoint;
  private final String profileName;
  private final Progress progress;
  private final Duration limit;

  Diagnosis(Profile profile, Progress progress, Duration limit) {
    this.endpoint = profile.endpoint();
    this.profileName = profile.name();
    this.progress = progress;
    this.limit = limit;
  }

  /** The server as the user knows it. */
  String where() {
    String address = endpoint.host() + ":" + endpoint.port();
    return endpoint instanceof Profile.Command ? address + " (by proxy command)" : address;
  }

  ConnectFailure badCommand(IllegalArgumentException cause) {
    return failure(
        Reason.TRANSPORT,
        cause.getMessage() + ". Correct it in the profile '" + profileName + "'.",
        cause);
  }

  ConnectFailure unknownHost(@Nullable Throwable cause) {
    return failure(
        Reason.UNREACHABLE,
        "the host name '"
            + endpoint.host()
            + "' is unknown. Check its spelling and your network. "
            + NEW_ADDRESS,
        cause);
  }

  ConnectFailure lookupTimeout() {
    return failure(
        Reason.TIMEOUT,
        "looking up '"
            + endpoint.host()
            + "' took longer than "
            + seconds()
            + ". Check your network.",
        null);
  }

  ConnectFailure connectTimeout() {
    return failure(
        Reason.TIMEOUT, where() + " did not answer within " + seconds() + ". " + NEW_ADDRESS, null);
  }

  ConnectFailure notConnected(@Nullable Throwable failure) {
    Throwable cause = root(failure);
    String text = cause == null ? "" : String.valueOf(cause.getMessage());
    String lower = text.toLowerCase(Locale.ROOT);
    if (endpoint instanceof Profile.Command) {
      return failure(
          Reason.TRANSPORT,
          "the proxy command cannot be run: "
              + (failure == null ? text : failure.getMessage())
              + ". Install it, or correct the profile.",
          cause);
    }
    if (cause instanceof NoRouteToHostException
        || lower.contains("unreachable")
        || lower.contains("no route")) {
      return failure(
          Reason.UNREACHABLE,
          "no way leads to " + where() + " (" + text + "). Check your network, then the address.",
          cause);
    }
    if (lower.contains("timed out")) {
      return connectTimeout();
    }
    if (cause instanceof ConnectException) {
      return failure(
          Reason.REFUSED,
          where() + " refuses connections: nothing listens there. " + NEW_ADDRESS,
          cause);
    }
    return failure(
        Reason.TRANSPORT, where() + " cannot be reached: " + text + ". " + NEW_ADDRESS, cause);
  }

  private static @Nullable Throwable root(@Nullable Throwable failure) {
    Throwable root = failure;
    while (root != null && root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  ConnectFailure greetingTimeout() {
    if (progress.serverVersion() != null) {
      return failure(
          Reason.TIMEOUT,
          where() + " did not finish the key exchange within " + seconds() + ". Try again.",
          null);
    }
    if (!progress.strangeLines().isEmpty()) {
      return noSshServer(null);
    }
    return failure(
        Reason.TIMEOUT,
        where()
            + " takes connections, but did not greet as an SSH server within "
            + seconds()
            + ". "
            + CHECK_ADDRESS,
        null);
  }

  /** The session ended before the keys were agreed. */
  ConnectFailure noKeys(@Nullable Throwable cause) {
    boolean greeted = progress.serverVersion() != null;
    if (!greeted && (!progress.strangeLines().isEmpty() || isBadGreeting(cause))) {
      return noSshServer(cause);
    }
    return lost(cause);
  }

  private static boolean isBadGreeting(@Nullable Throwable cause) {
    return cause != null
        && String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT).contains("identification");
  }

  private ConnectFailure noSshServer(@Nullable Throwable cause) {
    List<String> lines = progress.strangeLines();
    String said = lines.isEmpty() ? "" : "; it said: '" + String.join(" | ", lines) + "'";
    return failure(
        Reason.TRANSPORT,
        "what answers at " + where() + " is no SSH server" + said + ". " + CHECK_ADDRESS,
        cause);
  }

  ConnectFailure loginTimeout() {
    return failure(
        Reason.TIMEOUT,
        where() + " did not decide about the login within " + seconds() + ". Try again.",
        null);
  }

  ConnectFailure notLoggedIn(Login login, @Nullable Throwable cause) {
    boolean exhausted =
        cause == null
            || (cause instanceof SshException ssh
                && ssh.getDisconnectCode()
                    == SshConstants.SSH2_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    String hangUp = aboutLogin(progress.disconnectMessage(), progress.failure(), cause);
    if (!exhausted && hangUp == null) {
      return lost(cause);
    }
    String said = exhausted || hangUp == null ? "" : " (the server says: " + hangUp + ")";
    return failure(Reason.AUTHENTICATION, where() + ": " + login.report() + said, cause);
  }

  /** The words with which servers hang up after too many tries; null when they are others. */
  private static @Nullable String aboutLogin(
      @Nullable String said, @Nullable Throwable first, @Nullable Throwable second) {
    return Stream.of(
            Optional.ofNullable(said),
            Optional.ofNullable(first).map(Throwable::getMessage),
            Optional.ofNullable(second).map(Throwable::getMessage))
        .flatMap(Optional::stream)
        .filter(text -> text.toLowerCase(Locale.ROOT).contains("authentication"))
        .findFirst()
        .orElse(null);
  }

  /** The connection went away, for no better known reason. */
  ConnectFailure lost(@Nullable Throwable cause) {
    Throwable first = progress.failure();
    String said = progress.disconnectMessage();
    Throwable told = first != null ? first : cause;
    String why =
        said != null
            ? "the server says: " + said
            : told == null || told.getMessage() == null ? "closed" : told.getMessage();
    String next =
        endpoint instanceof Profile.Command
            ? "Try the proxy command by hand."
            : "Try again; if it stays so, look at the server's log.";
    return failure(
        Reason.TRANSPORT,
        "the connection to " + where() + " was lost before it was ready: " + why + ". " + next,
        told);
  }

  private String seconds() {
    return limit.toMillis() % 1000 == 0 ? limit.toSeconds() + " s" : limit.toMillis() + " ms";
  }

  private static ConnectFailure failure(Reason reason, String message, @Nullable Throwable cause) {
    return cause == null
        ? new ConnectFailure(reason, message)
        : new ConnectFailure(reason, message, cause);
  }
}
