package colabfs.control;

import colabfs.exec.ExecIo;
import colabfs.exec.ExecSignal;
import colabfs.writeback.PendingFigures;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * The client's end of one {@code exec}. Threading: {@link #await} from one thread, {@link #signal}
 * from any.
 */
public final class ExecSession {
  private static final Logger LOG = System.getLogger(ExecSession.class.getName());

  /** As a shell gives it for a program that wrote to a closed pipe: 128 + SIGPIPE. */
  private static final int BROKEN_PIPE = 128 + 13;

  private static final int PIECE_BYTES = 32 * 1024;

  private final FrameChannel channel;
  private final ExecIo io;

  /** Told what is unsent before the command runs, and last that there is nothing more to tell. */
  private final Consumer<PendingFigures> progress;

  /** Bytes of input that the server takes. */
  private final Semaphore room = new Semaphore(0);

  private Runnable onTerminal = () -> {};

  ExecSession(FrameChannel channel, ExecIo io, Consumer<PendingFigures> progress) {
    this.channel = channel;
    this.io = io;
    this.progress = progress;
    Thread thread = new Thread(this::sendInput, "exec-stdin");
    thread.setDaemon(true);
    thread.start();
  }

  /** Passes a signal to the command. */
  public void signal(ExecSignal signal) {
    tell(FrameType.SIGNAL, StandardCharsets.UTF_8.encode(signal.name()));
  }

  /** How large the terminal is now. */
  public void resize(int rows, int columns) {
    tell(
        FrameType.RESIZE,
        ByteBuffer.allocate(2 * Integer.BYTES).putInt(rows).putInt(columns).flip());
  }

  /** Leaves the terminal; the command goes on if it can. */
  public void detach() {
    tell(FrameType.DETACH, ByteBuffer.allocate(0));
  }

  private void tell(FrameType type, ByteBuffer payload) {
    try {
      channel.send(type, payload);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the command has ended", e);
    }
  }

  /** Has it told once when the command turns out to have a terminal. */
  public ExecSession onTerminal(Runnable told) {
    onTerminal = told;
    return this;
  }

  /**
   * Delivers what the command prints until it ends.
   *
   * @return the command's exit status, 128 + n for a signal; 141 when our output is closed
   * @throws ControlException when the command could not be run or followed
   */
  public int await() throws ControlException {
    boolean waiting = false;
    try (channel) {
      while (true) {
        Frame frame = channel.receive();
        if (waiting && (frame == null || isNews(frame.type()))) {
          progress.accept(ControlClient.NOTHING);
          waiting = false;
        }
        if (frame == null) {
          throw new IOException("no exit status");
        }
        switch (frame.type()) {
          case STDOUT -> {
            if (!delivered(io.stdout(), frame)) {
              return BROKEN_PIPE;
            }
          }
          case STDERR -> {
            if (!delivered(io.stderr(), frame)) {
              return BROKEN_PIPE;
            }
          }
          case PROGRESS -> {
            progress.accept(Messages.readProgress(frame.text()));
            waiting = true;
          }
          case TERMINAL -> onTerminal.run();
          case STDIN_ROOM -> room.release(Math.max(0, frame.number()));
          case EXIT -> {
            return frame.number();
          }
          case ERROR -> throw Messages.readError(frame.text());
          default -> throw new IOException("not expected in an exec: " + frame.type());
        }
      }
    } catch (IOException e) {
      throw new ControlException(
          ControlException.Reason.GONE,
          "the mount ended while the command ran; see: colabfs status",
          e);
    }
  }

  /** The wait for what is unsent is over. */
  private static boolean isNews(FrameType type) {
    return type != FrameType.PROGRESS && type != FrameType.STDIN_ROOM;
  }

  /** Closing the connection afterwards hangs up on the command. */
  private static boolean delivered(OutputStream to, Frame frame) {
    try {
      to.write(frame.bytes());
      to.flush();
      return true;
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "nobody reads the output", e);
      return false;
    }
  }

  private void sendInput() {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      while (true) {
        room.acquire();
        int more = Math.min(room.availablePermits(), PIECE_BYTES - 1);
        int allowed = 1 + (room.tryAcquire(more) ? more : 0);
        int n = read(piece, allowed);
        if (n < 0) {
          channel.send(FrameType.STDIN_EOF, "");
          return;
        }
        channel.send(FrameType.STDIN, ByteBuffer.wrap(piece, 0, n));
        room.release(allowed - n);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the command has ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A closed standard input is an empty one. */
  private int read(byte[] piece, int allowed) {
    try {
      return io.stdin().read(piece, 0, allowed);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "no input", e);
      return -1;
    }
  }
}
