@NullMarked
package colabfs.restore;

import org.jspecify.annotations.NullMarked;
