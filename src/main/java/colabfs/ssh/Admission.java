package colabfs.ssh;

import colabfs.remote.RemoteFs;
import colabfs.remote.RemoteShell;
import colabfs.remote.RuntimeId;
import java.util.concurrent.CompletableFuture;

/** Decides on every connection that was made again, before anything goes over it. */
@FunctionalInterface
public interface Admission {

  /** Takes whatever answers. */
  Admission EVERYBODY = arrival -> {};

  /**
   * Returns when the connection may be used, or is over. Until then there is none for anybody else:
   * calls wait and fail as they do while the link is down. Called on the thread that connects,
   * which may be held up for as long as it takes.
   */
  void admit(Arrival arrival) throws InterruptedException;

  /** A connection that stands, and that nobody uses but who decides on it. */
  interface Arrival {
    /** Which runtime answered. */
    RuntimeId runtimeId();

    /** Absolute path of the root on that runtime, links resolved. */
    String root();

    /** The files below the root, on this connection only. */
    RemoteFs fs();

    /** Commands, on this connection only. */
    RemoteShell shell();

    /**
     * Ends, with the reason in words, when the connection is gone, was closed, or is not wanted any
     * more because the profile was changed: it will not be used, whatever is decided.
     */
    CompletableFuture<String> over();

    /** Why nobody else may use it yet: told to those whose calls wait in vain. */
    void explain(String reason);

    /**
     * Ends with ENOTCONN the changes that wait for a connection: they were meant for another
     * runtime than this. Calls that only look go on.
     */
    void turnAwayCalls();
  }
}
