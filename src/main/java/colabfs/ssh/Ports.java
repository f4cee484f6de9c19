package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** Forwarded streams and ports of one live connection. Threading: any thread. */
final class Ports implements RemotePorts {
  private static final System.Logger LOG = System.getLogger(Ports.class.getName());

  /** By which the channels that a server opens find those who listen. */
  static final AttributeKey<Ports> OF_SESSION = new AttributeKey<>();

  private final ClientSession session;
  private final ScheduledExecutorService timer;
  private final Traffic traffic;
  private final Duration timeout;
  private final TunnelShare share = new TunnelShare();
  private final Map<Integer, Consumer<Visit>> listening = new ConcurrentHashMap<>();

  /**
   * For a session that is logged in.
   *
   * @param timeout bounds each request
   */
  Ports(ClientSession session, ScheduledExecutorService timer, Traffic traffic, Duration timeout) {
    this.session = session;
    this.timer = timer;
    this.traffic = traffic;
    this.timeout = timeout;
    session.setAttribute(OF_SESSION, this);
  }

  TunnelStream stream(TunnelStream.Ends channel) {
    return new TunnelStream(channel, traffic, share);
  }

  /** False when nobody listens on that port. */
  boolean arrived(long port, Visit visit) {
    Consumer<Visit> visitors = listening.get((int) port);
    if (visitors == null) {
      return false;
    }
    visitors.accept(visit);
    return true;
  }

  @Override
  public CompletableFuture<RemoteStream> connect(String host, int port) {
    DirectChannel channel = DirectChannel.open(session, host, port, traffic, share);
    CompletableFuture<RemoteStream> opened = channel.opened();
    bound(
        opened,
        "the runtime did not reach %s port %d within %d s"
            .formatted(host, port, timeout.toSeconds()),
        () -> channel.close(false));
    return opened;
  }

  private void bound(CompletableFuture<?> future, String text, Runnable giveUp) {
    ScheduledFuture<?> late =
        timer.schedule(
            () -> {
              if (future.completeExceptionally(new FsException(Errno.ETIMEDOUT, text))) {
                giveUp.run();
              }
            },
            timeout.toMillis(),
            TimeUnit.MILLISECONDS);
    CompletableFuture<?> unused = future.whenComplete((value, failure) -> late.cancel(false));
  }

  @Override
  public CompletableFuture<Listener> listen(String host, int port, Consumer<Visit> visitors) {
    CompletableFuture<Listener> result = new CompletableFuture<>();
    if (port != 0 && listening.putIfAbsent(port, visitors) != null) {
      return CompletableFuture.failedFuture(
          new FsException(Errno.EACCES, "port " + port + " of the runtime is forwarded already"));
    }
    CompletableFuture<?> unused =
        result.whenComplete(
            (listener, failure) -> {
              if (failure != null && port != 0) {
                listening.remove(port);
              }
            });
    try {
      var asked =
          session.request(
              request("tcpip-forward", host, port),
              "tcpip-forward",
              (command, answer) -> {
                if (command != SshConstants.SSH_MSG_REQUEST_SUCCESS) {
                  result.completeExceptionally(refused(port));
                  return;
                }
                int given = port == 0 ? (int) answer.getUInt() : port;
                listening.put(given, visitors);
                Open open = new Open(host, given);
                if (!result.complete(open)) {
                  open.close(); // nobody waited so long
                }
              });
      asked.addListener(
          done -> {
            Throwable reason = done.getException();
            if (reason != null) {
              result.completeExceptionally(lost(reason));
            }
          });
    } catch (IOException | RuntimeException e) {
      result.completeExceptionally(lost(e));
    }
    session.addCloseFutureListener(closed -> result.completeExceptionally(lost(null)));
    bound(result, "the server did not say whether it listens on port " + port, () -> {});
    return result;
  }

  private static FsException refused(int port) {
    return new FsException(
        Errno.EACCES,
        "the runtime's SSH server does not listen on port %d: it is in use there, or not allowed"
            .formatted(port));
  }

  private static FsException lost(@Nullable Throwable reason) {
    String text = "the connection was lost before the server had answered";
    return reason == null
        ? new FsException(Errno.ENOTCONN, text)
        : new FsException(Errno.ENOTCONN, text, reason);
  }

  private Buffer request(String name, String host, int port) {
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST);
    buffer.putString(name);
    buffer.putBoolean(true);
    buffer.putString(host);
    buffer.putUInt(port);
    return buffer;
  }

  private final class Open implements Listener {
    private final String host;
    private final int port;
    private final AtomicBoolean closed = new AtomicBoolean();

    Open(String host, int port) {
      this.host = host;
      this.port = port;
    }

    @Override
    public int port() {
      return port;
    }

    @Override
    public boolean isOver() {
      return closed.get() || session.isClosing();
    }

    @Override
    public void close() {
      if (closed.getAndSet(true)) {
        return;
      }
      listening.remove(port);
      if (session.isClosing()) {
        return;
      }
      try {
        var unused =
            session.request(
                request("cancel-tcpip-forward", host, port),
                "cancel-tcpip-forward",
                (command, answer) -> {});
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.DEBUG, "no longer listening: {0}", e.getMessage());
      }
    }
  }
}
