package colabfs.control;

import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * The client of one request: it is told the progress, and has left when its end of the connection
 * is closed.
 */
final class ChannelFollower implements Follower {
  private static final Logger LOG = System.getLogger(ChannelFollower.class.getName());

  private final FrameChannel channel;
  private volatile boolean gone;

  ChannelFollower(FrameChannel channel) {
    this.channel = channel;
  }

  /** From now on the connection is read, only to see its end: nothing more is expected on it. */
  void watch() {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (channel.receive() != null) {
                  LOG.log(Level.DEBUG, "a frame that nobody asked for");
                }
              } catch (IOException e) {
                LOG.log(Level.DEBUG, "a client is gone", e);
              } finally {
                leave();
              }
            },
            "control-follow");
    thread.setDaemon(true);
    thread.start();
  }

  /** The request is given up. */
  void leave() {
    gone = true;
  }

  @Override
  public void left(PendingFigures figures) {
    try {
      channel.send(FrameType.PROGRESS, Messages.writeProgress(figures));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody follows the progress", e);
      leave();
    }
  }

  @Override
  public boolean hasLeft() {
    return gone;
  }
}
