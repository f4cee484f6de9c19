package colabfs.exec;

import colabfs.remote.RemoteJobs.Ended;
import colabfs.remote.RemoteJobs.Stream;
import java.util.EnumMap;
import java.util.Map;

/** How far a job's output was delivered. Threading: one thread. */
final class JobOffsets {
  private final Map<Stream, Long> delivered = new EnumMap<>(Stream.class);
  private final Map<Stream, Long> wanted = new EnumMap<>(Stream.class);

  /** The first byte that was not delivered. */
  long of(Stream stream) {
    return delivered.getOrDefault(stream, 0L);
  }

  void set(Stream stream, long offset) {
    delivered.put(stream, offset);
  }

  /** More than that is not wanted. */
  void want(long stdoutBytes, long stderrBytes) {
    wanted.put(Stream.STDOUT, stdoutBytes);
    wanted.put(Stream.STDERR, stderrBytes);
  }

  /** Whether all that is wanted was delivered; never when that was not said. */
  boolean isThere() {
    return !wanted.isEmpty()
        && wanted.entrySet().stream().allMatch(entry -> of(entry.getKey()) >= entry.getValue());
  }

  /** Bytes that a job printed and that were not delivered. */
  long missing(Ended end) {
    return Math.max(0, end.stdoutBytes() - of(Stream.STDOUT))
        + Math.max(0, end.stderrBytes() - of(Stream.STDERR));
  }
}
