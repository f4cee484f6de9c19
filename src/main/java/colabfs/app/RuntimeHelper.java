package colabfs.app;

import colabfs.agent.AgentStatus;
import colabfs.agent.AgentTree;
import colabfs.control.MountStatus;
import colabfs.remote.NoJobs;
import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteTree;
import colabfs.ssh.SshRemote;
import org.jspecify.annotations.Nullable;

/** The helper on the runtime of one mount, where one is wanted. Threading: any thread. */
final class RuntimeHelper implements AutoCloseable {
  private final @Nullable AgentTree agent;
  private final String reason;

  private RuntimeHelper(@Nullable AgentTree agent, String reason) {
    this.agent = agent;
    this.reason = reason;
  }

  /** Begins to start it; does not wait. */
  static RuntimeHelper start(MountOptions options, SshRemote remote) {
    return new RuntimeHelper(
        options.fetching().helper() && !options.drive()
            ? new AgentTree(remote.shell(), remote.link(), remote::root)
            : null,
        options.drive()
            ? "Google Drive tells nobody of changes, and lists slowly (--drive)"
            : "it was not wanted (--no-helper)");
  }

  RemoteTree tree() {
    return agent == null ? RemoteTree.NONE : agent;
  }

  /** The commands that outlive the connection. */
  RemoteJobs jobs() {
    return agent == null ? new NoJobs("no helper on the runtime; " + reason) : agent.jobs();
  }

  MountStatus.Helper status() {
    if (agent == null) {
      return new MountStatus.Helper(false, reason, 0);
    }
    AgentStatus status = agent.status();
    return status.up()
        ? new MountStatus.Helper(true, "Python " + status.python(), status.watches())
        : new MountStatus.Helper(false, status.reason(), 0);
  }

  @Override
  public void close() {
    if (agent != null) {
      agent.close();
    }
  }
}
