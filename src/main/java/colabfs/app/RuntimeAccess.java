package colabfs.app;

import colabfs.control.ControlException;
import colabfs.control.ControlException.Reason;
import colabfs.core.FsException;
import colabfs.forward.Forwards;
import colabfs.machine.Machine;
import colabfs.machine.MachineFigures;
import colabfs.remote.RemoteStream;
import colabfs.ssh.LinkStatus;
import colabfs.ssh.SshRemote;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a mount's connection is good for beside files and commands: ports, ssh through it, and
 * figures of the machine. Threading: any thread.
 */
final class RuntimeAccess {
  private final SshRemote remote;
  private final Supplier<@Nullable String> linkTrouble;
  private final Forwards forwards;
  private final ServerAddress server;
  private final Machine machine;

  /**
   * Over that connection.
   *
   * @param linkTrouble why it is down; null while it is up
   */
  RuntimeAccess(SshRemote remote, Supplier<@Nullable String> linkTrouble) {
    this.remote = remote;
    this.linkTrouble = linkTrouble;
    this.forwards = new Forwards(remote.ports(), remote.link());
    this.server = new ServerAddress(remote);
    this.machine = new Machine(remote::shell, remote::root, InstantSource.system());
  }

  /** To be closed when the mount ends. */
  Forwards forwards() {
    return forwards;
  }

  /** A stream to the runtime's own SSH server; waits for the network. */
  RemoteStream toServer() throws ControlException {
    try {
      return server.connect();
    } catch (FsException e) {
      throw new ControlException(
          Reason.FAILED,
          "the runtime's SSH server was not reached through the mount's connection: %s; see 'colabfs status'"
              .formatted(e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ControlException(Reason.FAILED, "interrupted; try again", e);
    }
  }

  /** What the machine has now; waits for the network. */
  MachineFigures machine() throws ControlException {
    String trouble = linkTrouble.get();
    if (trouble != null) {
      throw new ControlException(
          Reason.FAILED,
          "the connection to the runtime is away (%s); 'colabfs status' shows what was seen last"
              .formatted(trouble));
    }
    try {
      return machine.ask();
    } catch (FsException e) {
      throw new ControlException(
          Reason.FAILED,
          "the runtime's machine does not tell: %s; 'colabfs status' shows what was seen last"
              .formatted(e.getMessage()),
          e);
    }
  }

  /** At once, what is known; who asks again has newer figures. */
  @Nullable MachineFigures seenOfMachine() {
    if (remote.status().state() == LinkStatus.State.CONNECTED) {
      machine.refresh();
    }
    return machine.last();
  }
}
