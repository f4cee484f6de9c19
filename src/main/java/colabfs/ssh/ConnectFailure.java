package colabfs.ssh;

import org.jspecify.annotations.Nullable;

/**
 * Why a runtime could not be reached. The message is complete: what happened, and the next step.
 */
public final class ConnectFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is. */
  public enum Reason {
    /** Somebody is there and wants no connection: nothing listens on that port. */
    REFUSED,
    /** The host name is unknown, or no way leads there. */
    UNREACHABLE,
    /** A step of connecting took longer than {@link SshSettings#connectTimeout}. */
    TIMEOUT,
    /** No key is pinned, and the one that the server has was not accepted. */
    HOST_KEY_UNKNOWN,
    /** The server has another key than the pinned one. */
    HOST_KEY_CHANGED,
    /** No key or password was accepted, or one could not be read. */
    AUTHENTICATION,
    /** The gateway in front of the runtime lets nobody in: its token, the account, the runtime. */
    NOT_ADMITTED,
    /** The runtime takes one connection, and somebody has it. */
    BUSY,
    /** Logged in, but the server gives no SFTP. */
    NO_SFTP,
    /** Logged in, but the root is missing or no directory. */
    ROOT_MISSING,
    /** Everything else between the two ends: no SSH server, a proxy command that ended, a cut. */
    TRANSPORT;

    /** Whether trying again helps only after something was changed by a person. */
    public boolean isPermanent() {
      return switch (this) {
        case HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, AUTHENTICATION, NO_SFTP, ROOT_MISSING -> true;
        case REFUSED, UNREACHABLE, TIMEOUT, NOT_ADMITTED, BUSY, TRANSPORT -> false;
      };
    }
  }

  private final Reason reason;

  ConnectFailure(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  ConnectFailure(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  static ConnectFailure of(Reason reason, String message, @Nullable Throwable cause) {
    return cause == null
        ? new ConnectFailure(reason, message)
        : new ConnectFailure(reason, message, cause);
  }

  public Reason reason() {
    return reason;
  }
}
