package colabfs.forward;

import colabfs.remote.RemoteStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Joins two streams: what comes from one goes to the other, and an end in one direction is passed
 * on while the other direction goes on. When one breaks off, so does the other.
 *
 * <p>Threading: the thread that joins, and one of its own for the other direction.
 */
public final class Splice {
  private static final Logger LOG = System.getLogger(Splice.class.getName());

  /** As large as the packets that it goes into. */
  private static final int BUFFER_BYTES = 32 * 1024;

  /** The near end of a splice. */
  public interface Near {
    InputStream in() throws IOException;

    OutputStream out() throws IOException;

    /** Tells that nothing more comes. */
    void endOutput() throws IOException;

    /** Breaks off, so that whoever reads sees that it is not whole. */
    void abort();

    /** Closes what ended in order. */
    void close();
  }

  private Splice() {}

  /** Carries bytes until both directions have ended, and closes both. */
  public static void join(Near near, RemoteStream far, String name) {
    Thread up = new Thread(() -> up(near, far), name + "-up");
    up.setDaemon(true);
    up.start();
    boolean whole = false;
    try {
      copy(far.in(), near.out());
      near.endOutput();
      var unused = far.closed().thenRun(near::close); // or who says no more would be waited for
      up.join();
      whole = true;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a forwarded connection broke off: {0}", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (whole) {
        near.close();
      } else {
        near.abort();
      }
      far.close();
    }
  }

  private static void up(Near near, RemoteStream far) {
    try {
      copy(near.in(), far.out());
      far.out().close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a forwarded connection broke off: {0}", e.getMessage());
      near.abort();
      far.close();
    }
  }

  /** Ends one direction. */
  public interface End {
    void end() throws IOException;
  }

  /** Carries bytes one way on a thread of its own, which does not hold up the program's end. */
  public static void inBackground(InputStream from, OutputStream to, End end, String name) {
    Thread thread =
        new Thread(
            () -> {
              try {
                copy(from, to);
                end.end();
              } catch (IOException e) {
                LOG.log(Level.DEBUG, "{0} broke off: {1}", name, e.getMessage());
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Carries bytes one way until they end. */
  public static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      to.flush();
    }
  }
}
