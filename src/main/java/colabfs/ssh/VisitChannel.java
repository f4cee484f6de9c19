package colabfs.ssh;

import colabfs.remote.RemotePorts;
import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.util.List;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.AbstractChannel;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelAsyncOutputStream;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.channel.AbstractServerChannel;
import org.jspecify.annotations.Nullable;

/**
 * A stream from somebody who called a port that the server listens on for us (RFC 4254, section
 * 7.2). A server that opens one that nobody asked for is turned away.
 */
final class VisitChannel extends AbstractServerChannel
    implements TunnelStream.Ends, RemotePorts.Visit {

  private final Ports ports;
  private final TunnelStream stream;
  private final OpenFuture answer = new DefaultOpenFuture(this, this);
  private @Nullable ChannelAsyncOutputStream sink;

  private VisitChannel(Ports ports) {
    super("", List.of(), null);
    this.ports = ports;
    this.stream = ports.stream(this);
    CoreModuleProperties.WINDOW_SIZE.set(this, TunnelStream.WINDOW_BYTES);
    addCloseFutureListener(closed -> stream.gone());
  }

  /** Makes the channels that servers open, for all sessions of a client. */
  static final class Factory implements ChannelFactory {
    @Override
    public String getName() {
      return "forwarded-tcpip";
    }

    @Override
    public Channel createChannel(Session session) throws IOException {
      Ports ports = session.getAttribute(Ports.OF_SESSION);
      if (ports == null) {
        throw new SshChannelOpenException(
            0, SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, "nothing was asked for");
      }
      return new VisitChannel(ports);
    }
  }

  @Override
  protected OpenFuture doInit(Buffer buffer) {
    sink = TunnelStream.sinkOf(this);
    buffer.getString(); // the address as it was asked for; the port tells enough
    long port = buffer.getUInt();
    if (!ports.arrived(port, this)) {
      refuse("nothing listens on this port");
    }
    return answer;
  }

  @Override
  public RemoteStream accept() {
    signalChannelOpenSuccess();
    answer.setOpened();
    return stream;
  }

  @Override
  public void refuse(String reason) {
    answer.setException(
        new SshChannelOpenException(getChannelId(), SshConstants.SSH_OPEN_CONNECT_FAILED, reason));
    close(true);
  }

  @Override
  protected void doWriteData(byte[] data, int offset, long length) {
    stream.receive(data, offset, (int) length);
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int offset, long length) throws IOException {
    getLocalWindow().release(length); // there is none of it in a stream
  }

  @Override
  public void handleEof() throws IOException {
    super.handleEof();
    stream.end();
  }

  @Override
  public void handleWindowAdjust(Buffer buffer) throws IOException {
    int start = buffer.rpos();
    long bytes = buffer.getUInt();
    buffer.rpos(start);
    super.handleWindowAdjust(buffer);
    sink().onWindowExpanded();
    stream.acknowledged(bytes);
  }

  @Override
  public AbstractChannel channel() {
    return this;
  }

  @Override
  public ChannelAsyncOutputStream sink() {
    ChannelAsyncOutputStream open = sink;
    if (open == null) {
      throw new IllegalStateException("not open yet");
    }
    return open;
  }

  @Override
  public void sendEnd() throws IOException {
    var unused = sendEof();
  }
}
