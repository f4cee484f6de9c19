package colabfs.exec;

import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;

/**
 * Runs commands on a runtime: what was written through the mount before is there first, and what
 * the command changed shows in the mount when it has ended.
 *
 * <p>Threading: any thread; commands run beside one another.
 */
public final class ExecService {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final RemoteShell shell;
  private final Barrier barrier;

  public ExecService(RemoteShell shell, Barrier barrier) {
    this.shell = shell;
    this.barrier = barrier;
  }

  /**
   * Waits for the network: drains the mount, then starts the command; its streams flow when this
   * returns.
   *
   * @throws ExecException when earlier writes have not reached the runtime (the command is then not
   *     run), or when the command cannot be started
   */
  public RunningCommand start(ExecRequest request, ExecIo io) throws ExecException {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    String marker = "colabfs-" + HexFormat.of().formatHex(random);
    String line = CommandLine.of(request, marker);
    barrier.drain();
    RunningCommand command = new RunningCommand(shell, barrier, startShell(line), marker, io);
    command.begin();
    return command;
  }

  private RemoteProcess startShell(String line) throws ExecException {
    try {
      return shell.start(line).get();
    } catch (ExecutionException e) {
      throw new ExecException("the command was not started: %s; try again".formatted(reason(e)), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExecException("interrupted before the command was started; try again", e);
    }
  }

  static String reason(ExecutionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }
}
