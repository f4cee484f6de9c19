package colabfs.ssh;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.util.concurrent.CompletableFuture;

/** Starts commands on the connection that there is, or on the next one. Threading: any thread. */
record ReconnectingShell(Patience patience) implements RemoteShell {
  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine) {
    return patience.call(false, link -> link.shell().start(commandLine), RemoteProcess::close);
  }

  @Override
  public CompletableFuture<RemoteProcess> start(String commandLine, RemoteJobs.Terminal terminal) {
    return patience.call(
        false, link -> link.shell().start(commandLine, terminal), RemoteProcess::close);
  }
}
