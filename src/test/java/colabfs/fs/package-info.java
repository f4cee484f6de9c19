/** Tests of the file-system semantics, over a runtime in memory. */
@NullMarked
package colabfs.fs;

import org.jspecify.annotations.NullMarked;
