package colabfs.ssh;

import colabfs.profile.Profile;
import colabfs.profile.ProfileException;
import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteIdentity;
import colabfs.remote.RemoteShell;
import java.time.Instant;

/**
 * A runtime reached by SSH. One connection carries everything; when it goes it is made again, with
 * the profile as it is then, until {@link #close}.
 *
 * <p>Threading: any thread.
 */
public final class SshRemote implements AutoCloseable {
  private final RemoteFs fs;
  private final RemoteShell shell;
  private final RemoteIdentity identity;
  private final String root;
  private final String hostKey;
  private final Profile.ServerFacts facts;
  private volatile LinkStatus.State state = LinkStatus.State.CONNECTED;

  SshRemote(
      RemoteFs fs,
      RemoteShell shell,
      RemoteIdentity identity,
      String root,
      String hostKey,
      Profile.ServerFacts facts) {
    this.fs = fs;
    this.shell = shell;
    this.identity = identity;
    this.root = root;
    this.hostKey = hostKey;
    this.facts = facts;
  }

  /**
   * Connects, logs in and opens the root. Waits for the network, and for people where a prompt
   * does.
   */
  public static SshRemote connect(SshSettings settings) throws ConnectFailure {
    try {
      throw new ConnectFailure(
          ConnectFailure.Reason.TRANSPORT, "no way to " + settings.profile().read().endpoint());
    } catch (ProfileException e) {
      throw new ConnectFailure(ConnectFailure.Reason.TRANSPORT, String.valueOf(e.getMessage()), e);
    }
  }

  /** The files below the root. */
  public RemoteFs fs() {
    return fs;
  }

  /** Commands on the runtime. */
  public RemoteShell shell() {
    return shell;
  }

  /** Who the login is. */
  public RemoteIdentity identity() {
    return identity;
  }

  /** Absolute path of the root on the runtime, links resolved. */
  public String root() {
    return root;
  }

  /** Key line of the server that answered. */
  public String hostKey() {
    return hostKey;
  }

  /** What the server says of itself. */
  public Profile.ServerFacts facts() {
    return facts;
  }

  /** How the connection is doing. */
  public LinkStatus status() {
    return new LinkStatus(state, null, Instant.now(), null, 0, 0);
  }

  /** Gives the connection up; calls in flight end with ENOTCONN. */
  @Override
  public void close() {
    state = LinkStatus.State.CLOSED;
  }
}
