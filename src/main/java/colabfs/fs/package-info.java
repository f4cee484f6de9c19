/**
 * File-system semantics: open files, the order of operations on one path, the overlay of unsent
 * changes on clean data, what a link, an owner and a time look like through the mount. Knows
 * neither FUSE nor SSH.
 *
 * <p>Public types: {@link colabfs.fs.FileSystem} with {@link colabfs.fs.FileHandle}, and what
 * implements them.
 */
@NullMarked
package colabfs.fs;

import org.jspecify.annotations.NullMarked;
