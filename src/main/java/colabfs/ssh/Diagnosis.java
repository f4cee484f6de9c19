package colabfs.ssh;

import colabfs.ssh.ConnectFailure.Reason;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.SshException;
import org.jspecify.annotations.Nullable;

/** Puts what went wrong on the way to one server into words: what happened, and what to do. */
final class Diagnosis {
  private final Transport transport;
  private final Progress progress;
  private final Steps steps;

  Diagnosis(Transport transport, Progress progress, Steps steps) {
    this.transport = transport;
    this.progress = progress;
    this.steps = steps;
  }

  /** The server as the user knows it. */
  String where() {
    return transport.where();
  }

  ConnectFailure greetingTimeout() {
    if (progress.serverVersion() != null) {
      return ConnectFailure.of(
          Reason.TIMEOUT,
          where() + " did not finish the key exchange within " + steps.limitText() + ". Try again.",
          null);
    }
    if (!progress.strangeLines().isEmpty()) {
      return noSshServer(null);
    }
    return ConnectFailure.of(
        Reason.TIMEOUT,
        where()
            + " takes connections, but did not greet as an SSH server within "
            + steps.limitText()
            + ". "
            + transport.checkAddress(),
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
    return ConnectFailure.of(
        Reason.TRANSPORT,
        "what answers at " + where() + " is no SSH server" + said + ". " + transport.checkAddress(),
        cause);
  }

  ConnectFailure loginTimeout() {
    return ConnectFailure.of(
        Reason.TIMEOUT,
        where() + " did not decide about the login within " + steps.limitText() + ". Try again.",
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
    return ConnectFailure.of(Reason.AUTHENTICATION, where() + ": " + login.report() + said, cause);
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
    return ConnectFailure.of(
        Reason.TRANSPORT,
        "the connection to %s was lost before it was ready: %s. %s"
            .formatted(where(), why, transport.nextStep()),
        told);
  }
}
