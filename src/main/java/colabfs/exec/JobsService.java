package colabfs.exec;

import colabfs.remote.RemoteJob;
import colabfs.remote.RemoteJobs;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The commands on a runtime that outlive the connection, for whoever comes back to them. Jobs are
 * named by the beginning of their number, as far as it is nobody else's.
 *
 * <p>Threading: any thread. Each call waits for the network, for a bounded time.
 */
@SuppressWarnings("NullAway") // a future of Void has no value but null
public final class JobsService {
  private static final Logger LOG = System.getLogger(JobsService.class.getName());

  /** As long as other calls of a command line wait for an answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** How often somebody who waits is asked whether he still does. */
  private static final Duration TICK = Duration.ofMillis(200);

  /** What is shown of what a job printed before somebody came back to it. */
  private static final long TAIL_BYTES = 4096;

  private static final Pattern BEGINNING = Pattern.compile("[0-9a-f]{1,16}");
  private static final Pattern SIGNAL = Pattern.compile("[A-Z][A-Z0-9+-]{1,11}");

  private final RemoteJobs jobs;
  private final Barrier barrier;

  public JobsService(RemoteJobs jobs, Barrier barrier) {
    this.jobs = jobs;
    this.barrier = barrier;
  }

  /** Every job that the runtime knows, in the order in which they were started. */
  public List<RemoteJob> list() throws ExecException {
    requireReady();
    return await("the jobs are not known", jobs.list());
  }

  /**
   * Sends a signal to a job.
   *
   * @param signal its name, with or without SIG
   * @return the job
   */
  public RemoteJob kill(String beginning, String signal) throws ExecException {
    String name = signal.startsWith("SIG") ? signal.substring(3) : signal;
    if (!SIGNAL.matcher(name).matches()) {
      throw new ExecException("there is no signal '%s'; one is TERM".formatted(signal));
    }
    RemoteJob job = find(beginning);
    if (job.state() != RemoteJob.State.RUNNING) {
      throw new ExecException(
          "job %s has ended already; 'colabfs jobs' shows how".formatted(job.id()));
    }
    var unused = awaitDone("the signal was not delivered", jobs.signal(job.id(), name));
    return job;
  }

  /**
   * Has the runtime forget all jobs that have ended.
   *
   * @return how many those were
   */
  public int prune() throws ExecException {
    int count = 0;
    for (RemoteJob job : list()) {
      if (job.state() != RemoteJob.State.RUNNING) {
        count += awaitDone("not all were forgotten", jobs.remove(job.id())) ? 1 : 0;
      }
    }
    return count;
  }

  /**
   * Comes back to a job: shows the last that it printed, and what it prints from now on.
   *
   * @param terminal of who comes, if there is one: the job's terminal is made as large
   */
  public RunningCommand attach(String beginning, RemoteJobs.@Nullable Terminal terminal, ExecIo io)
      throws ExecException {
    RemoteJob job = find(beginning);
    JobTerminal joined = job.terminal() ? JobTerminal.joined(jobs, job.id(), terminal) : null;
    return SupervisedCommand.following(
            jobs, barrier, job.id(), JobRole.ATTACH, io, joined, !job.detached())
        .from(
            Math.max(0, job.stdoutBytes() - TAIL_BYTES),
            Math.max(0, job.stderrBytes() - TAIL_BYTES));
  }

  /**
   * Reads what a job has printed.
   *
   * @param since leaves out what is older
   * @param follow and what it will print, to its end
   */
  public RunningCommand logs(String beginning, LogsSince since, boolean follow, ExecIo io)
      throws ExecException {
    RemoteJob job = find(beginning);
    JobRole role = follow ? JobRole.FOLLOW : JobRole.LOGS;
    RemoteJobs.Offsets from = await("the times are not known", since.in(jobs, job.id()));
    return SupervisedCommand.following(jobs, Barrier.NONE, job.id(), role, io, null, false)
        .from(from.stdout(), from.stderr());
  }

  private RemoteJob find(String beginning) throws ExecException {
    if (!BEGINNING.matcher(beginning).matches()) {
      throw new ExecException(
          "'%s' is no job's number; 'colabfs jobs' shows them".formatted(beginning));
    }
    List<RemoteJob> found = list().stream().filter(job -> job.id().startsWith(beginning)).toList();
    if (found.isEmpty()) {
      throw new ExecException(
          "there is no job %s on the runtime; 'colabfs jobs' shows those that are"
              .formatted(beginning));
    }
    if (found.size() > 1) {
      throw new ExecException(
          "%d jobs begin with %s; give more of the number, as 'colabfs jobs' shows it"
              .formatted(found.size(), beginning));
    }
    return found.get(0);
  }

  /** What becomes of a helper that is being started, within a bound. Waits for the network. */
  static RemoteJobs.State settled(RemoteJobs jobs, Barrier barrier) throws ExecException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (jobs.state() == RemoteJobs.State.COMING) {
      if (barrier.isGivenUp()) {
        throw new ExecException("interrupted before the runtime could be asked; nothing was run");
      }
      try {
        return jobs.settled().get(TICK.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new ExecException(
            "the runtime cannot be asked: %s; try again".formatted(ExecService.reason(e)), e);
      } catch (TimeoutException e) {
        if (System.nanoTime() - end > 0) {
          throw new ExecException(
              "the runtime cannot be asked: %s; try again when 'colabfs status' says that it is connected"
                  .formatted(jobs.reason()),
              e);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ExecException("interrupted; try again", e);
      }
    }
    return jobs.state();
  }

  private void requireReady() throws ExecException {
    if (settled(jobs, barrier) != RemoteJobs.State.READY) {
      throw new ExecException(
          "no commands are kept on this runtime: %s. 'colabfs exec' runs them while the connection lasts"
              .formatted(jobs.reason()));
    }
  }

  private static boolean awaitDone(String failed, CompletableFuture<Void> answer)
      throws ExecException {
    return await(failed, answer.thenApply(done -> true));
  }

  private static <T> T await(String failed, CompletableFuture<T> answer) throws ExecException {
    try {
      return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new ExecException("%s: %s; try again".formatted(failed, ExecService.reason(e)), e);
    } catch (TimeoutException e) {
      throw new ExecException(failed + ": the runtime does not answer; try again", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExecException("interrupted; try again", e);
    }
  }

  /** Has it forgotten, now or when the runtime can be asked again; nobody waits for it. */
  static void forget(RemoteJobs jobs, String id) {
    var unused =
        jobs.remove(id)
            .exceptionallyCompose(
                failure ->
                    JobFailures.isLost(failure)
                        ? jobs.ready().thenCompose(ready -> jobs.remove(id))
                        : CompletableFuture.failedFuture(failure))
            .exceptionally(
                failure -> {
                  LOG.log(Level.DEBUG, "job " + id + " stays in the list", failure);
                  return null;
                });
  }
}
