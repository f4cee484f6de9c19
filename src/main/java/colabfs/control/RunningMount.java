package colabfs.control;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One mount in the list of running mounts.
 *
 * @param profile what it was mounted from
 * @param mountpoint absolute local directory
 * @param root absolute directory on the runtime
 * @param readOnly mounted with --read-only
 * @param journal where write-back keeps what is unsent; null without write-back
 * @param process who serves it
 * @param started when it was mounted
 */
public record RunningMount(
    String profile,
    Path mountpoint,
    String root,
    boolean readOnly,
    @Nullable Path journal,
    ProcessIdentity process,
    Instant started) {}
