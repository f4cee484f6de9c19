/** Tests of the house as a whole. */
@NullMarked
package colabfs;

import org.jspecify.annotations.NullMarked;
