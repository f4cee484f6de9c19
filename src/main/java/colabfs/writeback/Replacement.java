package colabfs.writeback;

import colabfs.core.FileAttrs;
import colabfs.core.RemotePath;

/**
 * A pending change of a file's content that takes the place of something on the runtime.
 *
 * @param number of the change
 * @param path of the file when it is the change's turn
 * @param base what the runtime is thought to have there by then
 * @param whole nothing of what the runtime has is needed: the change brings the whole content
 */
public record Replacement(long number, RemotePath path, FileAttrs base, boolean whole) {}
