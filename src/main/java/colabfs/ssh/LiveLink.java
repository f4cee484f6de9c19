package colabfs.ssh;

import colabfs.remote.RemoteFs;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteShell;
import java.util.concurrent.CompletableFuture;

/** One connection while it lasts. */
interface LiveLink extends AutoCloseable {

  /** The files below the root, on this connection only. */
  RemoteFs fs();

  /** The same server's files from {@code /} on, on this connection only. */
  RemoteFs wholeRuntime();

  /** Commands, on this connection only. */
  RemoteShell shell();

  /** The runtime's network, on this connection only. */
  RemotePorts ports();

  /** Ends, with the reason in words, when the connection is gone. */
  CompletableFuture<String> lost();

  /** Ends the connection, without waiting. */
  @Override
  void close();
}
