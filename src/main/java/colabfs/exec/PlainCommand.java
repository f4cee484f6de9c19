package colabfs.exec;

import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A command on a channel of its own, with three threads that move its streams: it lives as long as
 * the connection.
 *
 * <p>Threading: {@link #await} from one thread, the others from any.
 */
final class PlainCommand implements RunningCommand {
  private static final Logger LOG = System.getLogger(PlainCommand.class.getName());

  /** How long a signal may take to be delivered before the channel is given up. */
  private static final long SIGNAL_SECONDS = 5;

  private static final int PIECE_BYTES = 32 * 1024;

  private final RemoteShell shell;
  private final Barrier barrier;
  private final RemoteProcess process;
  private final ExitCode exitCode;
  private final String marker;
  private final ExecIo io;

  /** The group to signal: 0 when the command never told it. */
  private final CompletableFuture<Long> group = new CompletableFuture<>();

  private final CompletableFuture<Void> stdoutEnded = new CompletableFuture<>();
  private final CompletableFuture<Void> stderrEnded = new CompletableFuture<>();
  private final AtomicBoolean interrupted = new AtomicBoolean();
  private volatile boolean readerGone;

  PlainCommand(
      RemoteShell shell,
      Barrier barrier,
      RemoteProcess process,
      ExecOptions options,
      String marker,
      ExecIo io) {
    this.shell = shell;
    this.barrier = barrier;
    this.process = process;
    this.exitCode = new ExitCode(options);
    this.marker = marker;
    this.io = io;
  }

  void begin() {
    thread("exec-stdout", this::moveStdout);
    thread("exec-stderr", this::moveStderr);
    thread("exec-stdin", this::moveStdin);
  }

  @Override
  public int await() throws ExecException, InterruptedException {
    try {
      stdoutEnded.get();
      stderrEnded.get();
      return readerGone ? BROKEN_PIPE : exitCode.of(process.exit().get());
    } catch (ExecutionException e) {
      if (readerGone) {
        return BROKEN_PIPE;
      }
      throw new ExecException(
          "the connection went while the command ran: %s; it may still run on the runtime"
              .formatted(ExecService.reason(e)),
          e);
    } finally {
      process.close();
      barrier.changed(false);
    }
  }

  /** A second interrupt is meant for a command that does not heed the first. */
  @Override
  public void signal(ExecSignal signal) {
    boolean again = signal == ExecSignal.INT && interrupted.getAndSet(true);
    thread("exec-signal", () -> send(again ? ExecSignal.KILL : signal));
  }

  @Override
  public void hangUp() {
    readerGone = true;
    thread(
        "exec-hang-up",
        () -> {
          send(ExecSignal.HUP);
          process.close();
        });
  }

  /** It cannot be left: it would get no input, and nobody would take its output. */
  @Override
  public void leave() {
    hangUp();
  }

  /** SSH's own signal request does nothing on a root login, so a second command does it. */
  private void send(ExecSignal signal) {
    try {
      long pid = group.get();
      if (process.exit().isDone()) {
        process.close(); // only what it left in the background still holds the streams
      } else if (pid != 0) {
        try (RemoteProcess kill =
            shell.start(CommandLine.kill(pid, signal)).get(SIGNAL_SECONDS, TimeUnit.SECONDS)) {
          kill.exit().get(SIGNAL_SECONDS, TimeUnit.SECONDS);
        }
      }
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.WARNING, "signal " + signal + " was not delivered", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void moveStdout() {
    try {
      InputStream stdout = process.stdout();
      FirstLine.Found found = FirstLine.read(stdout, marker);
      group.complete(found.pid());
      move(found.rest(), io.stdout());
      move(stdout, io.stdout());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "output ended", e);
    } finally {
      group.complete(0L);
      stdoutEnded.complete(null);
    }
  }

  private void moveStderr() {
    try {
      move(process.stderr(), io.stderr());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "error output ended", e);
    } finally {
      stderrEnded.complete(null);
    }
  }

  private void move(InputStream from, OutputStream to) throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    int n = from.read(piece);
    while (n >= 0) {
      deliver(to, piece, n);
      n = from.read(piece);
    }
  }

  private void deliver(OutputStream to, byte[] piece, int length) throws IOException {
    try {
      to.write(piece, 0, length);
      to.flush();
    } catch (IOException e) {
      hangUp();
      throw e;
    }
  }

  private void moveStdin() {
    try (OutputStream to = process.stdin()) {
      byte[] piece = new byte[PIECE_BYTES];
      int n = io.stdin().read(piece);
      while (n >= 0) {
        to.write(piece, 0, n);
        to.flush();
        n = io.stdin().read(piece);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "input ended", e); // the command has closed its input, or has ended
    }
  }

  private static void thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }
}
