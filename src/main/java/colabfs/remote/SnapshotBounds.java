package colabfs.remote;

import java.time.Duration;

/**
 * How much of a tree is sent at most. The first directory is sent whole unless it alone is over the
 * bound of entries; then it is left out as the others are.
 *
 * @param entries names in all listings together
 * @param depth levels of directories: 1 is the first one alone
 * @param time that the runtime reads for
 */
public record SnapshotBounds(int entries, int depth, Duration time) {}
