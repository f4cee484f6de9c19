package colabfs.ssh;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.sshd.agent.SshAgentConstants;
import org.apache.sshd.agent.common.AbstractAgentProxy;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/**
 * A talk with the user's ssh-agent over its Unix-domain socket (draft-miller-ssh-agent). The
 * packets are MINA's, the socket is Java's.
 *
 * <p>Threading: one request at a time. Errors: IOException when the agent does not answer in time.
 */
final class AgentClient extends AbstractAgentProxy {
  private static final System.Logger LOG = System.getLogger(AgentClient.class.getName());

  /** The agent's own limit (AGENT_MAX_LEN in ssh-agent.c). */
  private static final int MAX_MESSAGE_BYTES = 256 * 1024;

  /** More identities than this, and an agent is not to be believed. */
  private static final int MAX_IDENTITIES = 2048;

  private final SocketChannel socket;
  private final Selector selector;
  private final Duration timeout;

  /**
   * @param timeout the longest that one answer may take; an agent may ask its user to confirm
   */
  AgentClient(String socketPath, Duration timeout) throws IOException {
    super(null);
    this.timeout = timeout;
    try {
      this.socket = SocketChannel.open(UnixDomainSocketAddress.of(socketPath));
    } catch (IllegalArgumentException | UnsupportedOperationException e) {
      throw new IOException("no agent's socket at '" + socketPath + "'", e);
    }
    this.selector = Selector.open();
    socket.configureBlocking(false);
  }

  /** The keys that it holds; kinds that are not known here are left out. */
  @Override
  public List<Map.Entry<PublicKey, String>> getIdentities() throws IOException {
    Buffer request = createBuffer(SshAgentConstants.SSH2_AGENTC_REQUEST_IDENTITIES, 1);
    Buffer answer = request(prepare(request));
    int kind = answer.getUByte();
    if (kind != SshAgentConstants.SSH2_AGENT_IDENTITIES_ANSWER) {
      throw new IOException("the agent does not list its keys (answer " + kind + ")");
    }
    int count = answer.getInt();
    if (count < 0 || count > MAX_IDENTITIES) {
      throw new IOException("the agent claims to hold " + count + " keys");
    }
    List<Map.Entry<PublicKey, String>> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] blob = answer.getBytes();
      String comment = answer.getString();
      try {
        keys.add(Map.entry(new ByteArrayBuffer(blob).getRawPublicKey(), comment));
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.DEBUG, "an agent''s key is of no known kind: {0}", comment);
      }
    }
    return keys;
  }

  @Override
  protected Buffer request(Buffer request) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    ByteBuffer out = ByteBuffer.wrap(request.array(), request.rpos(), request.available());
    while (out.hasRemaining()) {
      if (socket.write(out) == 0) {
        await(SelectionKey.OP_WRITE, deadline);
      }
    }
    int length = fill(ByteBuffer.allocate(Integer.BYTES), deadline).getInt();
    if (length <= 0 || length > MAX_MESSAGE_BYTES) {
      throw new IOException("the agent answers with " + length + " bytes");
    }
    return new ByteArrayBuffer(fill(ByteBuffer.allocate(length), deadline).array());
  }

  private ByteBuffer fill(ByteBuffer buffer, long deadline) throws IOException {
    while (buffer.hasRemaining()) {
      int count = socket.read(buffer);
      if (count < 0) {
        throw new EOFException("the agent closed the connection");
      }
      if (count == 0) {
        await(SelectionKey.OP_READ, deadline);
      }
    }
    return buffer.flip();
  }

  private void await(int operation, long deadline) throws IOException {
    long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
    socket.register(selector, operation);
    if (millis <= 0 || selector.select(millis) == 0) {
      throw new SocketTimeoutException(
          "the ssh-agent did not answer within " + timeout.toSeconds() + " s");
    }
    selector.selectedKeys().clear();
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    try {
      selector.close();
    } finally {
      socket.close();
    }
  }
}
