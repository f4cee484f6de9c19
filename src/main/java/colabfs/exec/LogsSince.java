package colabfs.exec;

import colabfs.remote.RemoteJobs;
import colabfs.remote.RemoteJobs.Offsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * From when on a job's output is wanted; all of it when neither is said.
 *
 * @param time by the runtime's clock
 * @param before as long before now
 */
public record LogsSince(@Nullable Instant time, @Nullable Duration before) {
  /** From the beginning. */
  public static final LogsSince ALL = new LogsSince(null, null);

  CompletableFuture<Offsets> in(RemoteJobs jobs, String id) {
    if (time != null) {
      return jobs.since(id, time);
    }
    return before == null
        ? CompletableFuture.completedFuture(new Offsets(0, 0))
        : jobs.since(id, before);
  }
}
