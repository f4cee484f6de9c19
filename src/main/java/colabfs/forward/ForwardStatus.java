package colabfs.forward;

import org.jspecify.annotations.Nullable;

/**
 * How one forward is.
 *
 * @param spec as it is typed, in full, with the port that it has
 * @param open whether connections are carried now
 * @param connections that are open now
 * @param total connections so far
 * @param trouble why it is not open, or what went wrong last; null when all is well
 */
public record ForwardStatus(
    ForwardSpec spec, boolean open, int connections, long total, @Nullable String trouble) {}
