package colabfs.cli;

import colabfs.control.ControlClient;
import colabfs.control.ControlException;
import colabfs.remote.RemoteJob;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Shells and other commands at a terminal that were left, so that nobody forgets them. */
final class LeftTerminals {
  private static final Logger LOG = System.getLogger(LeftTerminals.class.getName());

  /** They are asked for while another one is opened, which takes as long. */
  private static final long PATIENCE_SECONDS = 1;

  private LeftTerminals() {}

  /**
   * Begins to ask for them.
   *
   * @return waits for the answer, for a bounded time, and tells how many there are, if any
   */
  static Runnable asked(ControlClient mount, PrintWriter err) {
    CompletableFuture<List<RemoteJob>> jobs =
        CompletableFuture.supplyAsync(() -> jobs(mount))
            .completeOnTimeout(List.of(), PATIENCE_SECONDS, TimeUnit.SECONDS);
    return () -> tell(jobs.join(), err);
  }

  private static List<RemoteJob> jobs(ControlClient mount) {
    try {
      return mount.jobs();
    } catch (ControlException e) {
      LOG.log(Level.DEBUG, "no jobs", e); // the shell itself says why
      return List.of();
    }
  }

  static void tell(List<RemoteJob> jobs, PrintWriter err) {
    List<RemoteJob> left = jobs.stream().filter(LeftTerminals::isLeft).toList();
    if (left.size() == 1) {
      err.println(
          "colabfs: a terminal was left running (%s). Back to it: colabfs attach %s"
              .formatted(JobsText.cut(left.get(0).command()), left.get(0).id()));
    } else if (left.size() > 1) {
      err.println(
          "colabfs: %d terminals were left running. See them: colabfs jobs".formatted(left.size()));
    }
    err.flush();
  }

  /** Where nobody ever was, somebody is only just coming. */
  private static boolean isLeft(RemoteJob job) {
    return job.state() == RemoteJob.State.RUNNING
        && job.terminal()
        && !job.attached()
        && (job.left() != null || job.detached());
  }
}
