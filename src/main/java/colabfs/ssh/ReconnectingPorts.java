package colabfs.ssh;

import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteStream;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The runtime's network over whatever connection there is. What was opened lives as long as the
 * connection that it was opened on.
 */
final class ReconnectingPorts implements RemotePorts {
  private final Patience patience;

  ReconnectingPorts(Patience patience) {
    this.patience = patience;
  }

  @Override
  public CompletableFuture<RemoteStream> connect(String host, int port) {
    return patience.call(false, link -> link.ports().connect(host, port), late -> late.close());
  }

  @Override
  public CompletableFuture<Listener> listen(String host, int port, Consumer<Visit> visitors) {
    return patience.call(
        false, link -> link.ports().listen(host, port, visitors), late -> late.close());
  }
}
