package colabfs.ssh;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.apache.sshd.client.session.ClientSession;
import org.jspecify.annotations.Nullable;

/** One way to a server: begins a session there, and says in words what stood in the way. */
interface Transport {

  /** The server as the user knows it. */
  String where();

  /** What to do when a connection that had begun was lost. */
  String nextStep();

  /** Where to look when something else than an SSH server answers. */
  default String checkAddress() {
    return "Check host and port in the profile ('colabfs init').";
  }

  /** Begins a session, which has not greeted yet. Waits. */
  ClientSession connect(Dialing dialing) throws ConnectFailure, InterruptedException;

  /** The attempt that a session is begun for. */
  interface Dialing {

    /** Waits for steps of it. */
    Steps steps();

    /**
     * A session by TCP.
     *
     * @throws ExecutionException with what went wrong
     * @throws TimeoutException when that took longer
     */
    ClientSession to(InetSocketAddress address, Duration patience)
        throws ExecutionException, TimeoutException, InterruptedException;

    /**
     * A session over an open stream, which is closed with it, and when it cannot be made.
     *
     * @param runtime which runtime is at the other end, where that is known
     */
    ClientSession over(ByteStream stream, @Nullable String runtime) throws IOException;
  }
}
