package colabfs.app;

import colabfs.control.Command;
import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.control.ExecSession;
import colabfs.control.LaunchPipe.Person;
import colabfs.exec.Barrier;
import colabfs.exec.ExecException;
import colabfs.exec.ExecIo;
import colabfs.exec.ExecRequest;
import colabfs.exec.ExecService;
import colabfs.exec.ExecSignal;
import colabfs.exec.RunningCommand;
import colabfs.profile.ProfileException;
import colabfs.remote.SignalNumbers;
import colabfs.ssh.SshRemote;
import colabfs.writeback.PendingFigures;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs one command for the command line and passes this process's signals to it: the first of a
 * kind as it is, a second one as SIGKILL. What becomes of interrupts is decided by whoever runs it.
 * A command at a terminal is left by a signal, and the process ends by a second one.
 *
 * <p>Threading: one thread.
 */
public final class CommandRunner {
  /** A command's own calls have no bound; this one is for its start and its signals. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(20);

  private final ExecIo io;
  private final @Nullable Seat seat;
  private final CompletableFuture<Consumer<ExecSignal>> running = new CompletableFuture<>();

  /** Of the terminal that the command turned out to have. */
  private volatile Seat.@Nullable Line line;

  public CommandRunner(ExecIo io) {
    this(io, null);
  }

  /** For somebody at a terminal, whom the streams belong to. */
  public CommandRunner(ExecIo io, @Nullable Seat seat) {
    this.io = io;
    this.seat = seat;
  }

  /**
   * Through a mount's connection.
   *
   * @param progress is told what is unsent while the command waits for it
   * @return the command's exit status
   */
  public int inMount(ControlClient mount, Command command, Consumer<PendingFigures> progress)
      throws AppException {
    return follow(() -> mount.exec(command, io, progress));
  }

  /**
   * Comes back to a job, named by the beginning of its number.
   *
   * @return its exit status
   */
  public int attach(ControlClient mount, String job) throws AppException {
    Seat here = seat;
    return follow(() -> mount.attach(job, here == null ? null : here.terminal(), io));
  }

  /** Begins to run or to follow a command. */
  private interface Start {
    ExecSession begin() throws ControlException;
  }

  private int follow(Start start) throws AppException {
    try {
      ExecSession session = start.begin();
      session.onTerminal(
          () ->
              take(
                  new Seat.Line() {
                    @Override
                    public void resize(int rows, int columns) {
                      session.resize(rows, columns);
                    }

                    @Override
                    public void detach() {
                      session.detach();
                    }
                  }));
      passSignals();
      running.complete(session::signal);
      return session.await();
    } catch (ControlException e) {
      throw AppException.of(e);
    }
  }

  /**
   * Over a connection of its own, in the profile's root; the command ends with it.
   *
   * @return the command's exit status
   */
  public int alone(String profile, Person person, Map<String, String> environment, Command wanted)
      throws AppException {
    Connection connection = new Connection(profile, person, environment);
    try (SshRemote remote = connection.open(null, CALL_TIMEOUT)) {
      connection.pin(remote);
      passSignals();
      RunningCommand command =
          new ExecService(remote.shell(), Barrier.NONE).start(request(wanted, remote.root()), io);
      running.complete(command::signal);
      if (command.hasTerminal()) {
        take(lineOf(command));
      }
      return command.await();
    } catch (ExecException | ProfileException e) {
      throw AppException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AppException("interrupted; the command may still run on the runtime", e);
    }
  }

  private void take(Seat.Line taken) {
    Seat here = seat;
    if (here != null) {
      line = taken;
      here.taken(taken);
    }
  }

  private static Seat.Line lineOf(RunningCommand command) {
    return new Seat.Line() {
      @Override
      public void resize(int rows, int columns) {
        command.resize(rows, columns);
      }

      @Override
      public void detach() {
        command.detach();
      }
    };
  }

  private static ExecRequest request(Command wanted, String root) {
    String elsewhere = wanted.elsewhere();
    return new ExecRequest(wanted.words(), elsewhere == null ? root : elsewhere, wanted.options());
  }

  private void passSignals() {
    for (ExecSignal signal : List.of(ExecSignal.INT, ExecSignal.TERM, ExecSignal.HUP)) {
      AtomicBoolean again = new AtomicBoolean();
      ProcessSignals.on(
          signal.name(),
          () -> {
            boolean isSecond = again.getAndSet(true);
            Seat.Line taken = line;
            if (taken == null) {
              pass(isSecond && signal != ExecSignal.INT ? ExecSignal.KILL : signal);
            } else if (isSecond) {
              System.exit(SignalNumbers.exitStatus(signal.name()));
            } else {
              taken.detach(); // a command at a terminal gets its signals from the keys
            }
          });
    }
  }

  private void pass(ExecSignal signal) {
    var unused = running.thenAccept(command -> command.accept(signal));
  }
}
