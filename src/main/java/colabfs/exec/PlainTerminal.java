package colabfs.exec;

import colabfs.remote.RemoteProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A command at a terminal that the server's own channel gives: it ends with the connection.
 *
 * <p>Threading: {@link #await} from one thread, the others from any.
 */
final class PlainTerminal implements RunningCommand {
  private static final Logger LOG = System.getLogger(PlainTerminal.class.getName());

  private static final int PIECE_BYTES = 32 * 1024;

  private final Barrier barrier;
  private final RemoteProcess process;
  private final ExitCode exitCode;
  private final ExecIo io;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean left;

  PlainTerminal(Barrier barrier, RemoteProcess process, ExecOptions options, ExecIo io) {
    this.barrier = barrier;
    this.process = process;
    this.exitCode = new ExitCode(options);
    this.io = io;
  }

  void begin() {
    thread("exec-stdout", this::moveOutput);
    thread("exec-stdin", this::moveInput);
  }

  @Override
  public int await() throws ExecException, InterruptedException {
    try {
      ended.get();
      return left ? INTERRUPTED : exitCode.of(process.exit().get());
    } catch (ExecutionException e) {
      if (left) {
        return INTERRUPTED;
      }
      throw new ExecException(
          "the connection went while the command ran: %s; it was told so (SIGHUP). Through a mount, without --no-supervise, it goes on"
              .formatted(ExecService.reason(e)),
          e);
    } finally {
      process.close();
      barrier.changed(false);
    }
  }

  /** Signals are typed at a terminal; this is for who has none here. */
  @Override
  public void signal(ExecSignal signal) {
    hangUp();
  }

  @Override
  public boolean hasTerminal() {
    return true;
  }

  @Override
  public void resize(int rows, int columns) {
    process.resize(rows, columns);
  }

  /** The server takes the terminal away, which is a hangup. */
  @Override
  public void hangUp() {
    left = true;
    process.close();
  }

  @Override
  public void leave() {
    hangUp();
  }

  private void moveOutput() {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      InputStream from = process.stdout();
      int n = from.read(piece);
      while (n >= 0) {
        deliver(piece, n);
        n = from.read(piece);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "output ended", e);
    } finally {
      ended.complete(null);
    }
  }

  private void deliver(byte[] piece, int length) throws IOException {
    try {
      io.stdout().write(piece, 0, length);
      io.stdout().flush();
    } catch (IOException e) {
      hangUp();
      throw e;
    }
  }

  private void moveInput() {
    byte[] piece = new byte[PIECE_BYTES];
    try {
      OutputStream to = process.stdin();
      int n = io.stdin().read(piece);
      while (n >= 0) {
        to.write(piece, 0, n);
        to.flush();
        n = io.stdin().read(piece);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "input ended", e); // the command has ended
    }
  }

  private static void thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }
}
