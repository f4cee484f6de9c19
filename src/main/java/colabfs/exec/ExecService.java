package colabfs.exec;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteProcess;
import colabfs.remote.RemoteShell;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Runs commands on a runtime: what was written through the mount before is there first, and what
 * the command changed shows in the mount when it has ended.
 *
 * <p>Threading: any thread; commands run beside one another.
 */
public final class ExecService {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Kept of each stream of a job while nobody is attached. */
  private static final long SPOOL_BYTES = 64L << 20;

  /** What a terminal showed is of little use later, and has to pass before what it shows now. */
  private static final long TERMINAL_SPOOL_BYTES = 8L << 20;

  private final RemoteShell shell;
  private final RemoteJobs jobs;
  private final Barrier barrier;

  /** For a connection that keeps no commands. */
  public ExecService(RemoteShell shell, Barrier barrier) {
    this(shell, RemoteJobs.NONE, barrier);
  }

  public ExecService(RemoteShell shell, RemoteJobs jobs, Barrier barrier) {
    this.shell = shell;
    this.jobs = jobs;
    this.barrier = barrier;
  }

  /**
   * Waits for the network: drains the mount, then starts the command. Its streams flow at the
   * latest while it is awaited.
   *
   * @throws ExecException when earlier writes have not reached the runtime (the command is then not
   *     run), or when the command cannot be started
   */
  public RunningCommand start(ExecRequest request, ExecIo io) throws ExecException {
    String random = random();
    boolean canWait = request.options().supervised() || request.options().detached();
    boolean mayStay = canWait && JobsService.settled(jobs, barrier) == RemoteJobs.State.READY;
    if (request.options().detached() && !mayStay) {
      throw new ExecException(
          "not started: a command cannot be left running here: %s. Run it without --detach"
              .formatted(jobs.reason()));
    }
    String marker = "colabfs-" + random;
    RemoteJobs.Terminal terminal = request.options().terminal();
    String line = mayStay ? "" : plain(request, marker);
    RemoteJobs.Start start = mayStay ? supervised(random, request) : null;
    barrier.drain();
    if (start != null) {
      return SupervisedCommand.begun(jobs, barrier, start, io);
    }
    if (canWait && jobs != RemoteJobs.NONE) {
      Notices.say(io.stderr(), "the command ends when the connection does: " + jobs.reason());
    }
    if (terminal != null) {
      PlainTerminal command =
          new PlainTerminal(barrier, started(shell.start(line, terminal)), request.options(), io);
      command.begin();
      return command;
    }
    PlainCommand command =
        new PlainCommand(shell, barrier, started(shell.start(line)), request.options(), marker, io);
    command.begin();
    return command;
  }

  private static String plain(ExecRequest request, String marker) throws ExecException {
    return request.options().terminal() == null
        ? CommandLine.of(request, marker)
        : CommandLine.atTerminal(request);
  }

  private static RemoteJobs.Start supervised(String id, ExecRequest request) throws ExecException {
    String settings = CommandLine.settings(request.options());
    return new RemoteJobs.Start(
        id,
        request.options().terminal(),
        request.options().detached(),
        request.options().timeout(),
        request.options().terminal() == null ? SPOOL_BYTES : TERMINAL_SPOOL_BYTES,
        request.directory(),
        settings.isEmpty() ? Map.of() : Map.of(CommandLine.SETTINGS, settings),
        CommandLine.supervised(request),
        CommandLine.shown(request.words()));
  }

  private static String random() {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private static RemoteProcess started(CompletableFuture<RemoteProcess> start)
      throws ExecException {
    try {
      return start.get();
    } catch (ExecutionException e) {
      throw new ExecException("the command was not started: %s; try again".formatted(reason(e)), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExecException("interrupted before the command was started; try again", e);
    }
  }

  static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null
        && (cause instanceof ExecutionException || cause instanceof CompletionException)) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }
}
