package colabfs.ssh;

import colabfs.ssh.ConnectFailure.Reason;

/** What the statuses of Google's endpoint mean, and what to do then. */
final class ColabRefusal {

  private ColabRefusal() {}

  /** The failure for an HTTP status other than 101. */
  static ConnectFailure of(int status, String session) {
    String where = "the Colab session '" + session + "'";
    return switch (status) {
      case 400 ->
          new ConnectFailure(
              Reason.AUTHENTICATION,
              "the gateway of %s does not take the public key (400): ed25519 and ecdsa keys only. Name another with 'colabfs init --key FILE', or make one with 'ssh-keygen -t ed25519'."
                  .formatted(where));
      case 401 ->
          new ConnectFailure(
              Reason.NOT_ADMITTED,
              "the token of %s is no longer valid (401); tokens live about an hour. Have Google's tool look after it: 'colab status -s %s'; if the session has ended, 'colab new -s %s'. A mount goes on by itself when the token in the file is a good one."
                  .formatted(where, session, session));
      case 403 ->
          new ConnectFailure(
              Reason.NOT_ADMITTED,
              "%s may not be used by SSH (403): the token or the account does not permit it. Free runtimes without compute units are not for SSH; see your plan in Colab, then make a session with 'colab new -s %s'."
                  .formatted(where, session));
      case 404 ->
          new ConnectFailure(
              Reason.NOT_ADMITTED,
              "the runtime of %s has no SSH (404). That is decided when it is made: save what you need there, then 'colab stop -s %s' and 'colab new -s %s'."
                  .formatted(where, session, session));
      case 407 ->
          new ConnectFailure(
              Reason.TRANSPORT,
              "the proxy on the way to %s wants a user and a password, or others (407). Set https_proxy=http://user:password@proxy.example:3128, or exempt the host with no_proxy."
                  .formatted(where));
      case 429 ->
          new ConnectFailure(
              Reason.BUSY,
              "%s has an SSH connection already, and takes one at a time (429). End the other one ('colab ssh', an IDE, another computer); after a cut it may last a minute until it is noticed."
                  .formatted(where));
      case 502, 503, 504 ->
          new ConnectFailure(
              Reason.TRANSPORT,
              "the gateway of %s does not reach the SSH server on the runtime (%d). It may be starting still, or overloaded: try again in a moment; 'colab status -s %s' tells whether the runtime is there."
                  .formatted(where, status, session));
      case 101 ->
          new ConnectFailure(
              Reason.TRANSPORT,
              "what answers for %s speaks no WebSocket as the protocol wants it. If a proxy of your network stands in between, exempt the host with no_proxy; else have Google's tool look: 'colab status -s %s'."
                  .formatted(where, session));
      default ->
          new ConnectFailure(
              Reason.TRANSPORT,
              "the gateway of %s answers with the HTTP status %d instead of a connection. Try again later; 'colab status -s %s' tells whether the runtime is there."
                  .formatted(where, status, session));
    };
  }
}
