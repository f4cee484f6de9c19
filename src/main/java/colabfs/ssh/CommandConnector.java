package colabfs.ssh;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.Closeable;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.DefaultIoConnectFuture;
import org.apache.sshd.common.io.IoConnectFuture;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceEventListener;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactory;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactoryFactory;
import org.apache.sshd.common.util.closeable.AbstractInnerCloseable;
import org.jspecify.annotations.Nullable;

/**
 * Makes connections through a subprocess where the context holds a {@link CommandAddress}, and by
 * TCP, as MINA does it, elsewhere. (MINA's client takes no other kind of address itself.)
 */
final class CommandConnector extends AbstractInnerCloseable implements IoConnector {
  /** Where a context holds the program; the address beside it then means nothing. */
  static final AttributeRepository.AttributeKey<CommandAddress> COMMAND =
      new AttributeRepository.AttributeKey<>();

  private final IoConnector tcp;
  private final IoHandler handler;
  private final Map<Long, IoSession> sessions = new ConcurrentHashMap<>();

  private CommandConnector(IoConnector tcp, IoHandler handler) {
    this.tcp = tcp;
    this.handler = handler;
  }

  /** A server that is reached through a program, given with its arguments. */
  static final class CommandAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    private final transient List<String> program;

    CommandAddress(List<String> program) {
      this.program = List.copyOf(program);
    }

    List<String> program() {
      return program;
    }

    @Override
    public String toString() {
      return "through " + program.get(0);
    }
  }

  /** What an SshClient is given so that it knows both ways. */
  static final class Factory extends Nio2ServiceFactoryFactory {
    @Override
    public IoServiceFactory create(FactoryManager manager) {
      return new Nio2ServiceFactory(manager, newExecutor(), null) {
        @Override
        public IoConnector createConnector(IoHandler handler) {
          return new CommandConnector(super.createConnector(handler), handler);
        }
      };
    }
  }

  @Override
  public IoConnectFuture connect(
      SocketAddress target, @Nullable AttributeRepository context, @Nullable SocketAddress local) {
    CommandAddress command = context == null ? null : context.getAttribute(COMMAND);
    if (context == null || command == null) {
      return tcp.connect(target, context, local);
    }
    DefaultIoConnectFuture future = new DefaultIoConnectFuture(command, null);
    try {
      CommandSession session = new CommandSession(this, handler, command);
      session.setAttribute(AttributeRepository.class, context);
      sessions.put(session.getId(), session);
      session.addCloseFutureListener(closed -> sessions.remove(session.getId()));
      try {
        handler.sessionCreated(session);
      } catch (Exception e) {
        session.close(true);
        throw e instanceof IOException io ? io : new IOException(e);
      }
      future.setSession(session);
      session.start();
    } catch (IOException e) {
      future.setException(e);
    }
    return future;
  }

  @Override
  public Map<Long, IoSession> getManagedSessions() {
    return Map.copyOf(sessions);
  }

  @Override
  public @Nullable IoServiceEventListener getIoServiceEventListener() {
    return tcp.getIoServiceEventListener();
  }

  @Override
  public void setIoServiceEventListener(IoServiceEventListener listener) {
    tcp.setIoServiceEventListener(listener);
  }

  @Override
  protected Closeable getInnerCloseable() {
    return builder().parallel(toString(), sessions.values()).close(tcp).build();
  }
}
