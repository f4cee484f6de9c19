package colabfs.it;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A TCP relay on 127.0.0.1 that behaves like a long, narrow tunnel: every byte is held for half of
 * the round trip in each direction, and each direction carries a bounded rate that all connections
 * share. TCP's own handshake is not delayed.
 *
 * <p>Threading: any thread. Four threads a connection, all daemons.
 */
public final class Relay implements AutoCloseable {
  /** What a line without a rate is taken to carry when its buffer is sized: 2 Gbit/s. */
  private static final long UNLIMITED_BYTES_PER_SECOND = 250_000_000;

  private final int targetPort;
  private final int port;
  private final Line up;
  private final Line down;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;
  private @Nullable ServerSocket listener;
  private @Nullable Thread accepting;

  private Relay(int targetPort, Duration rtt, long bytesPerSecond) throws IOException {
    this.targetPort = targetPort;
    this.up = new Line(rtt.toNanos() / 2, bytesPerSecond);
    this.down = new Line(rtt.toNanos() / 2, bytesPerSecond);
    this.port = listen(0);
  }

  /**
   * Starts a relay to a port of 127.0.0.1.
   *
   * @param rtt the round trip that it adds
   * @param bytesPerSecond what each direction carries; 0 for no limit
   */
  public static Relay start(int targetPort, Duration rtt, long bytesPerSecond) throws IOException {
    return new Relay(targetPort, rtt, bytesPerSecond);
  }

  /** Where it listens; stays the same for its whole life. */
  public int port() {
    return port;
  }

  /** Resets every open connection, once. New ones are taken. */
  public void cut() {
    links.forEach(Link::reset);
  }

  /** Whether new connections are refused, as by a host where nothing listens; open ones live on. */
  public synchronized void refuse(boolean refuse) throws IOException {
    if (refuse) {
      stopListening();
    } else if (listener == null && !closed) {
      listen(port);
    }
  }

  /**
   * Whether bytes stand still while connections stay open and new ones are taken: a peer that
   * vanished. What was under way arrives afterwards.
   */
  public void stall(boolean stall) {
    up.stall(stall);
    down.stall(stall);
  }

  /** Bytes delivered from clients to the target. */
  public long bytesUp() {
    return up.delivered();
  }

  /** Bytes delivered from the target to clients. */
  public long bytesDown() {
    return down.delivered();
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
      stopListening();
    }
    cut();
  }

  /** Until the accepting thread has ended, the kernel goes on taking connections. */
  private synchronized void stopListening() throws IOException {
    ServerSocket socket = listener;
    Thread thread = accepting;
    if (socket == null || thread == null) {
      return;
    }
    socket.close();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    listener = null;
    accepting = null;
  }

  private synchronized int listen(int wanted) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted), 64);
    listener = socket;
    accepting = daemon("relay-accept", () -> accept(socket));
    return socket.getLocalPort();
  }

  private void accept(ServerSocket socket) {
    while (true) {
      Socket client;
      try {
        client = socket.accept();
      } catch (IOException e) {
        return; // the listener was closed
      }
      try {
        new Link(client).start();
      } catch (IOException e) {
        resetQuietly(client); // the target refused
      }
    }
  }

  @CanIgnoreReturnValue
  private static Thread daemon(String name, Runnable body) {
    Thread thread = new Thread(body, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void resetQuietly(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException e) {
      // closed already: the same end
    }
    try {
      socket.close();
    } catch (IOException e) {
      // nothing is left to give back
    }
  }

  /** One connection: two sockets, and a queue of held bytes for each direction. */
  private final class Link {
    private final Socket client;
    private final Socket target;
    private final AtomicBoolean halfDone = new AtomicBoolean();

    Link(Socket client) throws IOException {
      this.client = client;
      this.target = new Socket(InetAddress.getLoopbackAddress(), targetPort);
      client.setTcpNoDelay(true);
      target.setTcpNoDelay(true);
    }

    void start() {
      links.add(this);
      if (closed) {
        reset();
        return;
      }
      carry(client, target, up, "up");
      carry(target, client, down, "down");
    }

    void reset() {
      links.remove(this);
      resetQuietly(client);
      resetQuietly(target);
    }

    private void carry(Socket from, Socket to, Line line, String name) {
      HeldBytes held = new HeldBytes(line.bufferBytes());
      daemon("relay-take-" + name, () -> take(from, line, held));
      daemon("relay-give-" + name, () -> give(to, line, held));
    }

    private void take(Socket from, Line line, HeldBytes held) {
      try (held) {
        InputStream in = from.getInputStream();
        byte[] buffer = new byte[line.chunkBytes()];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          held.put(buffer, n, line.arrivalOf(n));
        }
        held.put(buffer, 0, line.arrivalOf(0));
      } catch (IOException e) {
        reset();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private void give(Socket to, Line line, HeldBytes held) {
      try {
        OutputStream out = to.getOutputStream();
        for (HeldBytes.Chunk c = held.take(); c != null; c = held.take()) {
          line.await(c.dueNanos());
          if (!c.bytes().hasRemaining()) {
            to.shutdownOutput();
            if (!halfDone.compareAndSet(false, true)) {
              reset(); // both directions have ended in order: the linger has nothing to discard
            }
            return;
          }
          out.write(c.bytes().array());
          line.delivered(c.bytes().remaining());
        }
      } catch (IOException e) {
        reset();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        held.close();
      }
    }
  }

  /** One direction of the tunnel, shared by all connections. */
  private static final class Line {
    private final long delayNanos;
    private final long bytesPerSecond;

    private long freeAtNanos = System.nanoTime();
    private long deliveredBytes;
    private boolean stalled;

    Line(long delayNanos, long bytesPerSecond) {
      this.delayNanos = delayNanos;
      this.bytesPerSecond = bytesPerSecond;
    }

    /** What the tunnel itself can hold: bandwidth times delay, and a router's queue. */
    int bufferBytes() {
      long rate = bytesPerSecond > 0 ? bytesPerSecond : UNLIMITED_BYTES_PER_SECOND;
      return (int) Math.min(64 << 20, rate * delayNanos / 1_000_000_000 + (256 << 10));
    }

    /** About 2 ms of the line, so that small messages are not held up behind a large chunk. */
    int chunkBytes() {
      return bytesPerSecond == 0
          ? 64 << 10
          : (int) Math.max(1 << 10, Math.min(64 << 10, bytesPerSecond / 500));
    }

    /** Puts bytes on the line and tells when the last of them leaves the other end. */
    synchronized long arrivalOf(int bytes) {
      long now = System.nanoTime();
      if (bytesPerSecond == 0) {
        return now + delayNanos;
      }
      long from = freeAtNanos - now > 0 ? freeAtNanos : now;
      freeAtNanos = from + bytes * 1_000_000_000L / bytesPerSecond;
      return freeAtNanos + delayNanos;
    }

    synchronized void await(long dueNanos) throws InterruptedException {
      long left = dueNanos - System.nanoTime();
      while (stalled || left > 0) {
        if (stalled) {
          wait();
        } else {
          wait(left / 1_000_000, (int) (left % 1_000_000));
        }
        left = dueNanos - System.nanoTime();
      }
    }

    synchronized void stall(boolean stall) {
      stalled = stall;
      notifyAll();
    }

    synchronized void delivered(int bytes) {
      deliveredBytes += bytes;
    }

    synchronized long delivered() {
      return deliveredBytes;
    }
  }
}
