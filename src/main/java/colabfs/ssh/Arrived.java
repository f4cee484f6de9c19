package colabfs.ssh;

import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteShell;
import colabfs.remote.RuntimeId;
import java.util.concurrent.CompletableFuture;

/** What is seen of a connection by who decides on it. */
record Arrived(Connection made, Lifeline lifeline) implements Admission.Arrival {
  @Override
  public RuntimeId runtimeId() {
    return made.runtimeId();
  }

  @Override
  public String root() {
    return made.root();
  }

  @Override
  public RemoteFs fs() {
    return made.fs();
  }

  @Override
  public RemoteShell shell() {
    return made.shell();
  }

  @Override
  public CompletableFuture<String> over() {
    return made.lost();
  }

  @Override
  public void explain(String reason) {
    lifeline.explain(reason);
  }

  @Override
  public void turnAwayCalls() {
    lifeline.turnAwayCalls();
  }
}
