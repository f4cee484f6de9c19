package colabfs.ssh;

import colabfs.ssh.ConnectFailure.Reason;
import java.net.SocketAddress;
import java.security.PublicKey;
import org.apache.sshd.client.keyverifier.ServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a server is the one that is meant: by the pinned key, else by the prompt. What
 * was accepted once counts as pinned when the keys are exchanged anew.
 *
 * <p>Threading: MINA's thread asks, and may wait here for a person; the connecting one reads.
 */
final class HostKeyCheck implements ServerKeyVerifier {
  private final Prompts prompts;
  private @Nullable HostKey pinned;

  /** Which runtime the pinned key was of, when it is another one that answers. */
  private @Nullable String formerRuntime;

  private @Nullable String pinnedRuntime;
  private @Nullable String runtime;
  private @Nullable HostKey presented;
  private boolean refused;

  HostKeyCheck(@Nullable Pin pinned, Prompts prompts) {
    this.pinned = pinned == null ? null : pinned.key();
    this.pinnedRuntime = pinned == null ? null : pinned.runtime();
    this.prompts = prompts;
  }

  /**
   * Tells which runtime is about to be spoken to, by somebody who is trusted to know: a key that
   * was pinned for another one says nothing about it.
   */
  synchronized void at(@Nullable String answering) {
    runtime = answering;
    if (answering != null && pinnedRuntime != null && !answering.equals(pinnedRuntime)) {
      formerRuntime = pinnedRuntime;
      pinned = null;
    }
    pinnedRuntime = answering == null ? pinnedRuntime : answering;
  }

  @Override
  public synchronized boolean verifyServerKey(
      ClientSession session, SocketAddress address, PublicKey key) {
    HostKey seen = HostKey.of(key);
    presented = seen;
    boolean accepted = pinned == null ? prompts.acceptHostKey(seen) : pinned.equals(seen);
    if (accepted) {
      pinned = seen;
    } else {
      refused = true;
    }
    return accepted;
  }

  /** The server's key, once it was accepted. */
  synchronized @Nullable Pin accepted() {
    HostKey key = pinned;
    return refused || presented == null || key == null ? null : new Pin(key, runtime);
  }

  /** Why the server is not trusted; null when it is, or was not reached. */
  synchronized @Nullable ConnectFailure refusal(String where, String profileName) {
    if (!refused || presented == null) {
      return null;
    }
    if (pinned == null && formerRuntime != null) {
      return new ConnectFailure(
          Reason.HOST_KEY_UNKNOWN,
          "behind %s is a new runtime (%s; the pinned key is that of %s). Nobody has accepted its key yet: %s %s. If it was made anew, accept it: colabfs init %s --accept-new-host-key"
              .formatted(
                  where,
                  runtime,
                  formerRuntime,
                  presented.type(),
                  presented.fingerprint(),
                  profileName));
    }
    if (pinned == null) {
      return new ConnectFailure(
          Reason.HOST_KEY_UNKNOWN,
          "the server at "
              + where
              + " is not known yet; its key is "
              + presented.type()
              + " "
              + presented.fingerprint()
              + ". Compare it with the runtime's own and pass --accept-new-host-key if it is right.");
    }
    return new ConnectFailure(
        Reason.HOST_KEY_CHANGED,
        "the server at "
            + where
            + " has another key than the pinned one: expected "
            + pinned.type()
            + " "
            + pinned.fingerprint()
            + ", got "
            + presented.type()
            + " "
            + presented.fingerprint()
            + ". If the runtime was replaced, paste the line that its notebook cell prints now, which"
            + " has the new key, or run 'colabfs init "
            + profileName
            + " --host-key \""
            + presented.line()
            + "\"'; if not, somebody may be listening in: do not connect.");
  }
}
