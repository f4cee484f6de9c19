package colabfs.forward;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A port of this machine that leads to the runtime, or with SOCKS to wherever the client asks. It
 * stays open while the connection is away: who calls then waits as long as any call does.
 *
 * <p>Threading: a thread that accepts, and two for each connection.
 */
final class LocalForward implements Forward {
  private static final Logger LOG = System.getLogger(LocalForward.class.getName());

  /** Ports below need a right that programs of a user do not have (ip(7)). */
  private static final int FIRST_FREE_PORT = 1024;

  private static final int BACKLOG = 128;

  /** A SOCKS client that does not say what it wants is given up after so long. */
  private static final int SOCKS_MILLIS = 10_000;

  private final ForwardSpec spec;
  private final ServerSocket server;
  private final RemotePorts ports;
  private final Visitors visitors;

  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable String trouble;

  private LocalForward(ForwardSpec spec, ServerSocket server, RemotePorts ports) {
    this.spec = spec;
    this.server = server;
    this.ports = ports;
    this.visitors = new Visitors("forward-" + spec.port());
  }

  /** Takes the port; nobody is let in before {@link #start}. */
  static LocalForward bind(ForwardSpec asked, RemotePorts ports) throws ForwardException {
    ServerSocket server = null;
    try {
      server = new ServerSocket();
      server.bind(
          new InetSocketAddress(InetAddress.getByName(asked.bind()), asked.port()), BACKLOG);
      return new LocalForward(asked.withPort(server.getLocalPort()), server, ports);
    } catch (IOException e) {
      close(server);
      throw notBound(asked, e);
    }
  }

  private static void close(@Nullable ServerSocket server) {
    try {
      if (server != null) {
        server.close();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "close", e); // it is gone all the same
    }
  }

  private static ForwardException notBound(ForwardSpec asked, IOException cause) {
    String text = String.valueOf(cause.getMessage());
    ForwardSpec other =
        asked.withPort(asked.port() < FIRST_FREE_PORT ? asked.port() + 8000 : asked.port() + 1);
    if (cause instanceof UnknownHostException) {
      return new ForwardException(
          "there is no address '%s'; name one of this machine's, or leave it out"
              .formatted(asked.bind()),
          cause);
    }
    if (cause instanceof BindException && text.contains("in use")) {
      return new ForwardException(
          "port %d of %s is in use by another program (ss -ltnp shows which); end that, or take another: colabfs forward %s"
              .formatted(asked.port(), asked.bind(), other),
          cause);
    }
    if (asked.port() < FIRST_FREE_PORT && asked.port() > 0 && text.contains("ermission denied")) {
      return new ForwardException(
          "ports below %d are not for programs of a user; take another: colabfs forward %s"
              .formatted(FIRST_FREE_PORT, other),
          cause);
    }
    return new ForwardException(
        "cannot listen on %s: %s; name another address or port".formatted(asked.listens(), text),
        cause);
  }

  /** Lets callers in. */
  void start() {
    Thread thread = new Thread(this::accept, "forward-accept-" + spec.port());
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        SocketEnd end = new SocketEnd(socket);
        if (!visitors.serve(end, () -> serve(end))) {
          trouble =
              "more than %d connections at once; one was turned away".formatted(Visitors.MOST);
          end.abort();
        }
      } catch (IOException e) {
        if (!server.isClosed()) {
          LOG.log(Level.WARNING, "forward {0}: {1}", spec, e.getMessage());
          trouble = String.valueOf(e.getMessage());
          pause();
        }
      }
    }
  }

  /** With too many open files, accepting fails until some are closed. */
  private void pause() {
    try {
      boolean unused = closed.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(SocketEnd end) {
    try {
      end.socket().setTcpNoDelay(true);
      end.socket().setKeepAlive(true);
      RemoteStream stream =
          spec.kind() == ForwardSpec.Kind.DYNAMIC ? socks(end) : open(spec.host(), spec.hostPort());
      trouble = null;
      if (stream == null) {
        end.close();
      } else {
        Splice.join(end, stream, "forward-" + spec.port());
      }
    } catch (FsException e) {
      LOG.log(Level.INFO, "forward {0}: {1}", spec, e.getMessage());
      trouble = e.getMessage();
      end.abort();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "forward {0}: {1}", spec, e.getMessage());
      end.abort();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      end.abort();
    }
  }

  /** Waits for the network. */
  private RemoteStream open(String host, int port) throws FsException, InterruptedException {
    CompletableFuture<RemoteStream> asked = ports.connect(host, port);
    try {
      return asked.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof FsException known
          ? known
          : new FsException(Errno.EIO, String.valueOf(e.getCause()), e);
    }
  }

  /**
   * Waits for the client and the network; null when the client was told that it is not possible.
   */
  private @Nullable RemoteStream socks(SocketEnd end) throws IOException, InterruptedException {
    Socket socket = end.socket();
    socket.setSoTimeout(SOCKS_MILLIS);
    Socks wanted = Socks.read(socket.getInputStream(), socket.getOutputStream());
    socket.setSoTimeout(0);
    try {
      RemoteStream stream = open(wanted.host(), wanted.port());
      try {
        wanted.answer(socket.getOutputStream(), Socks.Answer.GRANTED);
        return stream;
      } catch (IOException e) {
        stream.close();
        throw e;
      }
    } catch (FsException e) {
      LOG.log(Level.INFO, "forward {0}: {1}", spec, e.getMessage());
      wanted.answer(socket.getOutputStream(), answer(e.errno()));
      socket.shutdownOutput();
      return null;
    }
  }

  private static Socks.Answer answer(Errno errno) {
    return switch (errno) {
      case EACCES -> Socks.Answer.NOT_ALLOWED;
      case EIO -> Socks.Answer.REFUSED;
      case ENOTCONN, ETIMEDOUT -> Socks.Answer.UNREACHABLE;
      default -> Socks.Answer.FAILED;
    };
  }

  @Override
  public ForwardSpec spec() {
    return spec;
  }

  @Override
  public ForwardStatus status(boolean linkUp) {
    return new ForwardStatus(
        spec,
        linkUp,
        visitors.openNow(),
        visitors.soFar(),
        linkUp ? trouble : "the connection to the runtime is away; who calls waits for it");
  }

  @Override
  public void linkIsUp() {
    trouble = null; // it was of the connection before
  }

  @Override
  public void close() {
    close(server);
    closed.countDown();
    visitors.close();
  }
}
