package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.client.channel.ChannelDirectTcpip;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.AbstractChannel;
import org.apache.sshd.common.channel.ChannelAsyncOutputStream;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.net.SshdSocketAddress;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/** A stream to an address as the server sees it (RFC 4254, section 7.2). */
final class DirectChannel extends ChannelDirectTcpip implements TunnelStream.Ends {

  /** Who calls, which servers write into their logs only. */
  private static final SshdSocketAddress ORIGIN = new SshdSocketAddress("127.0.0.1", 0);

  private final String target;
  private final TunnelStream stream;
  private final CompletableFuture<RemoteStream> answer = new CompletableFuture<>();
  private @Nullable ChannelAsyncOutputStream sink;

  private DirectChannel(String host, int port, Traffic traffic, TunnelShare share) {
    super(ORIGIN, new SshdSocketAddress(host, port));
    this.target = host + " port " + port;
    this.stream = new TunnelStream(this, traffic, share);
    CoreModuleProperties.WINDOW_SIZE.set(this, TunnelStream.WINDOW_BYTES);
  }

  /** Asks for the stream; does not wait. */
  static DirectChannel open(
      ClientSession session, String host, int port, Traffic traffic, TunnelShare share) {
    DirectChannel channel = new DirectChannel(host, port, traffic, share);
    channel.addCloseFutureListener(closed -> channel.gone());
    try {
      session.getService(ConnectionService.class).registerChannel(channel);
      channel
          .open()
          .addListener(
              open -> {
                if (open.isOpened()) {
                  channel.answer.complete(channel.stream);
                } else {
                  channel.answer.completeExceptionally(channel.failure(open.getException()));
                }
              });
    } catch (IOException | RuntimeException e) {
      channel.answer.completeExceptionally(channel.failure(e));
    }
    return channel;
  }

  /** As {@link colabfs.remote.RemotePorts#connect} has it. */
  CompletableFuture<RemoteStream> opened() {
    return answer;
  }

  private FsException failure(@Nullable Throwable reason) {
    if (!(reason instanceof SshChannelOpenException refusal)) {
      String text = "the connection was lost before " + target + " was reached";
      return reason == null
          ? new FsException(Errno.ENOTCONN, text)
          : new FsException(Errno.ENOTCONN, text, reason);
    }
    return switch (refusal.getReasonCode()) {
      case SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED,
          SshConstants.SSH_OPEN_UNKNOWN_CHANNEL_TYPE ->
          new FsException(
              Errno.EACCES, "the runtime's SSH server forwards nothing to " + target, refusal);
      default ->
          new FsException(
              Errno.EIO, "nothing answers at " + target + " as the runtime sees it", refusal);
    };
  }

  private void gone() {
    stream.gone();
    OpenFuture asked = openFuture; // a refusal may come before anybody listens for it
    answer.completeExceptionally(failure(asked == null ? null : asked.getException()));
  }

  @Override
  protected void doOpen() {
    sink = TunnelStream.sinkOf(this);
  }

  @Override
  protected void doWriteData(byte[] data, int offset, long length) {
    stream.receive(data, offset, (int) length);
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
