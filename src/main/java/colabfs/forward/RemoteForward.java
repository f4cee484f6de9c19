package colabfs.forward;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemotePorts;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A port of the runtime that leads to this machine. The server forgets it with every connection, so
 * it is asked for again on the next, until the server has it: the old connection may hold the port
 * for a while.
 *
 * <p>Threading: any thread; two threads for each connection. Nothing waits under the lock.
 */
final class RemoteForward implements Forward {
  private static final Logger LOG = System.getLogger(RemoteForward.class.getName());

  /** A server notices a dead connection by its own means, after seconds or minutes. */
  private static final Duration AGAIN = Duration.ofSeconds(2);

  private static final int CONNECT_MILLIS = 10_000;

  private final RemotePorts ports;
  private final ScheduledExecutorService timer;
  private final Visitors visitors;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private ForwardSpec spec;

  @GuardedBy("lock")
  private RemotePorts.@Nullable Listener listener;

  @GuardedBy("lock")
  private boolean asking;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable String trouble;

  RemoteForward(ForwardSpec spec, RemotePorts ports, ScheduledExecutorService timer) {
    this.spec = spec;
    this.ports = ports;
    this.timer = timer;
    this.visitors = new Visitors("forward-R" + spec.port());
  }

  /** Has the server listen; waits for it. */
  void start() throws FsException {
    ForwardSpec asked = spec();
    try {
      took(ports.listen(asked.bind(), asked.port(), this::visit).join());
    } catch (CompletionException e) {
      throw e.getCause() instanceof FsException known
          ? known
          : new FsException(Errno.EIO, String.valueOf(e.getCause()), e);
    }
  }

  private void took(RemotePorts.Listener taken) {
    boolean late;
    lock.lock();
    try {
      late = closed;
      if (!late) {
        listener = taken;
        spec = spec.withPort(taken.port());
        trouble = null;
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      taken.close();
    }
  }

  @Override
  public void linkIsUp() {
    ForwardSpec asked;
    lock.lock();
    try {
      RemotePorts.Listener now = listener;
      if (closed || asking || (now != null && !now.isOver())) {
        return;
      }
      asking = true;
      asked = spec;
    } finally {
      lock.unlock();
    }
    var unused =
        ports
            .listen(asked.bind(), asked.port(), this::visit)
            .whenComplete(
                (taken, failure) -> {
                  if (failure == null) {
                    took(taken);
                  }
                  answered(failure);
                });
  }

  private void answered(@Nullable Throwable failure) {
    lock.lock();
    try {
      asking = false;
      if (failure == null || closed) {
        return;
      }
      trouble = String.valueOf(failure.getMessage());
    } finally {
      lock.unlock();
    }
    LOG.log(Level.INFO, "forward {0}: {1}", spec(), failure.getMessage());
    if (!timer.isShutdown()) {
      var unused = timer.schedule(this::linkIsUp, AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  /** On the connection's thread. */
  private void visit(RemotePorts.Visit visit) {
    SocketEnd end = new SocketEnd(new Socket());
    if (!visitors.serve(end, () -> serve(end, visit))) {
      visit.refuse("too many connections");
    }
  }

  private void serve(SocketEnd end, RemotePorts.Visit visit) {
    ForwardSpec now = spec();
    try {
      end.socket().connect(new InetSocketAddress(now.host(), now.hostPort()), CONNECT_MILLIS);
      end.socket().setTcpNoDelay(true);
      end.socket().setKeepAlive(true);
    } catch (IOException e) {
      String text = "nothing answers at %s here: %s".formatted(now.target(), e.getMessage());
      LOG.log(Level.INFO, "forward {0}: {1}", now, text);
      note(text);
      visit.refuse(text);
      end.close();
      return;
    }
    note(null);
    Splice.join(end, visit.accept(), "forward-R" + now.port());
  }

  private void note(@Nullable String text) {
    lock.lock();
    try {
      trouble = text;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public ForwardSpec spec() {
    lock.lock();
    try {
      return spec;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public ForwardStatus status(boolean linkUp) {
    lock.lock();
    try {
      RemotePorts.Listener now = listener;
      boolean open = linkUp && now != null && !now.isOver();
      return new ForwardStatus(
          spec,
          open,
          visitors.openNow(),
          visitors.soFar(),
          linkUp ? trouble : "the connection to the runtime is away; it is asked for again then");
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    RemotePorts.Listener last;
    lock.lock();
    try {
      closed = true;
      last = listener;
      listener = null;
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.close();
    }
    visitors.close();
  }
}
