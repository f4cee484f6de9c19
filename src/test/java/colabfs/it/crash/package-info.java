/**
 * Proofs that nothing saved is lost: mounts whose process is killed, whose link is cut, whose disks
 * are full, and whose runtime is changed by somebody else.
 */
@NullMarked
package colabfs.it.crash;

import org.jspecify.annotations.NullMarked;
