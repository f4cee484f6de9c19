/**
 * The words that all rooms share: paths, file attributes, error numbers. Holds no state, does no
 * I/O and depends on nothing.
 *
 * <p>Public types: {@link colabfs.core.RemotePath}, {@link colabfs.core.FileAttrs}, {@link
 * colabfs.core.FsException} and the small value types that they are made of.
 */
@NullMarked
package colabfs.core;

import org.jspecify.annotations.NullMarked;
