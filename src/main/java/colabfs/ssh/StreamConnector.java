package colabfs.ssh;

import java.io.IOException;
import java.net.SocketAddress;
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
 * Makes sessions over a {@link ByteStream} where the context holds one, and by TCP, as MINA does
 * it, elsewhere. (MINA's client takes no other kind of address itself.)
 */
final class StreamConnector extends AbstractInnerCloseable implements IoConnector {
  /** Where a context holds the open stream; the address beside it then means nothing. */
  static final AttributeRepository.AttributeKey<ByteStream> STREAM =
      new AttributeRepository.AttributeKey<>();

  private final IoConnector tcp;
  private final IoHandler handler;
  private final Map<Long, IoSession> sessions = new ConcurrentHashMap<>();

  private StreamConnector(IoConnector tcp, IoHandler handler) {
    this.tcp = tcp;
    this.handler = handler;
  }

  /** What an SshClient is given so that it knows both ways. */
  static final class Factory extends Nio2ServiceFactoryFactory {
    @Override
    public IoServiceFactory create(FactoryManager manager) {
      return new Nio2ServiceFactory(manager, newExecutor(), null) {
        @Override
        public IoConnector createConnector(IoHandler handler) {
          return new StreamConnector(super.createConnector(handler), handler);
        }
      };
    }
  }

  @Override
  public IoConnectFuture connect(
      SocketAddress target, @Nullable AttributeRepository context, @Nullable SocketAddress local) {
    ByteStream stream = context == null ? null : context.getAttribute(STREAM);
    if (context == null || stream == null) {
      return tcp.connect(target, context, local);
    }
    StreamSession session = new StreamSession(this, handler, stream);
    DefaultIoConnectFuture future = new DefaultIoConnectFuture(session.getRemoteAddress(), null);
    session.setAttribute(AttributeRepository.class, context);
    sessions.put(session.getId(), session);
    session.addCloseFutureListener(closed -> sessions.remove(session.getId()));
    try {
      handler.sessionCreated(session);
      future.setSession(session);
      session.start();
    } catch (Exception e) {
      session.close(true);
      future.setException(e instanceof IOException io ? io : new IOException(e));
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
