/** What POSIX promises of files, as cases that take only a directory: a plain one, or a mount. */
@NullMarked
package colabfs.it.posix;

import org.jspecify.annotations.NullMarked;
