package colabfs.control;

import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecSignal;
import colabfs.exec.RunningCommand;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The server's end of one command that is run or followed: a thread that does it, while the
 * connection's own thread reads input and signals. A client that goes away hangs up on the command.
 */
final class ExecConnection {
  private static final Logger LOG = System.getLogger(ExecConnection.class.getName());

  /** For what was typed before somebody left; its reader waits for nobody but the window. */
  private static final Duration TYPED_PATIENCE = Duration.ofSeconds(1);

  private final FrameChannel channel;
  private final Starter starter;
  private final GrantedInput input;

  /** Told what is unsent before the command is started; has left when it was interrupted then. */
  private final ChannelFollower follower;

  private final CompletableFuture<RunningCommand> running = new CompletableFuture<>();

  /** The mount ends: it is not the client that is gone. */
  private volatile boolean leaving;

  /** Starts a command, or begins to follow one. */
  interface Starter {
    RunningCommand start(ExecIo io, Follower follower) throws ExecException;
  }

  ExecConnection(FrameChannel channel, Starter starter) {
    this.channel = channel;
    this.starter = starter;
    this.follower = new ChannelFollower(channel);
    this.input = new GrantedInput(bytes -> channel.send(FrameType.STDIN_ROOM, bytes));
  }

  /** Returns when the client is gone or has its answer. */
  void serve() {
    Thread runner = new Thread(this::run, "control-exec");
    runner.setDaemon(true);
    runner.start();
    try {
      input.open();
      Frame frame = channel.receive();
      while (frame != null) {
        take(frame);
        frame = channel.receive();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "client of an exec is gone", e);
    } finally {
      input.end();
      follower.leave();
      if (!leaving) {
        whenRunning(RunningCommand::hangUp);
      }
    }
  }

  /** The mount ends. The client is told what becomes of its command. */
  void leave() {
    leaving = true;
    follower.leave();
    whenRunning(RunningCommand::leave);
  }

  private void take(Frame frame) throws IOException {
    switch (frame.type()) {
      case STDIN -> input.put(frame.payload());
      case STDIN_EOF -> input.end();
      case RESIZE -> {
        int rows = TerminalJson.size(frame.number(0));
        int columns = TerminalJson.size(frame.number(1));
        whenRunning(command -> command.resize(rows, columns));
      }
      case DETACH -> {
        awaitTyped();
        whenRunning(RunningCommand::detach);
      }
      case SIGNAL -> {
        ExecSignal signal = signal(frame.text());
        follower.leave(); // a command that is not running yet is not begun
        whenRunning(command -> command.signal(signal));
      }
      default -> throw new IOException("not expected in an exec: " + frame.type());
    }
  }

  /** What was typed before somebody leaves is the command's. */
  private void awaitTyped() {
    try {
      input.awaitTaken(TYPED_PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** At once, or as soon as the command runs; never when it could not be started. */
  private void whenRunning(Consumer<RunningCommand> action) {
    var unused = running.thenAccept(action);
  }

  private static ExecSignal signal(String name) throws IOException {
    try {
      return ExecSignal.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("not a signal: " + name, e);
    }
  }

  private void run() {
    try (channel) {
      try {
        ExecIo io =
            new ExecIo(
                input,
                new FrameOutput(channel, FrameType.STDOUT),
                new FrameOutput(channel, FrameType.STDERR));
        RunningCommand command = starter.start(io, follower);
        if (command.hasTerminal()) {
          channel.send(FrameType.TERMINAL, "");
        }
        running.complete(command);
        channel.send(FrameType.EXIT, command.await());
      } catch (ExecException e) {
        channel.send(FrameType.ERROR, Messages.writeError(failed(e)));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "client of an exec is gone", e);
    } finally {
      running.cancel(false);
    }
  }

  static ControlException failed(ExecException e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return new ControlException(ControlException.Reason.FAILED, message, e);
  }
}
