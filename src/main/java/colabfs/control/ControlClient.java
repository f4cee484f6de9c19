package colabfs.control;

import colabfs.core.RemotePath;
import colabfs.exec.ExecIo;
import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/**
 * The command line's end of the socket.
 *
 * <p>Threading: any thread; each call has a connection of its own. Errors: {@link
 * ControlException}; GONE when nobody listens.
 */
public final class ControlClient {
  private final Path socket;
  private final Path mountpoint;

  /** For a mount of that list; nothing is connected yet. */
  public ControlClient(RunningMounts mounts, Path mountpoint) {
    this.socket = mounts.socketOf(mountpoint);
    this.mountpoint = mountpoint;
  }

  /** How the mount is. NOT_ANSWERING when it does not say so in time. */
  public MountStatus status(Duration patience) throws ControlException {
    FrameChannel channel = connect(new Request.Status());
    FutureTask<MountStatus> answer =
        new FutureTask<>(() -> Messages.readStatus(result(channel, bytes -> {})));
    Thread thread = new Thread(answer, "control-status");
    thread.setDaemon(true);
    thread.start();
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new ControlException(ControlException.Reason.NOT_ANSWERING, notAnswering(), e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ControlException failure ? failure : gone(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw gone(e);
    } finally {
      channel.close();
    }
  }

  /**
   * Waits until the mount has sent everything and is unmounted; its process then ends.
   *
   * @param progress is told the unsent bytes, now and then
   * @return bytes that were lost, 0 without force
   */
  public long unmount(boolean force, LongConsumer progress) throws ControlException {
    try (FrameChannel channel = connect(new Request.Unmount(force))) {
      return Messages.readUnsent(result(channel, progress));
    } catch (IOException e) {
      throw gone(e);
    }
  }

  /** Runs a command in a directory of the mount. */
  public ExecSession exec(List<String> words, RemotePath directory, ExecIo io)
      throws ControlException {
    return new ExecSession(connect(new Request.Exec(words, directory)), io);
  }

  private String result(FrameChannel channel, LongConsumer progress)
      throws IOException, ControlException {
    while (true) {
      Frame frame = channel.receive();
      if (frame == null) {
        throw new IOException("no answer");
      }
      switch (frame.type()) {
        case RESULT -> {
          return frame.text();
        }
        case PROGRESS -> progress.accept(Messages.readUnsent(frame.text()));
        case ERROR -> throw Messages.readError(frame.text());
        default -> throw new IOException("not an answer: " + frame.type());
      }
    }
  }

  private FrameChannel connect(Request request) throws ControlException {
    try {
      long uid =
          ((Number) Files.getAttribute(socket, "unix:uid", LinkOption.NOFOLLOW_LINKS)).longValue();
      if (uid != new UnixSystem().getUid()) {
        throw new IOException("the socket belongs to somebody else: " + socket);
      }
      SocketChannel connected = SocketChannel.open(StandardProtocolFamily.UNIX);
      FrameChannel channel = new FrameChannel(connected);
      try {
        connected.connect(UnixDomainSocketAddress.of(socket));
        channel.send(FrameType.REQUEST, Messages.write(request));
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw gone(e);
    }
  }

  private ControlException gone(Exception cause) {
    return new ControlException(
        ControlException.Reason.GONE,
        "the process that serves %s is gone; run: colabfs umount %s"
            .formatted(mountpoint, mountpoint),
        cause);
  }

  private String notAnswering() {
    return "the process that serves %s does not answer; try again, or run: colabfs umount --force %s"
        .formatted(mountpoint, mountpoint);
  }
}
