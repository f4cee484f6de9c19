package colabfs.remote;

import colabfs.core.Errno;
import colabfs.core.FsException;
import java.util.concurrent.CompletableFuture;

/** Runs commands on a runtime, each on a channel of the one connection. Threading: any thread. */
public interface RemoteShell {

  /**
   * Starts a command line with the login's shell, as sshd does: the text is for that shell to
   * parse. Whoever builds it from arguments quotes them.
   *
   * @return ends when the command has started; with an {@link colabfs.core.FsException} (ENOTCONN,
   *     ETIMEDOUT, EACCES) when it could not be; queues while the server's limit of channels is
   *     reached
   */
  CompletableFuture<RemoteProcess> start(String commandLine);

  /**
   * As {@link #start(String)}, at a terminal that lasts as long as the channel: what the command
   * prints as errors comes with the rest. EOPNOTSUPP where there are none.
   */
  default CompletableFuture<RemoteProcess> start(String commandLine, RemoteJobs.Terminal terminal) {
    return CompletableFuture.failedFuture(
        new FsException(Errno.EOPNOTSUPP, "the runtime gives no terminals"));
  }
}
