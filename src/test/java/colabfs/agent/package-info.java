/** Tests of the helper and its client, with the real helper in a process of this machine. */
@NullMarked
package colabfs.agent;

import org.jspecify.annotations.NullMarked;
