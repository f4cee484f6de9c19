package colabfs.writeback;

/**
 * How much has not arrived on the runtime.
 *
 * @param changes all pending changes, the refused ones too
 * @param bytes content that they hold
 * @param refused changes that the runtime refused, and those that depend on them
 * @param conflicts conflicts that nobody has dismissed
 */
public record PendingFigures(int changes, long bytes, int refused, int conflicts) {}
