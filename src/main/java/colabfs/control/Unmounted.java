package colabfs.control;

import colabfs.writeback.PendingFigures;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What an unmount has left behind.
 *
 * @param lostBytes that no disk has: always 0 without force
 * @param kept what has not arrived on the runtime and is in the journal, for the next mount; null
 *     when nobody knows
 * @param journal the directory of the journal; null without write-back
 */
public record Unmounted(long lostBytes, @Nullable PendingFigures kept, @Nullable Path journal) {}
