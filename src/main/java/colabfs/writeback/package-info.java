/**
 * Dirty data: the unacknowledged changes of open files ({@link colabfs.writeback.WriteThrough}),
 * sent pipelined and sent again after a lost connection. Never drops a byte whose loss was not
 * reported; caches nothing clean.
 */
@NullMarked
package colabfs.writeback;

import org.jspecify.annotations.NullMarked;
