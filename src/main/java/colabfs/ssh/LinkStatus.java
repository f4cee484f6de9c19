package colabfs.ssh;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a connection is doing.
 *
 * @param state whether it is there
 * @param roundTrip the last measured; null before the first measurement
 * @param since when this state began
 * @param lastError why the connection went or the last attempt failed; null while all is well
 * @param bytesSent payload of all channels since the first connect
 * @param bytesReceived payload of all channels since the first connect
 */
public record LinkStatus(
    State state,
    @Nullable Duration roundTrip,
    Instant since,
    @Nullable String lastError,
    long bytesSent,
    long bytesReceived) {

  /** Whether a connection is there. */
  public enum State {
    CONNECTED,
    /** Not there yet: it was begun without, and is being made. */
    OFFLINE,
    /** Lost, and being made again. */
    RECONNECTING,
    /** Given up by its owner. */
    CLOSED
  }
}
