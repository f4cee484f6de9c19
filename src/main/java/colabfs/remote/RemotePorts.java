package colabfs.remote;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The runtime's network: streams to addresses as the runtime sees them, and ports that its SSH
 * server listens on. Each stream is a channel of the one connection.
 *
 * <p>Threading: any thread; nothing here waits.
 */
public interface RemotePorts {

  /**
   * Opens a stream to an address.
   *
   * @param host a name or an address, for the runtime to look up
   * @return ends with an {@link colabfs.core.FsException}: EACCES when the server does not forward,
   *     EIO when nothing answers there, ENOTCONN and ETIMEDOUT when the connection is away
   */
  CompletableFuture<RemoteStream> connect(String host, int port);

  /**
   * Has the server listen, until the listener is closed or the connection goes.
   *
   * @param host an address of the runtime's; {@code localhost} for its own programs only
   * @param port 0 for one that the server chooses
   * @param visitors told of everybody who calls there; must not wait
   * @return ends with an {@link colabfs.core.FsException}: EACCES when the server does not do it,
   *     be it forbidden or the port in use (SSH does not tell these apart), ENOTCONN and ETIMEDOUT
   *     when the connection is away
   */
  CompletableFuture<Listener> listen(String host, int port, Consumer<Visit> visitors);

  /** A port that the server listens on. */
  interface Listener extends AutoCloseable {

    /** The port, as the server has it. */
    int port();

    /** Whether it listens no more, because the connection went or it was closed. */
    boolean isOver();

    /** Has the server listen no more; does not wait for it. */
    @Override
    void close();
  }

  /** Somebody who calls a port that the server listens on; must be answered one way. */
  interface Visit {

    /** Lets them in. */
    RemoteStream accept();

    /** Turns them away. */
    void refuse(String reason);
  }
}
