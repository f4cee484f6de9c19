package colabfs.fs;

/**
 * How full a mount's caches are, for {@code status}.
 *
 * @param attributeEntries names whose attributes are known
 * @param listings directories whose entries are known
 * @param blockBytes file content held
 * @param unsentBytes written and not yet acknowledged by the runtime
 * @param openFiles files that programs hold open
 */
public record CacheFigures(
    long attributeEntries, long listings, long blockBytes, long unsentBytes, int openFiles) {}
