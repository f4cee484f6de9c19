package colabfs.control;

import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * The mount's end of the socket: takes requests of the same user and hands them to the {@link
 * ControlHandler}.
 *
 * <p>Threading: a thread that accepts and one for each connection. Errors: a broken or foreign
 * client is cut off and logged; the others are not disturbed.
 */
public final class ControlServer implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ControlServer.class.getName());

  /** More at once than this is no user any more. */
  private static final int MAX_CONNECTIONS = 128;

  /** How long {@link #close} lets answers finish. */
  private static final long FINISH_SECONDS = 2;

  private final Path socket;
  private final ServerSocketChannel server;
  private final ControlHandler handler;
  private final Plans plans;
  private final UserPrincipal owner;
  private final Set<ExecConnection> commands = ConcurrentHashMap.newKeySet();
  private final Set<FrameChannel> open = ConcurrentHashMap.newKeySet();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  private ControlServer(
      Path socket,
      ServerSocketChannel server,
      ControlHandler handler,
      ExecPlanner planner,
      UserPrincipal owner) {
    this.socket = socket;
    this.server = server;
    this.handler = handler;
    this.plans = new Plans(socket, handler, planner);
    this.owner = owner;
  }

  /**
   * Listens on a socket in a private directory of the user's; one that is there already is taken
   * over.
   *
   * @param planner reads command lines for clients that do not
   */
  public static ControlServer listen(Path socket, ControlHandler handler, ExecPlanner planner)
      throws IOException {
    Path directory = socket.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException("no place for a socket: " + socket);
    }
    Files.deleteIfExists(socket);
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      ControlServer control =
          new ControlServer(socket, channel, handler, planner, Files.getOwner(directory));
      control.spawn("control-accept", control::accept);
      return control;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Where it listens. */
  public Path socket() {
    return socket;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel socket = server.accept();
        FrameChannel channel = new FrameChannel(socket);
        if (open.size() >= MAX_CONNECTIONS || !isOwner(socket)) {
          LOG.log(Level.WARNING, "a connection was refused");
          channel.close();
        } else {
          open.add(channel);
          spawn("control", () -> serve(channel));
        }
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.log(Level.WARNING, "accept", e);
      }
    }
  }

  private boolean isOwner(SocketChannel socket) throws IOException {
    return socket.getOption(ExtendedSocketOptions.SO_PEERCRED).user().equals(owner);
  }

  private void serve(FrameChannel channel) {
    try (channel) {
      Frame first = channel.receive();
      if (first != null && first.type() == FrameType.REQUEST) {
        answer(channel, first);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a client is gone", e);
    } finally {
      open.remove(channel);
    }
  }

  private void answer(FrameChannel channel, Frame first) throws IOException {
    try {
      Request request = readRequest(first);
      ExecConnection.Starter starter = starter(request);
      if (starter == null) {
        new Answer(channel, handler, plans).to(request);
        return;
      }
      ExecConnection command = new ExecConnection(channel, starter);
      commands.add(command);
      try {
        command.serve();
      } finally {
        commands.remove(command);
      }
    } catch (ControlException e) {
      channel.send(FrameType.ERROR, Messages.writeError(e));
    }
  }

  /** What starts or follows a command; null when something else is asked for. */
  private ExecConnection.@Nullable Starter starter(Request request) {
    if (request instanceof Request.Exec exec) {
      return (io, follower) ->
          handler.exec(exec.command(), io, exec.progress() ? follower : new Silent(follower));
    }
    if (request instanceof Request.Attach attach) {
      return (io, follower) -> handler.jobs().attach(attach.job(), attach.terminal(), io);
    }
    return request instanceof Request.Logs logs
        ? (io, follower) -> handler.jobs().logs(logs.job(), logs.since(), logs.follow(), io)
        : null;
  }

  /** Who knows no progress in an exec would take it for nonsense. */
  private record Silent(Follower follower) implements Follower {
    @Override
    public void left(PendingFigures figures) {}

    @Override
    public boolean hasLeft() {
      return follower.hasLeft();
    }
  }

  private static Request readRequest(Frame frame) throws ControlException {
    try {
      return RequestJson.read(frame.text());
    } catch (IOException e) {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      throw new ControlException(ControlException.Reason.FAILED, message, e);
    }
  }

  /** Takes no more requests, lets answers finish for two seconds, and cuts the rest off. */
  @Override
  public void close() throws IOException {
    server.close();
    commands.forEach(ExecConnection::leave);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(FINISH_SECONDS);
    try {
      for (Thread thread : threads) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        thread.join(Math.max(1, left));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    open.forEach(FrameChannel::close);
  }

  private void spawn(String name, Runnable work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } finally {
                threads.remove(Thread.currentThread());
              }
            },
            name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }
}
