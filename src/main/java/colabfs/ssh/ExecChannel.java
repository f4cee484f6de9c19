package colabfs.ssh;

import colabfs.core.Errno;
import colabfs.core.FsException;
import colabfs.remote.RemoteJobs.Terminal;
import colabfs.remote.RemoteProcess;
import colabfs.remote.SignalNumbers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.sshd.client.channel.ChannelExec;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.channel.PtyChannelConfiguration;
import org.apache.sshd.common.channel.PtyMode;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.core.CoreModuleProperties;
import org.jspecify.annotations.Nullable;

/**
 * One command on its own channel. Output that nobody reads fills the channel's window and stops the
 * command, nothing else; memory is bounded by the window.
 */
final class ExecChannel extends ChannelExec {

  private static final Logger LOG = System.getLogger(ExecChannel.class.getName());

  /** A megabyte at 80 ms is 12 MiB/s; two streams share it. */
  static final long WINDOW_BYTES = 1 << 20;

  /** Standard input waits as long as the command does not read it. */
  private static final Duration STDIN_PATIENCE = Duration.ofDays(365);

  private final Traffic traffic;
  private final boolean requested;
  private final CompletableFuture<RemoteProcess> started = new CompletableFuture<>();
  private final CompletableFuture<RemoteProcess.ExitStatus> exit = new CompletableFuture<>();

  private ExecChannel(
      String commandLine,
      @Nullable PtyChannelConfiguration terminal,
      Traffic traffic,
      boolean requested) {
    super(commandLine, terminal, Map.of());
    setUsePty(terminal != null);
    this.traffic = traffic;
    this.requested = requested;
    CoreModuleProperties.REQUEST_EXEC_REPLY.set(this, true);
    CoreModuleProperties.WINDOW_SIZE.set(this, WINDOW_BYTES);
    CoreModuleProperties.WAIT_FOR_SPACE_TIMEOUT.set(this, STDIN_PATIENCE);
  }

  /**
   * Opens the channel and asks for the command.
   *
   * @param requested whether the server was asked for this very channel before
   */
  static ExecChannel open(
      ClientSession session, String commandLine, Traffic traffic, boolean requested) {
    return open(session, new ExecChannel(commandLine, null, traffic, requested));
  }

  /** Opens the channel and asks for the command, at a terminal if there is to be one. */
  static ExecChannel open(
      ClientSession session, String commandLine, @Nullable Terminal terminal, Traffic traffic) {
    return open(
        session,
        new ExecChannel(commandLine, terminal == null ? null : pty(terminal), traffic, false));
  }

  private static ExecChannel open(ClientSession session, ExecChannel channel) {
    channel.addCloseFutureListener(closed -> channel.ended());
    try {
      session.getService(ConnectionService.class).registerChannel(channel);
      channel
          .open()
          .addListener(
              open -> {
                if (!open.isOpened()) {
                  channel.started.completeExceptionally(notOpened(open.getException()));
                }
              });
    } catch (IOException | RuntimeException e) {
      channel.started.completeExceptionally(notConnected(e));
    }
    return channel;
  }

  @Override
  public synchronized OpenFuture open() throws IOException {
    if (!requested) {
      return super.open();
    }
    OpenFuture future = new DefaultOpenFuture(toString(), futureLock);
    openFuture = future;
    return future;
  }

  private static PtyChannelConfiguration pty(Terminal terminal) {
    PtyChannelConfiguration pty = new PtyChannelConfiguration();
    pty.setPtyType(terminal.name());
    pty.setPtyLines(terminal.rows());
    pty.setPtyColumns(terminal.columns());
    pty.setPtyModes(Map.of(PtyMode.IUTF8, 1)); // a character is erased whole
    return pty;
  }

  /**
   * Ends when the server has taken the command; with {@link NotOpened} when it wants no further
   * channel now, else with FsException.
   */
  CompletableFuture<RemoteProcess> started() {
    return started;
  }

  /** The server opens no further channel: its limit is reached. */
  static final class NotOpened extends Exception {
    private static final long serialVersionUID = 1L;

    NotOpened(Throwable cause) {
      super(cause);
    }
  }

  private static Exception notOpened(@Nullable Throwable reason) {
    return reason instanceof org.apache.sshd.common.channel.exception.SshChannelOpenException
        ? new NotOpened(reason)
        : notConnected(reason);
  }

  private static FsException notConnected(@Nullable Throwable reason) {
    String text = "the connection was lost before the command had started";
    return reason == null
        ? new FsException(Errno.ENOTCONN, text)
        : new FsException(Errno.ENOTCONN, text, reason);
  }

  @Override
  public void handleSuccess() throws IOException {
    super.handleSuccess();
    started.complete(new Running());
  }

  @Override
  public void handleFailure() throws IOException {
    started.completeExceptionally(
        new FsException(Errno.EACCES, "the server does not let this login run commands"));
    super.handleFailure();
  }

  private void ended() {
    Integer code = getExitStatus();
    String signal = getExitSignal();
    if (code != null) {
      exit.complete(new RemoteProcess.ExitStatus(code, ""));
    } else if (signal != null) {
      exit.complete(new RemoteProcess.ExitStatus(SignalNumbers.exitStatus(signal), signal));
    } else {
      exit.completeExceptionally(
          new FsException(
              Errno.ENOTCONN,
              "the connection was lost while the command ran; how it ended is unknown"));
    }
    OpenFuture asked = openFuture; // a refusal may come before anybody listens for it
    started.completeExceptionally(notOpened(asked == null ? null : asked.getException()));
  }

  private final class Running implements RemoteProcess {
    private final OutputStream stdin = traffic.counted(getInvertedIn());
    private final InputStream stdout = traffic.counted(getInvertedOut());
    private final InputStream stderr = traffic.counted(getInvertedErr());

    @Override
    public OutputStream stdin() {
      return stdin;
    }

    @Override
    public InputStream stdout() {
      return stdout;
    }

    @Override
    public InputStream stderr() {
      return stderr;
    }

    @Override
    public CompletableFuture<ExitStatus> exit() {
      return exit.copy();
    }

    @Override
    public void resize(int rows, int columns) {
      try {
        sendWindowChange(columns, rows);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "no window to change", e); // it has ended
      }
    }

    @Override
    public void close() {
      ExecChannel.this.close(false); // not at once: the server is to hear of it
    }
  }
}
