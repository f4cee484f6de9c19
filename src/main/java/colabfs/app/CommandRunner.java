package colabfs.app;

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
import colabfs.profile.ProfileStore;
import colabfs.ssh.SshRemote;
import colabfs.writeback.PendingFigures;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Runs one command for the command line and passes this process's signals to it: the first of a
 * kind as it is, a second one as SIGKILL.
 *
 * <p>Threading: one thread.
 */
public final class CommandRunner {
  /** A command's own calls have no bound; this one is for its start and its signals. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(20);

  private final List<String> words;
  private final ExecIo io;
  private final CompletableFuture<Consumer<ExecSignal>> running = new CompletableFuture<>();

  public CommandRunner(List<String> words, ExecIo io) {
    this.words = List.copyOf(words);
    this.io = io;
  }

  /**
   * Through a mount's connection.
   *
   * @param flush what is unsent arrives first, or the command is not run
   * @param progress is told what is unsent while the command waits for it
   * @return the command's exit status
   */
  public int inMount(
      KnownMounts mounts, KnownMounts.Place place, boolean flush, Consumer<PendingFigures> progress)
      throws AppException {
    try {
      ExecSession session =
          mounts.client(place.mount()).exec(words, place.path(), flush, io, progress);
      passSignals();
      running.complete(session::signal);
      return session.await();
    } catch (ControlException e) {
      throw AppException.of(e);
    }
  }

  /**
   * Over a connection of its own, in the profile's root.
   *
   * @return the command's exit status
   */
  public int alone(String profile, Person person, Map<String, String> environment)
      throws AppException {
    ProfileStore profiles = new ProfileStore(ProfileStore.configDirectory(environment));
    Connection connection = new Connection(profiles, profile, person);
    try (SshRemote remote = connection.open(null, CALL_TIMEOUT)) {
      connection.pin(remote);
      passSignals();
      RunningCommand command =
          new ExecService(remote.shell(), Barrier.NONE)
              .start(new ExecRequest(words, remote.root()), io);
      running.complete(command::signal);
      return command.await();
    } catch (ExecException | ProfileException e) {
      throw AppException.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AppException("interrupted; the command may still run on the runtime", e);
    }
  }

  private void passSignals() {
    for (ExecSignal signal : List.of(ExecSignal.INT, ExecSignal.TERM, ExecSignal.HUP)) {
      AtomicBoolean again = new AtomicBoolean();
      ProcessSignals.on(
          signal.name(), () -> pass(again.getAndSet(true) ? ExecSignal.KILL : signal));
    }
  }

  private void pass(ExecSignal signal) {
    var unused = running.thenAccept(command -> command.accept(signal));
  }
}
